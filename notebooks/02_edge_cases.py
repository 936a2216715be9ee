# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The edge cases
#
# **You will** learn what a difference of 0.1, 0.5 or 0.9 looks like, find where the metrics disagree, and read off
# the range of a microscope setting in which an image is still “practically the same”.
#
# A metric is useful only if you know its edge cases (paper, section 2.1). Below are those of the paper's Fig. 2: a
# reference, and seven images that differ from it in seven ways.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import edge_cases as page

page.prediction()

# %% [markdown]
# ## The gallery
#
# Under each image: its difference from the reference, 0 to 1. The paper calls images practically the same below 0.18
# (SIFT), 0.16 (cw-SSIM) and 0.07 (MSE). It gives no threshold for SSIM, and χ² is not from the paper.

# %%
page.gallery()

# %% [markdown]
# ## What to notice
#
# * **Half-cell shift** (Fig. 2b). The crystal is the same, yet most metrics call it more different than another crystal. So
#   align images before you compare them. cw-SSIM ignores a phase shift that is common to a whole window. But this lattice has
#   several waves in one subband, and a shift changes the phase of each by a different angle.
# * **−2 nm defocus** (Fig. 2c). The change is small but visible, and below the thresholds of MSE and cw-SSIM. SIFT gives
#   [0.165](?defocus=-2) on these pixels, but up to [0.25](?defocus=-2) when both images are moved together by parts of a pixel:
#   it is neither below 0.18 nor above. The pixels decide, and most say above. Two nanometres in the *other* direction give SIFT
#   [0.29](?defocus=2): a through-focus series is not symmetric.
# * **Contrast reversal** (Fig. 2f). cw-SSIM gives [0](?contrast=-1): it cannot tell an image from its negative. In a focus
#   series, where contrast does reverse, use another metric.
# * **No structure** (third row). For MSE, black has the greatest possible difference, [1](#The-gallery). SIFT gives $1/\sqrt 2$
#   to every image without gradients. For SIFT, pure noise ([0.72](#The-gallery)) and pure black ([0.71](#The-gallery)) are
#   about equally different from the reference.
# * **χ²** gives [1](#The-gallery) for black, like MSE, but [0.71](#The-gallery) for white, where MSE gives
#   [0.43](#The-gallery). Brightness counts for χ². And white is bright where the reference is dark, which is where counting
#   noise is smallest. Two equally bright images with nothing in common would have 0.5.
#
# ### What the paper says, and what we find
#
# | claim of section 2.1 | MSE | SSIM | cw-SSIM | SIFT | verdict |
# | --- | --- | --- | --- | --- | --- |
# | [identical images](?shift=1): 0 | 0 | 0 | 0 | 0 | holds |
# | [half-cell shift](?shift=0.5): all but cw-SSIM above 0.5 | 0.88 | 0.52 | **0.62** | 0.88 (0.88–0.99) | holds for three; cw-SSIM is above, too |
# | [−2 nm](?defocus=-2): below every threshold | 0.01 | 0.12 | 0.08 | **0.17 (0.17–0.25)** | holds for MSE and cw-SSIM; for SIFT the pixels decide |
# | [−2 nm](?defocus=-2): cw-SSIM more sensitive than SSIM | | 0.12 | **0.08** | | does not hold |
# | [ZrO₂](?specimen=zro2): 0.5 to 0.75, MSE the exception | 0.50 | 0.49 | **0.79** | **0.78 (0.77–0.86)** | holds within 0.05, for SIFT only on these pixels; MSE is no exception |
# | [reversal](?contrast=-1): MSE and SIFT high, cw-SSIM negligible | 0.70 | 0.63 | 0.00 | 0.90 (0.90–0.97) | holds |
# | [noise](#The-gallery) without structure: about 0.7 | 0.68 | | **0.93** | 0.72 | holds for MSE and SIFT |
# | [black](#The-gallery): maximum for MSE and cw-SSIM | 1 | | 0.98 | | holds |
# | [black above noise](#The-gallery) for the three | 1 > 0.68 | | 0.98 > 0.93 | **0.71 < 0.72** | does not hold for SIFT |
#
# The paper does not print its window, constants, wavelet levels or SIFT settings. Its simulations use 64 pixels per cell, which
# is [10 % short of converged](../docs/simulation.md#how-fine-is-fine-enough). We chose most of our settings on principle,
# but two [with these claims in view](../docs/metrics.md#chosen-with-the-claims-in-view): SSIM's window has the smallest radius at
# which the half-cell shift exceeds 0.5, which is 5 pixels (4 pixels give 0.48); and SIFT's contrast threshold, 0.01, was kept
# because −2 nm then comes near the paper's 0.18 (a threshold of 0.005 gives 0.23).
#
# The range behind SIFT is that of the same two images on eight positions of the pixel grid; on sixteen it can be a little
# wider. For these and for other settings, see [docs/metrics.md](../docs/metrics.md).
#
# ## Make your own
#
# The curve shows every metric along the slider that you moved last. The band marks where every metric that has a threshold
# stays below it. This is the range in which the setting is still acceptable.

# %%
page.explorer()

# %% [markdown]
# ## Check yourself

# %%
page.self_check("whole_cell")

# %%
page.self_check("grey")

# %% [markdown]
# ## Exercise
#
# You align a microscope by comparing its images with a simulation. Every metric is to stay below its threshold. How precisely
# must you know the defocus? How precisely must you know the position? Press Reset between the two.
#
# <details><summary>Solution</summary>
#
# Press Reset, then touch the defocus slider: the sentence under the curve gives the range, [−2.37 to 1.19 nm](?defocus=-2), and
# the bars under the axes show which metric limits it: it is SIFT, on this pixel grid (its band is wide). Press Reset again and touch the shift slider. The position
# must be known more precisely: the metrics allow [0.041 cells](?shift=0.5), which is 0.02 nm. This is why images are aligned
# before they are compared.
#
# </details>
#
# ## Take it further
#
# ```python
# import numpy as np
# from hrtem_lab.edge_cases import acceptable_ranges
# from hrtem_lab.metrics import METRICS
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn")
# sift = METRICS["sift"].prepare(form_image(wave))
# defocus = np.arange(-60, 61, 2.0)  # Å
# differences = [sift(form_image(wave, defocus=value)) for value in defocus]
# acceptable_ranges(defocus, differences, METRICS["sift"].threshold)
# ```
#
# Back: [ways to say “different”](01_four_metrics.ipynb). The [contents](00_index.ipynb).
