# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What fools each metric
#
# **You will** watch a search find the image that a metric calls most different, compare images that one metric calls equal and
# another does not, and try to fool a metric yourself.
#
# To know a metric, you must know its worst case. The paper's Fig. 2e and f show images found by a Monte Carlo search, which
# works with random numbers. The search changes a patch at random, keeps the change if the difference has grown, and repeats.
# Every image here stays within the reference's own range of intensities; no intensity is negative.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import worst_cases as page

page.prediction()

# %% [markdown]
# ## Search
#
# Choose a metric and press Start. A change that increases this metric's difference is kept, any other is undone. So the curve
# of this metric can only rise. The other metrics do not take part in the search. The *seed* is the number from which all random
# changes follow: the same seed repeats the search, another one takes another way. The picture on the right is the result of a
# long run.

# %%
page.search()

# %% [markdown]
# ## What to notice
#
# * **SSIM** (Fig. 2f). The columns are reversed, but the background is not white. The reference is dark, intensities cannot be
#   negative, and a bright background would reduce the brightness factor of eq. 1. The plain contrast reversal gives
#   [0.625](?metric=ssim&start=reversal), the long run [0.665](?metric=ssim). The limit is
#   [0.668](../docs/extremes.md#what-was-found): a search that follows the slope of SSIM uphill ends there from five different
#   starts.
# * **SIFT** (Fig. 2e). Only gradients at keypoints count. The search turns them against those of the reference. This gives
#   [0.957](?metric=sift), where the contrast reversal gives [0.90](?metric=sift&start=reversal). The image is nearly black: a
#   descriptor is divided by its norm, so weak gradients count as much as strong ones.
# * **cw-SSIM**. A contrast reversal does not help here ([0.00](?metric=cw_ssim&start=reversal)). The search must change the
#   phases of the waves *relative to each other*. Black, which has no waves, gives [0.98](?metric=cw_ssim&start=black). No patch
#   was found that increases the difference of black.
# * **χ²**. From the reference the search climbs to an image that is bright where the reference is dark
#   ([0.73](?metric=chi_square)), and stays there. The darkest grey gives [0.997](?metric=chi_square&start=black), but on the
#   way to black χ² would first have to decrease.
# * **MSE**. The image is black where the reference is bright, and bright only where the reference is black. This gives
#   [0.999](?metric=mse), and it is the fastest of the searches.
# * The paper says that cw-SSIM calls the worst image for SSIM nearly the same as the reference. For our image it does not
#   ([0.48](../docs/extremes.md#what-was-found)): the search has added to the reversal, and this changes the waves. But there is
#   an image for which the paper's claim holds: see the pairs below.
#
# ## Equal to one, different to the other
#
# Two images with the *same* MSE can look very different. Such pairs test metrics against each other, and nobody's opinion is
# needed (maximum differentiation, Wang and Simoncelli 2008, [doi:10.1167/8.12.8](https://doi.org/10.1167/8.12.8)). One metric
# is held constant, and the other is made as small and as large as possible.

# %%
page.pairs()

# %% [markdown]
# ## Fool a metric
#
# Raise one metric as far as you can while another still calls the image acceptable. Use the sliders, or paint: click or drag on
# your image. Your browser keeps your best score for every pair of metrics.

# %%
page.game()

# %% [markdown]
# ## Check yourself

# %%
page.self_check("same_mse")

# %%
page.self_check("black")

# %% [markdown]
# ## Exercise
#
# Raise SIFT while cw-SSIM stays acceptable. Which single slider gets you furthest, and what does that say about the two metrics?
#
# <details><summary>Solution</summary>
#
# Contrast, at −1: cw-SSIM calls the reversed image the same ([0.000](?raise=sift&keep=cw_ssim&contrast=-1)), while SIFT is at
# [0.895](?raise=sift&keep=cw_ssim&contrast=-1). Both look at the same structure, but for cw-SSIM a wave that is shifted by half
# a period is still the same wave.
#
# </details>
#
# ## Take it further
#
# ```python
# from hrtem_lab import extremes
#
# reference = extremes.stored_reference()
# for state in extremes.maximise("ssim", reference, steps=2000, rng=1, period=32, every=500):
#     print(state.step, state.value)
# ```
#
# A metric of your own can be searched as well: pass a function of (reference, image).
#
# Back: [the edge cases](02_edge_cases.ipynb). Next: [noise, one source at a time](04_noise.ipynb). The
# [contents](00_index.ipynb).
