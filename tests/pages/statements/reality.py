"""What chapter 7 says in numbers: phrase, with `{}` for a link → what its numbers are on the page."""

from tests.pages.statements.images import number

MSE, CW_SSIM, SIFT = (number(label) for label in ("MSE", "cw-SSIM", "SIFT"))

REALITY = {
    "MSE comes to {}, cw-SSIM to {} and SIFT to {}:": (MSE, CW_SSIM, SIFT),
    "Cooled to 100\u202fK, MSE is {} and cw-SSIM {}, but SIFT still {}.": (MSE, CW_SSIM, SIFT),
    "At 1\u202fmrad SIFT is {}, above its threshold, and MSE only {}.": (SIFT, MSE),
    "At 2\u202fmrad MSE is {}.": MSE,
    "in 40 is hardly seen: MSE is {}.": MSE,
    "0.05\u202fnm gives {}, where MSE gives {}:": (CW_SSIM, MSE),
    "astigmatism give an MSE of {} and a cw-SSIM of {}.": (MSE, CW_SSIM),
    "MSE gives {} for a factor of three, SIFT {}.": (MSE, SIFT),
    "tilt and astigmatism half as large, MSE is {},": MSE,
    "the vibration itself costs {}.": MSE,
    "Without tilt MSE is {}, without the column's vibration {}, without camera {}.": (MSE, MSE, MSE),
}
