"""The ideal observer by dose: from drawn exposures, in closed form, and the dose that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import Seed
from hrtem_lab.dose._exposures import Exposures, checked_doses, not_negative
from hrtem_lab.dose._observer import LikelihoodRatio
from hrtem_lab.dose._tables import labelled, two_or_more, with_discriminability
from hrtem_lab.noise import Detector

if TYPE_CHECKING:
    from xarray import Dataset


def ideal_observer(
    reference: ArrayLike,
    image: ArrayLike,
    doses: Sequence[float] | NDArray[np.floating],
    *,
    repeats: int = 20,
    detector: Detector,
    rng: Seed = None,
) -> Dataset:
    """Return how well two images can be told apart by the best possible method, by dose.

    The statistic is the logarithm of the likelihood ratio of the recorded electrons, with both noise-free
    images known exactly; no other decision makes fewer errors (Neyman and Pearson). With readout noise it
    is the ratio for counts plus Gaussian noise.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        The two noise-free images, as in `discriminability`.
    doses, repeats, detector, rng
        As in `discriminability`.

    Returns
    -------
    xarray.Dataset
        `auc`, `d_prime` and their intervals as in `discriminability`, from drawn exposures;
        `predicted_auc` and `predicted_d_prime`, closed forms that need no draws; and `log_likelihood_ratio`,
        the statistic of every draw.

    Raises
    ------
    TypeError, ValueError
        As `discriminability` does.

    Notes
    -----
    It knows what no experiment knows: both images, their position and the dose. It is a limit for other
    methods, not one of them.

    Source: van Trees, *Detection, Estimation, and Modulation Theory*, part I; the AUC by the saddle-point
    formula of Lugannani and Rice, doi:10.2307/1426607, at the Hellinger distance of the two images.

    Examples
    --------
    At 2 e⁻/nm² the image of 2.1 nm × 2.1 nm receives nine electrons. They suffice:

    >>> from hrtem_lab.noise import Detector
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> wave = load_exit_wave("nb3sn")
    >>> nb3sn, zro2 = form_image(wave), form_image(load_exit_wave("zro2"), field_of_view=wave.field_of_view)
    >>> limit = ideal_observer(nb3sn, zro2, [0.02], detector=Detector(sampling=5.275 / 32), rng=1)
    >>> limit["predicted_auc"].values.round(2)
    array([0.97])
    """
    pair = {"same": reference, "other": image}
    exposures = Exposures.checked(
        reference, pair, doses, repeats=two_or_more(repeats), detector=detector, rng=rng
    )
    draws = np.empty((2, len(exposures.doses), exposures.repeats))
    predicted = np.empty((2, len(exposures.doses)))
    for column, dose in enumerate(exposures.doses.tolist()):
        ratio = LikelihoodRatio(*exposures.images.values(), dose_per_area=dose, detector=detector)
        predicted[:, column] = ratio.auc(), ratio.d_prime()
        for row, repeat in np.ndindex(2, exposures.repeats):
            draws[row, column, repeat] = ratio(exposures.expose(row, column, repeat, counts=True))
    table = labelled({"log_likelihood_ratio": (("image", "dose_per_area", "repeat"), draws)}, exposures)
    table["predicted_auc"] = ("dose_per_area", predicted[0])
    table["predicted_d_prime"] = ("dose_per_area", predicted[1])
    return with_discriminability(table, table["log_likelihood_ratio"])


def predicted_auc(
    reference: ArrayLike,
    image: ArrayLike,
    doses: Sequence[float] | NDArray[np.floating],
    *,
    detector: Detector,
) -> NDArray[np.float64]:
    """Return the closed form of the ideal observer's AUC at each dose; see `ideal_observer`.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        The two noise-free images.
    doses : sequence of float
        Incident electrons per Å².
    detector : Detector
        Pixel size, blur and noise.

    Returns
    -------
    numpy.ndarray, shape (doses,)
        From ½ to 1.

    Raises
    ------
    TypeError, ValueError
        As `ideal_observer` does.

    Examples
    --------
    >>> import numpy as np
    >>> from hrtem_lab.noise import Detector
    >>> dim, bright = np.full((10, 10), 0.5), np.ones((10, 10))
    >>> predicted_auc(dim, bright, [0, 1, 10], detector=Detector(sampling=0.5)).round(2)
    array([0.5 , 0.98, 1.  ])
    """
    same, other = _both(reference, image)
    return np.array(
        [
            LikelihoodRatio(same, other, dose_per_area=dose, detector=detector).auc()
            for dose in checked_doses(doses, detector).tolist()
        ]
    )


def _both(reference: ArrayLike, image: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return two noise-free images of one shape."""
    same, other = not_negative("reference", reference), not_negative("image", image)
    _validation.same_shape("image", other, same.shape)
    return same, other


def ideal_dose(reference: ArrayLike, image: ArrayLike, *, auc: float = 0.95, detector: Detector) -> float:
    """Return the dose at which the ideal observer's predicted AUC reaches a value.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        The two noise-free images.
    auc : float
        Between ½ and 1.
    detector : Detector
        Pixel size, blur and noise.

    Returns
    -------
    float
        Electrons per Å², to a thousandth; infinite if 10⁸ electrons per pixel do not suffice.

    Raises
    ------
    TypeError, ValueError
        If an image is negative or of another shape, or `auc` is not between ½ and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from hrtem_lab.noise import Detector
    >>> dim, bright = np.full((10, 10), 0.5), np.ones((10, 10))
    >>> round(ideal_dose(dim, bright, detector=Detector(sampling=0.5)), 2)
    0.63
    """
    target = _validation.between_half_and_one("auc", auc)
    same, other = _both(reference, image)
    height, width = _validation.pixel_size("sampling", detector.sampling)
    low, high = np.log([1e-8, 1e8]) - (np.log(height) + np.log(width))

    def reaches(log_dose: float) -> bool:
        dose = float(np.exp(log_dose))
        return LikelihoodRatio(same, other, dose_per_area=dose, detector=detector).auc() >= target

    if not reaches(high):
        return float("inf")
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return float(np.exp(high))
