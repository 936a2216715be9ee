# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How few electrons are enough?
#
# **You will** follow every metric down to a few electrons per square nanometre, learn why a *high* difference is not the same
# as a *useless* one, and compare each metric with the best that any method could do with the same electrons.
#
# Beam-sensitive specimens allow 100 to 3 000 e⁻/nm² (paper, section 3.1). Is that enough to tell two crystals apart?
#
# ## Predict first

# %%
from hrtem_lab.app.pages import low_dose as page

page.prediction()

# %% [markdown]
# ## See
#
# The pictures show one exposure of each crystal at your dose. The left figure shows the mean difference from the noise-free
# reference at each dose, for exposures of the same crystal and of the other one. The right figure shows how often the exposure
# of the other crystal has the greater difference of the two. This share is called the area under the ROC curve (receiver
# operating characteristic), short AUC. It is ½ for guessing and 1 for certainty. The study runs while you look. If you change
# only the dose, it continues where it was.
#
# The table gives the lowest dose above which the AUC is at least 0.95, with its *95 % interval*: if you repeat the study with
# another *seed*, the interval contains the true dose in about 95 of 100 cases. The seed is the number from which the random
# electrons are drawn; the same seed gives the same electrons. A number in the text below is a link: it opens this page with the
# settings at which you see it.

# %%
page.dashboard()

# %% [markdown]
# ## What to notice
#
# * **The left figure is the paper's Fig. 3g.** With fewer electrons the *same* crystal differs more and more from its
#   reference, until noise alone makes almost as much difference as another crystal.
# * **Without readout noise every curve ends at the black image**, because there are no electrons. SIFT ends at $1/\sqrt 2$,
#   below MSE and cw-SSIM, for which black is the greatest difference (left end of Fig. 3g). Set a readout noise of 0.1 e⁻. At
#   the lowest doses MSE now *falls*, to [0.68](?dose=1&readout=0.1) instead of [0.98](?dose=1), because it calls an image of
#   noise less different than a black one.
# * **The right figure answers the question that matters.** Two curves that are close in the left figure can still be told
#   apart. What matters is their distance in units of their spread, and an average over thousands of pixels hardly scatters.
# * **The black line is the ideal observer**, who knows both crystals exactly. It weights every electron by the logarithm of
#   $\mu_i / \lambda_i$, the ratio of the two expected counts in the pixel that the electron hit:
#
# $$ t = \sum_i \left[ k_i \ln \frac{\mu_i}{\lambda_i} - (\mu_i - \lambda_i) \right] $$
#
# No method makes fewer errors (Neyman and Pearson). At [2.0 e⁻/nm²](?other=zro2) it reaches an AUC of 0.95: over 4 × 4 cells
# that is nine electrons.
#
# ### What the paper says, and what we find
#
# | claim of section 3.1 | what we find | verdict |
# | --- | --- | --- |
# | below 100 e⁻/nm²: SIFT below cw-SSIM and MSE | at 100: SIFT [0.62](?dose=100), cw-SSIM [0.77](?dose=100), MSE [0.82](?dose=100) | holds |
# | dose → 0, no readout noise: the black image | MSE [0.95](?dose=10) at 10 e⁻/nm², [0.98](?dose=1) at 1; cw-SSIM [0.94](?dose=10), [0.96](?dose=1) | holds |
# | with even a little readout noise: about 0.7 | MSE [0.68](?dose=1&readout=0.1), SIFT [0.72](?dose=1&readout=0.1), **cw-SSIM** [1.00](?dose=1&readout=0.1) (σ = 0.1 e⁻) | holds for two |
# | SIFT is best suited for extremely low dose | all five at [2.2 to 3.6 times](?other=zro2) the ideal dose | does not hold on whole images |
#
# The last claim is read from where the two curves of a metric meet. Judged in this way, SIFT looks best. But by the AUC, over 4
# × 4 cells and without readout noise, each of the five metrics tells the crystals apart above [4.4 to 7.1 e⁻/nm²](?other=zro2).
# Twenty exposures per dose leave wide intervals: SIFT needs between [1.2 and 3.6 times](?other=zro2) the dose of the ideal
# observer. 200 to 500 exposures per dose give 1.6 to 3.5 times for the five metrics
# ([docs/dose.md](../docs/dose.md#what-was-measured)). With other seeds or a smaller field of view an interval may begin
# below 1. This does not mean that a metric beats the ideal observer: it means that the exposures are too few to say more.
#
# The metrics differ more in two cases. One is a camera with readout noise: at only 0.1 e⁻ per pixel SIFT needs [79
# times](?readout=0.1) the ideal dose, MSE [5.5 times](?readout=0.1). The other is a field of view of **one cell**. With 100
# exposures per dose cw-SSIM needs [160 e⁻/nm²](?cells=1&repeats=100) there, with an interval from [90 to
# 200](?cells=1&repeats=100); the others need [55 to 86](?cells=1&repeats=100). That is two to three times less. With only 20
# exposures the same page says [87 e⁻/nm²](?cells=1), with an interval from [74 to 380](?cells=1). So do not read a dose
# without its interval.
#
# Two crystals as different as these are easy to tell apart. Try a harder case, **2 nm of overfocus**: the ideal observer needs
# [27 e⁻/nm²](?other=defocus), cw-SSIM [45 times](?other=defocus) as much, χ² [82 times](?other=defocus), SIFT and MSE [470 and
# 660 times](?other=defocus). No general metric uses more than a small part of the information that the electrons carry.
#
# ## Pixels
#
# Move *Pixels per cell* and watch the exposures. The dose stays the same, so each smaller pixel counts fewer electrons, and the
# image looks noisier. The paper remarks that the look of an image varies strongly with the number of pixels. The ideal observer
# hardly depends on it: it needs the same electrons, in whichever pixels they are counted. Which metrics do depend on it?
#
# ## Check yourself

# %%
page.self_check("useless")

# %%
page.self_check("brightness")

# %% [markdown]
# ## Exercise
#
# Tell Nb₃Sn of 40 cells from Nb₃Sn of 36 cells. Which metric needs the lowest dose, and how many times the ideal observer's
# dose is it? Then give the camera a readout noise of 1 e⁻ per pixel. Does this harm the metrics or the ideal observer more? Do
# fewer, larger pixels help?
#
# <details><summary>Solution</summary>
#
# Choose *Nb₃Sn, 36 cells thick*; the table under the figure gives the doses, and *Exposures per dose* narrows the intervals.
# With 20 exposures SSIM needs the lowest dose, [350 e⁻/nm²](?other=thinner), and somewhere between [170 and
# 440](?other=thinner). This is [19 times](?other=thinner) the [18 e⁻/nm²](?other=thinner) of the ideal observer. MSE needs
# [710 e⁻/nm²](?other=thinner).
#
# A readout noise of 1 e⁻ harms the ideal observer most: it then needs [500 e⁻/nm²](?other=thinner&readout=1), 28 times as much.
# SSIM needs [2 400 e⁻/nm²](?other=thinner&readout=1), 7 times as much, and is now within a factor of
# [4.7](?other=thinner&readout=1) of the ideal observer. Readout noise is added once per pixel, so it does most harm where a
# pixel counts few electrons. With 16 instead of 32 pixels per cell, each pixel counts four times as many electrons, and the
# ideal observer needs [270 e⁻/nm²](?other=thinner&readout=1&pixels=16). MSE, SSIM, cw-SSIM and χ² gain as well: SSIM needs
# [1 800 e⁻/nm²](?other=thinner&readout=1&pixels=16). SIFT does not: it needs [3 200 e⁻/nm²](?other=thinner&readout=1) with
# small pixels and [4 100](?other=thinner&readout=1&pixels=16) with large ones.
#
# </details>
#
# ## Take it further
#
# ```python
# from hrtem_lab.dose import discriminability, dose_to_reach, ideal_dose
# from hrtem_lab.noise import Detector
# from hrtem_lab.simulation import form_image, load_exit_wave
#
# wave = load_exit_wave("nb3sn")
# reference = form_image(wave)
# other = form_image(load_exit_wave("zro2"), field_of_view=wave.field_of_view)
# detector = Detector(sampling=5.275 / 32, readout_sigma=0.5)  # Å, electrons
# doses = [0.02, 0.05, 0.1, 0.2, 0.5]  # e⁻/Å²
# found = discriminability(["mse", "sift"], reference, other, doses, repeats=20, detector=detector, rng=1)
# dose_to_reach(found, ideal_dose(reference, other, detector=detector))
# ```
#
# Back: [noise, one source at a time](04_noise.ipynb). The [contents](00_index.ipynb).
