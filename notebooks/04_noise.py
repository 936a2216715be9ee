# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Noise, one source at a time
#
# **You will** disturb one image in three ways: by counting electrons, by the camera's electronics, and by the blur of the
# source. You apply each disturbance alone and all of them together, and see which metric reacts to which of them.
#
# A good metric should react to the crystal and ignore the noise. The paper tests this in section 3.1 with three disturbances.
# This page does the same, in the order in which they happen in a microscope:
#
# 1. **Blur**: the source is not a point, so the *expected* image is blurred. Nothing random happens.
# 2. **Shot noise**: electrons arrive one by one. Where 4 electrons are expected, a pixel counts 4 ± 2; where 100 are expected,
#    it counts 100 ± 10.
# 3. **Readout noise**: the electronics add a Gaussian error of $\sigma$ electrons to every pixel, bright or dark.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import noise as page

page.prediction()

# %% [markdown]
# ## The six panels of Fig. 3
#
# One set of sliders controls all six panels. At first the sliders have the paper's values. The same settings always show the
# same noise; **New noise** records the images once more. Panel d has exactly the electrons of panel c: only the readout noise
# is added.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * **Shot noise** (Fig. 3b, c). The crystal is easy to see, yet cw-SSIM gives 0.38. Its finest wavelets are only a few pixels
#   wide, so they respond to the noise of single pixels. Even at 500 000 e⁻/nm² cw-SSIM gives 0.25, above its threshold of 0.16.
#   χ² uses only the spatial frequencies that the aperture transmits, and gives 0.02.
# * **Readout noise** (Fig. 3d). $\sigma$ = 2 e⁻ seems small. But at 5 000 e⁻/nm² the vacuum gives each pixel of this image just
#   1.4 electrons on average: the noise of the electronics is larger than the beam. Press *Counting camera* to remove it.
# * **Blur** (Fig. 3e). This image has no noise. It tests what a metric takes for structure. MSE hardly reacts (0.05). cw-SSIM
#   reacts more strongly than to shot noise (0.56), because the blur removes the waves that its fine wavelets measure.
# * **Everything** (Fig. 3f). Every metric gives this panel its greatest difference. But do the parts add up? Look at the bars.
#   MSE is a *square*, and squares of independent errors add: the sum of the parts is 0.45, and MSE gives 0.48. SIFT is a
#   *length*, and lengths of independent errors add like the sides of a right-angled triangle:
#   $\sqrt{0.22^2 + 0.45^2} = 0.50$, and SIFT gives 0.52. For cw-SSIM the parts cannot add up: their sum would be 1.19, but no
#   difference is greater than 1.
# * **Pixels**. Press *512 pixels, same dose*: the same number of electrons falls on sixteen times as many pixels. The paper
#   remarks that the look of an image depends on the number of pixels. So does MSE: it rises from 0.21 to 0.69. χ² stays at
#   0.06, because it depends on the number of electrons, not of pixels.
#
# ### What the paper says, and what we find
#
# Mean ± standard deviation of 24 recordings, 128 × 128 pixels; blur of 3 pixels.
#
# | panel | MSE | SSIM | cw-SSIM | SIFT | χ² |
# | --- | --- | --- | --- | --- | --- |
# | b, 15 000 e⁻/nm² | 0.085 ± 0.002 | 0.258 ± 0.001 | 0.384 ± 0.002 | 0.175 ± 0.005 | 0.021 ± 0.001 |
# | c, 5 000 e⁻/nm² | 0.206 ± 0.004 | 0.350 ± 0.001 | 0.452 ± 0.003 | 0.256 ± 0.007 | 0.059 ± 0.002 |
# | d, with readout | 0.403 ± 0.006 | 0.460 ± 0.001 | 0.631 ± 0.005 | 0.450 ± 0.009 | 0.409 ± 0.006 |
# | e, blur alone | 0.055 | 0.168 | 0.567 | 0.217 | 0.075 |
# | f, all of it | 0.488 ± 0.006 | 0.478 ± 0.001 | 0.718 ± 0.007 | 0.522 ± 0.011 | 0.435 ± 0.005 |
# | f, share of d + e | 107 % | 76 % | 60 % | 78 % | 90 % |
#
# | claim of section 3.1 | verdict |
# | --- | --- |
# | at 15 000 e⁻/nm² cw-SSIM is already above its threshold | holds, 0.38 > 0.16. But MSE is above its own, too (0.085 > 0.07), and SIFT just below (0.175 < 0.18) |
# | cw-SSIM is therefore less suited than the others | holds: it gives the greatest difference of all metrics |
# | Gaussian readout noise: a strong response of all metrics | holds: + 0.11 (SSIM) to + 0.35 (χ²) |
# | blur: MSE significantly lower than the others | holds against SSIM, cw-SSIM and SIFT, by a factor of 3 and more; χ² is nearly as low |
# | the contributions add, to some degree and for small modulations | holds for MSE and χ² within 10 %; not for the others here. With weak disturbances the parts add for SSIM and cw-SSIM, too. For SIFT they never do: its squares add |
# | Fig. 3f has the biggest difference | holds for all five |
#
# The paper gives neither its numbers nor the order in which it disturbed the image. We blur first, because a source
# blurs the *expected* image. Blurring the recorded image instead would smooth the noise away.
#
# ## Check yourself

# %%
page.self_check("four_times")

# %%
page.self_check("small_pixels")

# %% [markdown]
# ## Exercise
#
# A camera has a readout noise of $\sigma$ = 2 e⁻ per pixel. You have 5 000 e⁻/nm² and may choose 64 or 128 pixels per side.
# Which is better for recognising this crystal? Is the answer the same for a camera without readout noise? Use panels c and d.
#
# <details><summary>Solution</summary>
#
# Fewer, larger pixels are better. The readout adds its error once per pixel, however many electrons the pixel has counted, and
# each of 64 × 64 pixels counts four times as many electrons. In panel d every number falls. Without readout noise (panel c)
# the numbers of MSE, SSIM, cw-SSIM and SIFT fall as well, but χ² does not: both images hold the same electrons, only sorted
# into larger pixels. The other metrics give different numbers for two equally good recordings.
#
# </details>
#
# ## Take it further
#
# How much does a metric scatter from one recording to the next? Here are twenty recordings, with blur and readout noise:
#
# ```python
# import numpy as np
# from hrtem_lab.metrics import METRICS
# from hrtem_lab.noise import Detector
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn")
# reference = form_image(wave, shape=128)
# camera = Detector(sampling=21.1 / 128, blur_sigma=0.49, readout_sigma=2)
# images = [camera.expose(reference, dose_per_area=50, rng=seed) for seed in range(20)]  # 50 e⁻/Å²
# for metric in METRICS.values():
#     difference = metric.prepare(reference)
#     values = [difference(image) for image in images]
#     print(f"{metric.label:8} {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}")
# ```
#
# Back: [what fools each metric](03_worst_cases.ipynb). Next: [how few electrons are enough?](05_low_dose.ipynb) The
# [contents](00_index.ipynb).
