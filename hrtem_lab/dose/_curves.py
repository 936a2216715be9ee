"""Difference curves and discriminability by dose, as labelled tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._studies import Seed
from hrtem_lab.dose._sweep import Sweep
from hrtem_lab.dose._tables import labelled, two_or_more, with_discriminability
from hrtem_lab.metrics import MetricLike
from hrtem_lab.noise import Detector

if TYPE_CHECKING:
    from xarray import Dataset


def difference_curve(
    metric: MetricLike | Sequence[MetricLike],
    reference: ArrayLike,
    image: ArrayLike | Mapping[str, ArrayLike],
    doses: Sequence[float] | NDArray[np.floating],
    *,
    repeats: int = 20,
    detector: Detector,
    rng: Seed = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset:
    """Return how different noisy exposures of an image are from a noise-free reference, by dose.

    Parameters
    ----------
    metric : str, Metric or callable, or a sequence of them
        Keys of `hrtem_lab.metrics.METRICS`, or metrics or functions of one's own. A sequence, even
        of one metric, gives the table the dimension `metric`; a metric by itself gives none.
    reference : array_like, shape (rows, columns)
        Noise-free intensity relative to the incident beam.
    image : array_like, or mapping of str to array_like
        The noise-free image that is exposed, of the reference's shape. A mapping of names to images, even of
        one, gives the table the dimension `image`; an image by itself gives none.
    doses : sequence of float
        Incident electrons per Å². 0 gives a black image.
    repeats : int
        Exposures at each dose.
    detector : Detector
        Pixel size, blur and noise.
    rng : int, numpy.random.Generator or None
        Seed. The numbers are the same whatever the number of workers.
    workers : int or None
        Processes; by default a Dask cluster to which a client is connected, or else all cores.
    progress : callable
        ``(exposures done, exposures in all)``, called as they arrive; what it raises stops the work.

    Returns
    -------
    xarray.Dataset
        `difference`, every draw, with the dimensions metric and image as said above, then dose_per_area and
        repeat; and over the repeats its `mean` and `standard_deviation` (NaN for a single one). Save it by
        ``to_netcdf`` or ``to_dataframe().to_csv``.

    Raises
    ------
    TypeError, ValueError
        If a metric is unknown, an image is negative or of another shape, a dose is negative, not finite or
        too large to count its electrons, or `repeats` is not at least 1.

    Notes
    -----
    It misleads as a verdict: a low difference at a low dose is of no use if another material's difference is
    as low. `discriminability` answers that question.

    Source: Fig. 3g of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> from hrtem_lab.noise import Detector
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> reference = form_image(load_exit_wave("nb3sn"))
    >>> detector = Detector(sampling=5.275 / 32)
    >>> curve = difference_curve("mse", reference, reference, [1, 50], repeats=4, detector=detector, rng=1)
    >>> curve["mean"].values.round(2)
    array([0.82, 0.21])
    """
    metrics, images, single = _listed(metric, image)
    sweep = Sweep(metrics, reference, images, doses, repeats=repeats, detector=detector, rng=rng)
    for done in sweep.run(workers=workers):
        if progress is not None:
            progress(done, sweep.total)
    return sweep_table(sweep).isel(dict.fromkeys(single, 0))


def _listed(metric: Any, image: Any) -> tuple[list[Any], Mapping[str, Any], list[str]]:
    """Return metrics as a list, images by name, and the dimensions that the table does without.

    A metric or an image by itself is a list or a mapping of one, whose dimension the table does not have.
    """
    several_metrics = isinstance(metric, Sequence) and not isinstance(metric, str)
    several_images = isinstance(image, Mapping)
    metrics = list(metric) if several_metrics else [metric]
    images = image if several_images else {"image": image}
    several = {"metric": several_metrics, "image": several_images}
    return metrics, images, [name for name, keep in several.items() if not keep]


def sweep_table(sweep: Sweep) -> Dataset:
    """Return a sweep's draws, means and standard deviations as a table; see `difference_curve`."""
    dimensions = ("metric", "image", "dose_per_area", "repeat")
    table = labelled({"difference": (dimensions, sweep.differences)}, sweep.exposures, metrics=sweep.metrics)
    draws = table["difference"]
    table["mean"] = draws.mean("repeat")
    table["standard_deviation"] = draws.std("repeat", ddof=1) if sweep.repeats > 1 else table["mean"] * np.nan
    return table


def discriminability(
    metric: MetricLike | Sequence[MetricLike],
    reference: ArrayLike,
    image: ArrayLike,
    doses: Sequence[float] | NDArray[np.floating],
    *,
    repeats: int = 20,
    detector: Detector,
    rng: Seed = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset:
    """Return how well a metric tells exposures of another material from exposures of the reference.

    Exposures of the reference ("same") and of `image` ("other") are compared with the noise-free reference.
    If the differences of the two overlap, the metric is of no use at that dose.

    Parameters
    ----------
    metric, reference, doses, repeats, detector, rng, workers, progress
        As in `difference_curve`; at least 2 repeats.
    image : array_like, shape (rows, columns)
        Noise-free image of the other material.

    Returns
    -------
    xarray.Dataset
        By dose, and by metric if a sequence is given: `auc`, the probability that an exposure of the other
        material differs more than one of the same material, and `d_prime`, the distance of the two means in
        standard deviations; `auc_low`, `auc_high`, `d_prime_low`, `d_prime_high`, the ends of 95 % intervals
        from `bootstrap_interval`; and `difference`, every draw, with the image "same" or "other".

    Raises
    ------
    TypeError, ValueError
        As `difference_curve` does, and for a single repeat.

    Notes
    -----
    An AUC below ½ means that with this noise the *same* material looks more different than the other one.

    Source: the comparison of section 3.1 of Ederer and Löffler, Ultramicroscopy 2022, as a number.

    Examples
    --------
    >>> from hrtem_lab.noise import Detector
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> wave = load_exit_wave("nb3sn")
    >>> nb3sn, zro2 = form_image(wave), form_image(load_exit_wave("zro2"), field_of_view=wave.field_of_view)
    >>> detector = Detector(sampling=5.275 / 32)
    >>> found = discriminability("sift", nb3sn, zro2, [0.005, 1], repeats=8, detector=detector, rng=1)
    >>> found["auc"].values.round(1)
    array([0.8, 1. ])
    """
    curve = difference_curve(
        metric,
        reference,
        {"same": reference, "other": image},
        doses,
        repeats=two_or_more(repeats),
        detector=detector,
        rng=rng,
        workers=workers,
        progress=progress,
    )
    return with_discriminability(curve[["difference"]], curve["difference"])
