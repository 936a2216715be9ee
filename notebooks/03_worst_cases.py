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
# To know a metric is to know its worst case. The paper's Fig. 2e and f show images found by a Monte Carlo search: change a
# patch at random, keep the change if the difference grew, go on. Every image here stays within the reference's own range of
# intensities; nothing is negative.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import worst_cases as page

page.prediction(
    "What will the worst image for SSIM look like?",
    ["Black", "Pure noise", "Something like the contrast reversal", "The reference, shifted by half a cell"],
)

# %% [markdown]
# ## Search
#
# Choose a metric and press Start. A patch that makes the image worse for this metric stays, any other is undone, so its
# curve can only rise; the other metrics are bystanders. The picture on the right is the end of a long run.

# %%
page.search()

# %% [markdown]
# ## What to notice
#
# * **SSIM** (Fig. 2f). The reversed columns are there, but the background is not white: the reference is dark, intensities cannot
#   be negative, and a bright background would cost the brightness factor of eq. 1. The plain contrast reversal has 0.625, the
#   long run 0.665, and 0.668 is as far as it goes: climbing along the gradient ends there from five different starts.
# * **SIFT** (Fig. 2e). Only gradients at keypoints count. The search turns them against the reference's: 0.957, where the
#   reversal has 0.90. The image is nearly black: a descriptor is divided by its norm, so faint gradients count in full.
# * **cw-SSIM**. A reversal is worth nothing here. The search must change the waves' phases *against each other*. Black, which
#   has no waves, is at 0.98; no patch was found that makes black any worse.
# * **χ²**. From the reference it climbs to an image that is bright where the reference is dark, 0.73, and stays there: black,
#   which is at 1, lies on the other side of a valley.
# * **MSE**. Black where the reference is bright, bright only where it is black: almost 1, and the quickest of the searches.
# * The paper says that cw-SSIM calls the worst image for SSIM nearly the same. Of ours it does not (0.48): what is added to the
#   reversal changes the waves. But an image exists for which the paper's sentence holds: see the pairs below.
#
# ## Equal to one, different to the other
#
# Two images with the *same* MSE can look anything but equally good. Such pairs test metrics against each other without any
# opinion (maximum differentiation, Wang and Simoncelli 2008, [doi:10.1167/8.12.8](https://doi.org/10.1167/8.12.8)): hold one
# metric, make the other as small and as large as it goes.

# %%
page.pairs()

# %% [markdown]
# ## Fool a metric
#
# Raise one metric as far as you can while another still calls the image acceptable. Use the sliders, or paint: click or drag on
# your image. Your browser keeps your best score of every pair.

# %%
page.game()

# %% [markdown]
# ## Check yourself

# %%
page.self_check(
    "An image has an MSE of 0.07, at the paper's threshold. What do you know of its SSIM difference?",
    {
        "It is small, too": (False, "Look at the pair above: at the same MSE it can be small or large."),
        "Almost nothing": (True, "The pair above spans the range that a search could find."),
        "It is exactly 0.07": (False, "The two measure different things, on different scales."),
    },
)

# %%
page.self_check(
    "Is black the image that SIFT calls most different?",
    {
        "Yes: nothing is left": (False, "To MSE it is. To SIFT black only lacks gradients: 0.71."),
        "No: opposing gradients differ more": (True, "Gradients turned round reach 0.96, black 0.71."),
    },
)

# %% [markdown]
# ## Exercise
#
# Raise SIFT while cw-SSIM stays acceptable. Which single slider gets you furthest, and what does that say about the two metrics?
#
# <details><summary>Solution</summary>
#
# Contrast, at −1: cw-SSIM calls the reversed image the same, SIFT is near 0.9. The two look at the same structure, but to
# cw-SSIM a wave turned by half a period is still the same wave.
#
# </details>
#
# ## Take it further
#
# ```python
# from hrtem_lab import extremes
#
# reference = extremes.stored_reference()
# for state in extremes.maximise("ssim", reference, steps=5000, rng=1, period=32, every=1000):
#     print(state.step, state.value)
# ```
#
# A metric of your own can be searched as well: pass a function of (reference, image).
#
# Back: [the edge cases](02_edge_cases.ipynb). Next: [noise, one source at a time](04_noise.ipynb). The
# [contents](00_index.ipynb).
