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
# The paper calls two images practically the same below 0.18 (SIFT), 0.16 (cw-SSIM) and 0.07 (MSE). But is a simulation as near as that
# to an experiment?
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
# * **The atoms vibrate.** MSE comes to [0.076](?vibration=293), cw-SSIM to [0.238](?vibration=293) and SIFT to
#   [0.29](?vibration=293): at room temperature this alone is more than “practically the same”. Cooled to 100 K, MSE is
#   [0.028](?vibration=100) and cw-SSIM [0.1](?vibration=100), but SIFT still [0.2](?vibration=100). How far atoms vibrate is
#   known to some tens of percent, and MSE is near its threshold:
#   [with a displacement factor smaller by an eighth, it would be below](../docs/reality.md#atoms-that-vibrate).
# * **The crystal is tilted.** Few specimens are aligned to better than a milliradian. At 1 mrad SIFT is [0.255](?tilt=1), above its
#   threshold, and MSE only [0.025](?tilt=1). At 2 mrad MSE is [0.111](?tilt=2). A part of it is
#   [a mere shift](../docs/reality.md#tilt), which you would take away before you compare.
# * **One cell more** in 40 is hardly seen: MSE is [0.001](?thickness=41).
# * **What only blurs** is seen by cw-SSIM first. A vibration of 0.05 nm gives [0.57](?image_spread=0.05), where MSE gives
#   [0.056](?image_spread=0.05): the fine wavelets look for the very waves that a blur takes away.
# * **The lens** can be good enough: 2 nm of astigmatism give an MSE of [0.006](?c12=2) and a cw-SSIM of [0.042](?c12=2).
# * **Stobbs' factor.** For decades, experiments had a third of the contrast of simulations, and nobody could say why
#   ([Hÿtch and Stobbs 1994](../docs/simulation.md#background-and-contrast)); much of it was the camera. MSE gives
#   [0.131](?stobbs=3) for a factor of three, SIFT [0.008](?stobbs=3). So a metric decides whether this question is seen at all.
# * **All at once**, no effect larger than above, tilt and astigmatism half as large, MSE is
#   [0.24](?vibration=293&tilt=1&c12=1&c21=20&focal_spread=4&image_spread=0.03&background=20&camera=counting),
#   more than three times its threshold. The budget says which effect to mend first.
#
# So an experiment cannot be within the thresholds of a simulation that leaves all of this out. It can come near one that puts it
# in: compared with vibrating atoms instead of atoms at rest, the vibration itself costs
# [0](?vibration=293&reference=293). The thresholds compare two simulations. They say how much of a change an image shows, not whether
# an experiment agrees with its simulation.
#
# ## Claims that change their verdict
#
# The paper's section 2.1 says what the metrics do with a shift, a defocus or another crystal. These claims were checked in
# [chapter 2](02_edge_cases.ipynb) with atoms at rest. Here reference and image both have vibrating atoms; where the verdict changes,
# the row is marked.

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
# It is *a good day*, with all the effects at once. You may mend one thing: align the specimen to 0 mrad, damp the vibration of the
# column to 0 nm, or buy a camera without noise. Which one brings MSE down most? Is it then within its threshold?
#
# <details><summary>Solution</summary>
#
# Press *A good day, all at once* and change one control at a time. Without tilt MSE is
# [0.21](?vibration=293&tilt=0&c12=1&c21=20&focal_spread=4&image_spread=0.03&background=20&camera=counting), without the column's
# vibration [0.22](?vibration=293&tilt=1&c12=1&c21=20&focal_spread=4&image_spread=0&background=20&camera=counting), without camera
# [0.1](?vibration=293&tilt=1&c12=1&c21=20&focal_spread=4&image_spread=0.03&background=20). None of them is enough: no single
# effect is to blame.
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
