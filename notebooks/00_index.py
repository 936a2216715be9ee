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
# A high-resolution transmission electron micrograph (HRTEM) is rarely the end of a study. One asks whether it matches a
# simulation, whether a defocus is still acceptable, or where in the field of view the crystal has changed. Each of these
# questions compares two images, and each answer depends on *how* they are compared.
#
# This course lets you try five ways of comparing, on images simulated from atoms and converged, with every control live:
# move a slider, watch the image and the numbers respond, predict, check. It follows
#
# > M. Ederer and S. Löffler, “Image difference metrics for high-resolution electron microscopy”,
# > *Ultramicroscopy* (2022), [doi:10.1016/j.ultramic.2022.113578](https://doi.org/10.1016/j.ultramic.2022.113578)
#
# and checks what the paper says. Where our figures differ from the paper's, the chapter says so, with the numbers.

# %%
from hrtem_lab.app.pages import contents as page

page.cards()

# %% [markdown]
# ## What you need to know
#
# You have seen an HRTEM image and know what defocus is. Everything else is explained where it is used. An image here is
# the intensity relative to the incident beam: 1 is what an empty hole would show. A *difference* runs from 0, identical,
# to 1, as different as the metric can say.
#
# ## For your own images and your own code
#
# The same notebooks open in JupyterLab, with every cell editable (`make lab`), and all that a page does is a few calls of
# the library:
#
# ```python
# from hrtem_lab.metrics import METRICS
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn", thickness_cells=40)
# reference = form_image(wave)
# overfocus = form_image(wave, defocus=-20)  # in Å
# METRICS["sift"].function(reference, overfocus)
# ```
#
# From a CIF file of your own to its images and their differences: [your own crystal](../docs/howto/your_own_crystal.md).
# [All documents](../docs/index.md) explain settings, convergence and what was found.
#
# ## How to cite
#
# Please cite the paper above for the method. If these pages or the library helped you, cite `hrtem_lab` too: the file
# `CITATION.cff` at the top of the project has the entry. The project is under the MIT licence.
