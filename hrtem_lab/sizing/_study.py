"""Many exposures of precipitates of many sizes, sized by several methods."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import Place, Plan, Study, entropy, generator
from hrtem_lab.metrics import Metric
from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._method import SERIES, Conditions, StudyMethod, checked_conditions, checked_reference
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._table import study_methods
from hrtem_lab.sizing.specimens import (
    CELL,
    CELLS,
    THICKNESS,
    Images,
    covered_cells,
    exposed,
    precipitate_series,
)

if TYPE_CHECKING:
    from xarray import Dataset

Floats = NDArray[np.float64]

DOSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 150.0, 500.0)
"""Doses of the stored study in e⁻/Å²: 20 to 50 000 e⁻/nm²."""

# Draws in one task of a worker process: about a second's work, for which one is worth calling.
ROUND = 4
LIBRARIES = ("numpy", "opencv-python-headless")
RESULTS = ("diameter_found", "low", "high", "misclassified")
DIAMETER = {"units": "unit cells"}
LENGTH = {"units": "angstrom"}
DOSE = {"units": "e-/angstrom^2", "long_name": "dose per area"}


@dataclass(frozen=True, eq=False, repr=False)
class _Plan(Plan):
    """What a worker needs to make and size any of the images; a place is (dose, diameter)."""

    series: Callable[[], Images]
    methods: tuple[StudyMethod, ...]
    doses: tuple[float, ...]
    diameters: tuple[int, ...]  # the pristine crystal, 0, comes first
    cells: int
    cell: float
    thickness: int
    false_alarm: float
    seed: int


def size_study(
    series: Callable[[], Images] = precipitate_series,
    *,
    diameters: Sequence[int] = tuple(range(1, 15)),
    doses: Sequence[float] = DOSES,
    draws: int = 20,
    pristine_draws: int | None = None,
    methods: Sequence[str] | None = None,
    cells: int = CELLS,
    cell: float = CELL,
    thickness: int = THICKNESS,
    false_alarm: float = 0.05,
    rng: int | None = 0,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset:
    """Return what several methods say about noisy images of precipitates of known sizes.

    In every draw the precipitate is at another place, a random whole number of cells from the middle, so
    that it lies within the image. No method is told where.

    Parameters
    ----------
    series : callable
        ``() -> mapping`` of the diameter in cells to the expected image, as for `ideal_size`; 0 is the
        pristine crystal. Every worker calls it once. By default the shipped precipitates at 64 pixels per
        cell.
    diameters : sequence of int
        Diameters in cells to expose; each must be in the series.
    doses : sequence of float
        Incident electrons per Å².
    draws : int
        Exposures of each diameter at each dose.
    pristine_draws : int, optional
        Exposures of the pristine crystal at each dose; by default as many as `draws`.
    methods : sequence of str, optional
        Keys of `STUDY_METHODS`; by default all of them.
    cells : int
        Unit cells along each side of the images.
    cell : float
        Edge of a cell in Å.
    thickness : int
        Thickness of the specimens in cells.
    false_alarm : float
        Share of pristine images in which a method may find a precipitate.
    rng : int or None
        Seed. Every exposure has its own, made from this, the diameter, the dose and the number of the draw:
        a part of a study is the same as in the whole, whatever the number of workers.
    workers : int or None
        Processes; by default a Dask cluster to which a client is connected, or else all cores.
    progress : callable
        ``(exposures done, exposures in all)``, called as they arrive; what it raises stops the work.

    Returns
    -------
    xarray.Dataset
        With the dimensions method, diameter (in cells), dose_per_area (e⁻/Å²) and draw: `diameter_found`,
        `low` and `high` in Å, NaN where no precipitate is detectable, and `misclassified`, the number of
        cells that differ from the truth. With method, dose_per_area and exposure: `pristine_found`, the
        diameter in Å found where there is none (NaN where rightly nothing is), and
        `pristine_misclassified`. With diameter: `true_cells`, the cells that a precipitate covers. Its
        attributes are seed, command, versions (JSON), pixels_per_cell (rows, columns if
        they differ), cell_angstrom, thickness_cells and
        false_alarm.

    Raises
    ------
    TypeError, ValueError
        If a method is unknown, a diameter is missing in the series, or a number is out of range.

    Notes
    -----
    `Dataset.sel` has an option of the name `method`: choose methods by ``study.sel({"method": "sphere"})``.

    It misleads about specimens that the series does not show: tilted, bent, thicker at one side, or with a
    precipitate that is no sphere.

    Source: Figs. 4g and 5 of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> from functools import partial
    >>> series = partial(precipitate_series, pixels=16)
    >>> study = size_study(series, diameters=[8], doses=[50], draws=2, methods=["sphere", "ideal"], workers=1)
    >>> (study.diameter_found / study.cell_angstrom).values.round(1).ravel()
    array([8.4, 8.1, 8. , 8. ])
    """
    images = series()
    for diameter in diameters:
        if _validation.positive_integer("diameter", diameter) not in images:
            raise ValueError(f"diameters must be in the series, got {diameter}")
    draws = _validation.positive_integer("draws", draws)
    plan = _Plan(
        series=series,
        methods=_chosen(methods),
        doses=tuple(_validation.positive("dose", dose) for dose in doses),
        diameters=(0, *diameters),
        cells=_validation.positive_integer("cells", cells),
        cell=_validation.positive("cell", cell),
        thickness=_validation.positive_integer("thickness", thickness),
        false_alarm=_validation.positive("false_alarm", false_alarm),
        seed=entropy(rng),
    )
    for dose in plan.doses:
        counts_per_pixel(dose, sampling=plan.cell)  # refuses what cannot be counted, before the work starts
    exposures = draws if pristine_draws is None else pristine_draws
    exposures = _validation.positive_integer("pristine_draws", exposures)
    study = Study(
        _size,
        plan,
        grid=(len(plan.doses), len(plan.diameters)),
        draws=[exposures, *[draws] * len(diameters)],
        shape=(len(RESULTS), len(plan.methods)),
        place_by_place=True,  # dose by dose, because the methods are prepared for a dose
        round_size=ROUND,
    )
    for done in study.run(workers=workers):
        if progress is not None:
            progress(done, study.total)
    found = _dataset(plan, study.values[..., 1:, :draws], study.values[..., 0, :exposures])
    rows, columns = (side // plan.cells for side in images[0].shape)
    found.attrs["pixels_per_cell"] = rows if rows == columns else [rows, columns]
    return found


def _chosen(names: Sequence[str] | None) -> tuple[StudyMethod, ...]:
    """Return the methods of these names, or all of them."""
    known = study_methods()
    if names is None:
        return tuple(known.values())
    return tuple(known[_validation.one_of("method", name, tuple(known))] for name in names)


def _dataset(plan: _Plan, precipitates: Floats, pristine: Floats) -> Dataset:
    """Return the results as a dataset.

    Parameters
    ----------
    plan : _Plan
    precipitates : numpy.ndarray, shape (`RESULTS`, methods, doses, diameters, draws)
    pristine : numpy.ndarray, shape (`RESULTS`, methods, doses, exposures)
    """
    from xarray import Dataset  # noqa: PLC0415

    dims = ("method", "diameter", "dose_per_area", "draw")
    by_name = dict(zip(RESULTS, np.swapaxes(precipitates, 2, 3), strict=True))
    variables: dict[str, Any] = {
        name: (dims, values, {} if name == "misclassified" else LENGTH) for name, values in by_name.items()
    }
    nothing_there = ("method", "dose_per_area", "exposure")
    variables["pristine_found"] = (nothing_there, pristine[RESULTS.index("diameter_found")], LENGTH)
    variables["pristine_misclassified"] = (nothing_there, pristine[RESULTS.index("misclassified")])
    diameters = plan.diameters[1:]
    covered = [int(covered_cells(one, plan.cells, plan.thickness).sum()) for one in diameters]
    variables["true_cells"] = ("diameter", covered)
    coordinates = {
        "method": [method.name for method in plan.methods],
        "diameter": ("diameter", list(diameters), DIAMETER),
        "dose_per_area": ("dose_per_area", np.array(plan.doses), DOSE),
    }
    attributes = {
        "seed": str(plan.seed),
        "command": "hrtem_lab.sizing.size_study",
        "versions": json.dumps({library: version(library) for library in LIBRARIES}),
        "cell_angstrom": plan.cell,
        "thickness_cells": plan.thickness,
        "false_alarm": plan.false_alarm,
    }
    return Dataset(variables, coords=coordinates, attrs=attributes)


def _size(plan: _Plan, place: Place, number: int) -> Floats:
    """Return what the methods say of one draw, shape (`RESULTS`, methods)."""
    dose, diameter = plan.doses[place[0]], plan.diameters[place[1]]
    image, truth = _draw(plan, diameter, dose, number)
    sizes = [
        (size.diameter, size.low, size.high, size.misclassified(truth)) for size in _sizes(plan, dose, image)
    ]
    return np.array(sizes, dtype=float).T


def _draw(plan: _Plan, diameter: int, dose: float, number: int) -> tuple[NDArray, NDArray[np.bool_]]:
    """Return one exposure and the cells that the precipitate covers in it."""
    # Doses are told apart to a millionth of an electron.
    rng = generator(plan.seed, diameter, round(1e6 * dose), number)
    covered = covered_cells(diameter, plan.cells, plan.thickness)
    sampling = _conditions(plan, dose).sampling
    return exposed(_images(plan)[diameter], covered, dose_per_area=dose, sampling=sampling, rng=rng)


def _sizes(plan: _Plan, dose: float, image: NDArray) -> Iterator[Size]:
    """Yield what the methods say; those that compare cells by one metric share its map."""
    maps: dict[Metric, NDArray[np.float64]] = {}
    for sizer in _sizers(plan, dose):
        if sizer.metric is None:
            yield sizer(image)
            continue
        if sizer.metric not in maps:
            maps[sizer.metric] = sizer.differences(image)
        yield sizer.judge(maps[sizer.metric])


# What follows is made once in each process.


@lru_cache(maxsize=1)
def _images(plan: _Plan) -> Images:
    return plan.series()


@lru_cache(maxsize=2)
def _sizers(plan: _Plan, dose: float) -> list[Any]:
    """Return the plan's methods, prepared for a dose."""
    conditions = _conditions(plan, dose)
    reference = checked_reference(_images(plan)[0])
    return [
        _sizer_of_series(plan, number).at_dose(dose)
        if method.row.needs == SERIES
        else method.row(reference, conditions, **_options(plan, method))
        for number, method in enumerate(plan.methods)
    ]


@lru_cache(maxsize=2)
def _sizer_of_series(plan: _Plan, number: int) -> Any:
    """Return a method that knows all images, to be asked for any dose: to prepare so many takes long."""
    method = plan.methods[number]
    return method.row(_images(plan), _conditions(plan, 1.0), **_options(plan, method))


def _options(plan: _Plan, method: StudyMethod) -> dict[str, Any]:
    known = {"thickness": plan.thickness} if "thickness" in method.row.options else {}
    return {**known, **method.options}


def _conditions(plan: _Plan, dose: float) -> Conditions:
    shape = _images(plan)[0].shape
    return checked_conditions(
        shape,
        cells=plan.cells,
        dose_per_area=dose,
        sampling=tuple(plan.cell * plan.cells / side for side in shape),
        false_alarm=plan.false_alarm,
    )
