# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How different are two images?
#
# A high-resolution transmission electron micrograph (HRTEM) is rarely the end of a study. The questions come afterwards.
# Does it match a simulation? Is a defocus still acceptable? Where in the field of view has the crystal changed? Each of
# these questions compares two images, and each answer depends on *how* they are compared.
#
# In this course you try five ways of comparing images. The images are simulated from atoms, and the simulations are
# converged. Every control is live: predict what will happen, move a slider, and watch how the image and the numbers
# respond. The course follows
#
# > M. Ederer and S. Löffler, “Image difference metrics for high-resolution electron microscopy”,
# > *Ultramicroscopy* (2022), [doi:10.1016/j.ultramic.2022.113578](https://doi.org/10.1016/j.ultramic.2022.113578)
#
# and checks the paper's claims. Where our results differ from the paper's, the chapter says so, with the numbers.

# %%
from hrtem_lab.app.pages import contents as page

page.cards()

# %% [markdown]
# ## What you need to know
#
# You have seen an HRTEM image and know what defocus is. Everything else is explained where it is used. In this course an
# image is the intensity relative to the incident beam: without a specimen it is 1. A *difference* runs from 0 (identical)
# to 1 (the greatest difference that the metric can express).
#
# ## For your own images and your own code
#
# The same notebooks open in JupyterLab (`make lab`), where you can edit every cell. All that a page does is a few calls of
# the library:
#
# ```python
# from hrtem_lab.metrics import METRICS
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn", thickness_cells=40)
# reference = form_image(wave)
# overfocus = form_image(wave, defocus=-20)  # in Å
# METRICS["sift"](reference, overfocus)
# ```
#
# From a CIF file of your own to its images and their differences: [your own crystal](../docs/howto/your_own_crystal.md).
# [All documents](../docs/index.md) explain settings, convergence and what was found.
#
# ## How to cite
#
# Please cite the paper above for the method. If these pages or the library helped you, cite `hrtem_lab` too: the file
# `CITATION.cff` at the top of the project has the entry. The project is under the MIT licence.
