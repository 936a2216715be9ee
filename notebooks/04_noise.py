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
# is added. A number in the text below is a link: it sets the sliders so that you see the number.
#
# SIFT's range in brackets is what the same electrons give on other positions of the pixels (chapter 1). It is wider than what
# another recording changes: press *New noise* a few times. The crystal lies evenly on the pixels of this page, and there SIFT is
# at the lower end of its range.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * **Shot noise** (Fig. 3b, c). The crystal is easy to see, yet cw-SSIM gives [0.39](?panel=b). Its finest wavelets are only a
#   few pixels wide, so they respond to the noise of single pixels. Even at 500 000 e⁻/nm² cw-SSIM gives
#   [0.25](?panel=c&dose=500000), above its threshold of 0.16. χ² uses only the spatial frequencies that the aperture transmits,
#   and gives [0.02](?panel=b) for panel b.
# * **Readout noise** (Fig. 3d). $\sigma$ = 2 e⁻ seems small. But at 5 000 e⁻/nm² the vacuum gives each pixel of this image just
#   [1.4 electrons](?panel=d) on average: the noise of the electronics is larger than the beam. Press *Counting camera* to
#   remove it.
# * **Blur** (Fig. 3e). This image has no noise. It tests what a metric takes for structure. MSE hardly reacts
#   ([0.05](?panel=e)). cw-SSIM reacts more strongly ([0.56](?panel=e)) than to the shot noise of panel c ([0.45](?panel=c)),
#   because the blur removes the waves that its fine wavelets measure. At a tenth of the dose the shot noise is stronger
#   ([0.63](?panel=c&dose=500)).
# * **Everything** (Fig. 3f). At the paper's settings every metric gives this panel its greatest difference. At 100 e⁻/nm² this
#   is not so: MSE gives [0.83](?panel=c&dose=100) for shot noise alone, and [0.66](?panel=f&dose=100) for everything.
# * **Do the parts add up?** Look at the bars. MSE is a *square*, and squares of independent errors add: the sum of the parts is
#   [0.45](?panel=f), and MSE gives [0.48](?panel=f). SIFT is a *length*, and lengths of independent errors add like the sides
#   of a right-angled triangle: $\sqrt{0.22^2 + 0.43^2} = 0.48$, and SIFT gives [0.51](?panel=f). For cw-SSIM the parts cannot
#   add up: their sum would be [1.19](?panel=f), but no difference is greater than 1.
# * **These are rules of thumb.** MSE is [106 %](?panel=f) of the sum of its parts here. One step away, at twice the dose with a
#   counting camera, it is [127 %](?dose=10000&readout=0): MSE divides every image by its norm, blur takes contrast away, and
#   the same noise is then larger beside what remains. Over all sliders it lies between about
#   [67 %](?pixels=64&dose=100&readout=10&blur=0.15) and [131 %](?dose=100000&readout=10). The parts add best if they are weak:
#   with little blur and many electrons every metric but SIFT is at [96 to 100 %](?dose=50000&blur=0.01).
# * **Pixels**. Press *512 pixels, same dose*: the same number of electrons falls on sixteen times as many pixels. The paper
#   remarks that the look of an image depends on the number of pixels. So does MSE: it rises from [0.21](?panel=c) to
#   [0.69](?panel=c&pixels=512). χ² stays at [0.06](?panel=c&pixels=512), because it depends on the number of electrons, not of
#   pixels.
#
# ### What the paper says, and what we find
#
# Mean ± standard deviation of 24 recordings (noise 0 to 23 of the figure above), 128 × 128 pixels; blur of 3 pixels.
#
# | panel | MSE | SSIM | cw-SSIM | SIFT | χ² |
# | --- | --- | --- | --- | --- | --- |
# | [b](?panel=b), 15 000 e⁻/nm² | 0.086 ± 0.002 | 0.259 ± 0.001 | 0.385 ± 0.002 | 0.176 ± 0.004 | 0.022 ± 0.001 |
# | [c](?panel=c), 5 000 e⁻/nm² | 0.206 ± 0.004 | 0.350 ± 0.001 | 0.450 ± 0.003 | 0.254 ± 0.006 | 0.059 ± 0.002 |
# | [d](?panel=d), with readout | 0.403 ± 0.005 | 0.460 ± 0.001 | 0.631 ± 0.005 | 0.448 ± 0.009 | 0.409 ± 0.005 |
# | [e](?panel=e), blur alone | 0.054 | 0.166 | 0.563 | 0.215 | 0.074 |
# | [f](?panel=f), all of it | 0.485 ± 0.005 | 0.477 ± 0.001 | 0.716 ± 0.005 | 0.520 ± 0.008 | 0.435 ± 0.006 |
# | [f](?panel=f), share of d + e | 106 % | 76 % | 60 % | 78 % | 90 % |
#
# | claim of section 3.1 | verdict |
# | --- | --- |
# | at 15 000 e⁻/nm² cw-SSIM is already above its threshold | holds, [0.39](?panel=b) > 0.16. But MSE is above its own, too ([0.085](?panel=b) > 0.07), and SIFT is at its own ([0.179](?panel=b), threshold 0.18) |
# | cw-SSIM is therefore less suited than the others | holds: it gives the greatest difference of all metrics |
# | Gaussian readout noise: a strong response of all metrics | holds: + [0.11](?panel=d) (SSIM) to + [0.35](?panel=d) (χ²) |
# | blur: MSE significantly lower than the others | holds against SSIM, cw-SSIM and SIFT, by a factor of [3](?panel=e) and more; χ² is nearly as low. With three times the blur MSE is [0.34](?panel=e&blur=0.15), close to SSIM with [0.40](?panel=e&blur=0.15) |
# | the contributions add, to some degree and for small modulations | holds for small ones, but for SIFT: [88 %](?dose=50000&blur=0.01) of the sum. At the paper's settings MSE has [106 %](?panel=f), χ² [89 %](?panel=f), the others [60 to 79 %](?panel=f) |
# | Fig. 3f has the biggest difference | holds for all five at the paper's settings |
#
# The paper gives neither its numbers nor the order in which it disturbed the image. We blur first, because a source blurs the
# *expected* image. Blurring the recorded image instead would smooth the noise away.
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
# each of 64 × 64 pixels counts four times as many electrons. In panel d every number falls: MSE from [0.40](?panel=d) to
# [0.11](?panel=d&pixels=64), SIFT from [0.43](?panel=d) to [0.10](?panel=d&pixels=64), χ² from [0.41](?panel=d) to
# [0.21](?panel=d&pixels=64). Without readout noise (panel c) MSE falls from [0.21](?panel=c) to [0.06](?panel=c&pixels=64), and
# SSIM, cw-SSIM and SIFT fall as well. But χ² does not ([0.056](?panel=c) and [0.059](?panel=c&pixels=64)): both images hold the
# same electrons, only sorted into larger pixels. The other metrics give different numbers for two equally good recordings.
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
