# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ways to say “different”
#
# **You will** see how five metrics compare the same two images, find the line of code behind each equation, and look
# through each metric's eyes at a patch of your choice. Four of the metrics are the paper's; the fifth, χ², knows what the
# microscope lets through and how electrons are counted.
#
# Image **A** is Nb₃Sn, 10.55 nm thick; image **B** is ZrO₂, 10.18 nm thick: the pair of the paper's Fig. 1. Both are
# seen along [001] at 80 kV through an aperture of 30 mrad, in focus, 128 × 128 pixels.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import four_metrics as page

page.prediction(
    "A and B show two different crystals. Which metric will call them most alike?",
    ["MSE, which compares pixel by pixel", "SSIM, which compares patches",
     "cw-SSIM, which compares local waves", "SIFT, which compares gradients at keypoints",
     "χ², which compares what the aperture lets through"],
)  # fmt: skip

# %% [markdown]
# ## See
#
# Change B and watch the numbers. Choose the other image as **reference** and see which of the numbers move: not every
# metric is symmetric. Click on a picture, or use the two sliders, to move the patch.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * The circles are SIFT's **keypoints**: places where the reference has a blob or a ring of a certain size (paper,
#   Fig. 1c). SIFT looks there and nowhere else: grey in its map is area that it never reads.
# * MSE and SSIM read the pixels themselves. A patch of even grey in A that is still grey in B, only darker, is a difference
#   to MSE; to SSIM it is one only if the mean, the variance or the covariance tells.
# * cw-SSIM reads local waves: their strength and their phases *relative to each other*. A phase that all waves of a window
#   share is no difference to it (paper, Fig. 1d), so it forgives a small shift. It also forgives a reversed contrast.
# * χ² reads pixels as MSE does, but only the waves that the reference itself holds, and a dark pixel counts more than a
#   bright one, for counted electrons leave it less uncertain. Its 1 is kept for black and for negatives: two equally bright
#   images with nothing in common are at 0.5. Compare its numbers with each other, not with those of MSE.
# * Make B Nb₃Sn too, 20 cells, and step the defocus slowly away from zero: which number reacts first?
#
# ## The equations
#
# In the paper's notation $\mathbf a$ and $\mathbf b$ are the pixels of the two images, $\mathbf x$ and $\mathbf y$ two
# patches, and $\mathbf c_x$, $\mathbf c_y$ wavelet coefficients. Under each equation stand the lines of this project's
# code that are it, read from the source when the page is made.
#
# ### Mean squared error

# %%
page.equation("mse")

# %% [markdown]
# Each image is divided by its norm, so a longer exposure changes nothing, and half the sum makes 1 the greatest value.
#
# ### Structural similarity

# %%
page.equation("ssim")

# %% [markdown]
# $\mu$ is the mean of a circular patch, $\sigma_x$ its variance and $\sigma_{xy}$ the covariance of the two patches. The
# difference is averaged over all patches. 0.5 means unrelated, more means reversed.
#
# ### Structural similarity of complex wavelets

# %%
page.equation("cw_ssim")

# %% [markdown]
# The coefficients come from the dual-tree complex wavelet transform: six directions at each of four sizes.
#
# ### Scale-invariant feature transform

# %%
page.equation("sift")

# %% [markdown]
# $\mathbf d_k$ and $\mathbf e_k$ are histograms of gradient directions around keypoint $k$ of the *reference*, in the
# reference and in the image. Two histograms with nothing in common are √2 apart.
#
# ### Relative χ²

# %%
page.equation("chi_square")

# %% [markdown]
# $h$ keeps the waves of the reference's band, for the aperture lets no others through, and each pixel is weighted by
# the variance that counted electrons would have there: bright pixels are noisy, dark ones certain. The denominator is the
# most that the numerator could be, so that 1 means black or a negative; how much larger than *noise* a difference is,
# that takes a dose, and `metrics.reduced_chi_square`.
#
# ## Check yourself

# %%
page.self_check(
    "You exchange reference and image. Which metric cannot change?",
    {
        "MSE": (True, "Its equation has a and b in the same places."),
        "SIFT": (False, "Only the reference's keypoints count, and another image has others."),
        "χ²": (False, "The reference's band and its counting noise are used. Try it above."),
    },
)

# %%
page.self_check(
    "B is A, three times as bright. What does MSE say?",
    {
        "A large difference": (False, "Both images are divided by their norm first."),
        "No difference": (True, "The norm takes the brightness away, like the dose of an exposure."),
    },
)

# %% [markdown]
# ## Exercise
#
# Set B to Nb₃Sn, 20 cells. Find the smallest defocus, to either side, at which SIFT passes its threshold of 0.18, and the
# same for cw-SSIM at 0.16. Which of the two would you use to judge a through-focus series, and why?
#
# <details><summary>Solution</summary>
#
# Step the slider by keyboard, 0.1 nm at a time, and read the words beside the bars. Whichever threshold is passed first,
# the choice is decided by something else: far from focus the contrast can reverse, and to cw-SSIM a reversed image *is* the
# reference. The paper recommends any of the other metrics for a focus series (section 2.1). The next chapter shows the
# reversal.
#
# </details>
#
# ## Take it further
#
# In JupyterLab, compare any two images of your own: a metric takes two arrays of the same shape.
#
# ```python
# from hrtem_lab import metrics
#
# metrics.sift(reference, image)
# metrics.sift_keypoints(reference, image)["difference"]  # one number per keypoint
# metrics.METRICS["ssim"].prepare(reference)  # compares many images with one reference
# ```
#
# Next: [the edge cases](02_edge_cases.ipynb). Back to the [contents](00_index.ipynb).
