# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The microscope as it is
#
# **You will** add to a simulation what it leaves out, one effect at a time, read off which effect uses up which threshold, and
# decide whether an experiment can ever be “practically the same” as its simulation.
#
# The chapters before this one simulate a crystal whose atoms stand still, exactly along its axis, behind a nearly perfect camera.
# Its images differ by 0.07 to 0.18 where the paper calls them practically the same (section 2.1). But is the simulation as near as
# that to an experiment?
#
# ## Predict first

# %%
from hrtem_lab.app.pages import reality as page

page.prediction()

# %% [markdown]
# ## One effect at a time
#
# Each picture has one thing that the simulation leaves out; everything else is as in the paper. The sizes are ours: of the order
# that is met on an aberration-corrected microscope, not those of a certain one.

# %%
page.gallery()

# %% [markdown]
# ## Your own microscope
#
# Move the sliders. The curve shows every metric along the slider that you moved last.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * **The atoms vibrate.** At room temperature an Nb atom is [0.09](../docs/simulation.md#atoms-that-vibrate)&nbsp;Å off its place, and
#   an electron meets 160 planes of such atoms. MSE comes to [0.074](?vibration=293), cw-SSIM to [0.24](?vibration=293), SIFT to
#   [0.29](?vibration=293): this alone is more than “practically the same”. Cooling to 100 K leaves [0.020](?vibration=100), and SIFT
#   at [0.18](?vibration=100).
# * **The crystal is tilted.** A specimen is seldom aligned to better than a milliradian. At 2 mrad MSE is [0.11](?tilt=2); SIFT passes
#   its threshold below 1 mrad.
# * **One cell more** in 40 is hardly seen: MSE [0.001](?thickness=41). The thickness of a crystal need not be known exactly.
# * **What only blurs** is seen by cw-SSIM first: a vibration of 0.05 nm gives [0.57](?image_spread=0.05), MSE
#   [0.056](?image_spread=0.05). Fine wavelets look for what a blur takes away.
# * **Stobbs' factor.** For decades, measured contrast was two to three times weaker than simulated contrast
#   ([Hÿtch and Stobbs 1994](https://doi.org/10.1016/0304-3991(94)90034-5)). Part of it was the camera. MSE gives
#   [0.13](?stobbs=3) for a factor of three, SIFT [0.008](?stobbs=3): it does not look at contrast at all.
# * **All at once, on a good day,** MSE is [0.31](?vibration=293&tilt=1&c12=1&c21=20&focal_spread=4&image_spread=0.03&background=20&camera=counting%20camera),
#   four times its threshold. The budget above says which effect to mend first.
#
# So an experiment is not within the thresholds of a simulation that leaves all of this out, and a simulation that puts it in can be.
# The thresholds compare two simulations. They tell *how much* of a change an image shows, not whether an experiment agrees.
#
# ## Claims that change their verdict
#
# Section 2.1 of the paper says what the metrics do with a shift, a defocus or another crystal. These claims were checked in
# [chapter 2](02_edge_cases.ipynb) with atoms at rest. With vibrating atoms in *both* images, some come out differently.

# %%
page.claims()

# %% [markdown]
# ## Check yourself

# %%
page.self_check("snapshots")

# %%
page.self_check("stobbs")

# %% [markdown]
# ## Exercise
#
# You may mend one thing only: cool the specimen to 100 K, align it to half a milliradian, or damp the vibrations of the column to
# 0.02 nm. Your image has all the effects of *a good day*. Which one brings MSE down most?
#
# <details><summary>Solution</summary>
#
# Press *A good day, all at once* and change one slider at a time. At 100 K only the crystal along its axis is stored, so compare the
# effects one by one in the budget instead. The vibrating atoms use up
# [106 %](?vibration=293) of MSE's threshold, and a tilt of 1 mrad [half of it](?tilt=1).
#
# </details>
#
# ## Take it further
#
# ```python
# from hrtem_lab.metrics import METRICS
# from hrtem_lab.noise import camera_preset
# from hrtem_lab.simulation import form_image, load_exit_wave
# from hrtem_lab.waves import load_exit_waves
#
# reference = form_image(load_exit_wave("nb3sn"))
# image = form_image(load_exit_waves("nb3sn", temperature=293), focal_spread=40, C12=10)
# record = camera_preset("scintillator CCD", sampling=5.275 / 32).expose(image, dose_per_area=150, rng=1)
# METRICS["mse"](reference, image), METRICS["mse"](reference, record)
# ```
#
# Back: [how large is the precipitate?](06_precipitates.ipynb) The [contents](00_index.ipynb).
