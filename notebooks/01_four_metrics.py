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
# **You will** see how five metrics compare the same two images, find the lines of code behind each equation, and look at
# a patch of your choice as each metric sees it. Four of the metrics are from the paper. The fifth, χ², takes into account
# which spatial frequencies the microscope transmits and how electrons are counted.
#
# Image **A** is Nb₃Sn, 10.55 nm thick; image **B** is ZrO₂, 10.18 nm thick. This is the pair of the paper's Fig. 1. Both
# are viewed along [001] at 80 kV through an aperture of 30 mrad, in focus, with 128 × 128 pixels.
#
# ## Predict first

# %%
from hrtem_lab.app.pages import four_metrics as page

page.prediction()

# %% [markdown]
# ## See
#
# Change B and watch the numbers. Choose the other image as **reference** and see which of the numbers change: not every metric
# is symmetric. SIFT goes from [0.75](?reference=a) to [0.72](?reference=b). Such a number is a link: it sets the page so that
# you see it. Click on a picture, or use the two sliders, to move the patch.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * The circles are SIFT's **keypoints**: places where the reference has a blob or a ring of a certain size (paper,
#   Fig. 1c). SIFT looks only there. Grey areas in its map are areas that it never reads.
# * SIFT has a **range** in brackets, a thin line on its bar: the same two images, moved together by parts of a pixel. It is the
#   same crystal, seen by other pixels, and a fraction of a pixel decides which keypoints there are. Where the range reaches
#   across the threshold, the word is *around*: on these pixels the verdict is the one, on others the other.
# * MSE and SSIM read the pixels themselves. Suppose that a patch is uniformly grey in A, and a darker uniform grey in B. MSE
#   counts this as a difference. SSIM counts it only as far as the mean, the variance or the covariance shows it.
# * cw-SSIM reads local waves: their amplitudes, and their phases *relative to each other*. A phase shift that is common to
#   all waves of a window does not count (paper, Fig. 1d), so cw-SSIM tolerates a small shift. It also tolerates a reversed
#   contrast.
# * χ² compares pixels as MSE does, with two changes. It uses only the spatial frequencies that the reference itself
#   contains. And a dark pixel counts more than a bright one, because its counting noise is smaller: where N electrons are
#   expected, the number that is counted scatters by √N. χ² is 1 only for black and for negatives: two equally bright images
#   with nothing in common have 0.5. So compare its numbers with each other, not with those of MSE.
# * Set B to Nb₃Sn with 20 cells, too, and move the defocus slowly away from zero. Which number reacts first? At 0.5 nm SIFT is
#   already [0.07](?specimen=nb3sn&defocus=0.5), MSE [0.004](?specimen=nb3sn&defocus=0.5).
#
# ## The equations
#
# In the paper's notation $\mathbf a$ and $\mathbf b$ are the pixels of the two images, $\mathbf x$ and $\mathbf y$ two
# patches, and $\mathbf c_x$, $\mathbf c_y$ wavelet coefficients. Below each equation are the lines of this project's code
# that compute it. They are read from the source code when the page is made.
#
# ### Mean squared error

# %%
page.equation("mse")

# %% [markdown]
# Each image is divided by its norm, so a longer exposure changes nothing. The factor ½ makes 1 the greatest value.
#
# ### Structural similarity

# %%
page.equation("ssim")

# %% [markdown]
# $\mu$ is the mean of a circular patch, $\sigma_x$ its variance and $\sigma_{xy}$ the covariance of the two patches. The
# difference is averaged over all patches. A value of 0.5 means unrelated, a greater value means reversed.
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
# reference and in the image. The distance of two histograms with nothing in common is √2.
#
# ### Relative χ²

# %%
page.equation("chi_square")

# %% [markdown]
# The filter $h$ keeps the spatial frequencies of the reference's band, because the aperture transmits no others. Each pixel
# is divided by the variance that counted electrons would have there: bright pixels are noisy, dark ones are certain. The
# denominator is the greatest value that the numerator can have, so 1 means black or a negative. To see how much larger a
# difference is than *noise*, you need the dose: this is what `metrics.reduced_chi_square` computes.
#
# ## Check yourself

# %%
page.self_check("exchange")

# %%
page.self_check("brightness")

# %% [markdown]
# ## Exercise
#
# Set B to Nb₃Sn, 20 cells. Find the smallest defocus, on either side of zero, at which SIFT exceeds its threshold of 0.18.
# Do the same for cw-SSIM and 0.16. Which of the two would you use to judge a through-focus series, and why?
#
# <details><summary>Solution</summary>
#
# Move the slider with the keyboard, 0.1 nm at a time, and read the numbers. Above zero, SIFT exceeds its
# threshold at 1.2 nm ([0.195](?specimen=nb3sn&defocus=1.2)) and cw-SSIM at 1.3 nm ([0.166](?specimen=nb3sn&defocus=1.3)). Below
# zero, SIFT exceeds it at −1.4 nm ([0.188](?specimen=nb3sn&defocus=-1.4)) and cw-SSIM at −1.3 nm
# ([0.161](?specimen=nb3sn&defocus=-1.3)). But on other pixels SIFT runs at −1.2 nm from
# [0.17 to 0.24](?specimen=nb3sn&defocus=-1.2): the defocus at which it exceeds the threshold is known to some tenths of a
# nanometre only. So near focus it does not matter which of the two you use. Far from focus it does,
# because there the contrast can reverse, and for cw-SSIM a reversed image *is* the reference. From 10 to 15 nm SSIM rises from
# [0.49](?specimen=nb3sn&defocus=10) to [0.70](?specimen=nb3sn&defocus=15): above 0.5 means reversed. SIFT rises, too, from
# [0.74](?specimen=nb3sn&defocus=10) to [0.84](?specimen=nb3sn&defocus=15). But cw-SSIM falls from
# [0.69](?specimen=nb3sn&defocus=10) to [0.51](?specimen=nb3sn&defocus=15). For a focus series the paper recommends any of the
# other metrics (section 2.1). The next chapter shows the reversal.
#
# </details>
#
# ## Take it further
#
# In JupyterLab, compare any two images of your own: a metric takes two arrays of the same shape.
#
# ```python
# from hrtem_lab import metrics
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn", thickness_cells=20)
# reference, image = form_image(wave), form_image(wave, defocus=10)  # in Å; or two arrays of your own
# print(metrics.sift(reference, image))
# print(metrics.sift_keypoints(reference, image)["difference"])  # one number per keypoint
# ssim = metrics.METRICS["ssim"].prepare(reference)  # compares many images with one reference
# print([ssim(form_image(wave, defocus=defocus)) for defocus in (0, 10, 20)])
# ```
#
# Next: [the edge cases](02_edge_cases.ipynb). Back to the [contents](00_index.ipynb).
