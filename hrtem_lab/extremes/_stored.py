"""Long searches that come with the package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.extremes._greys import BRIGHTEST
from hrtem_lab.extremes._runs import contrast, maximise
from hrtem_lab.extremes._search import State
from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, load_exit_wave

REFERENCE = "nb3sn"
SHAPE = 128


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredRun:
    """One long search.

    Attributes
    ----------
    name, title : str
        Name in code, and one line for a page.
    metric : str
        Key of the metric that was searched.
    direction : str
        "up" or "down".
    hold : str or None
        Key of the metric that was held, at `hold_value` ± `tolerance`.
    hold_value, tolerance : float or None
        Where it was held.
    reference : str
        Name of the exit wave whose image is the reference (`stored_reference`).
    image : numpy.ndarray
        The last image, shape (128, 128), intensity relative to the incident beam.
    values : mapping of str to float
        The last image's difference by every metric.
    history : mapping of str to numpy.ndarray
        ``step`` and, under the key of every metric that was written down, the difference after that many
        steps.
    provenance : mapping of str
        Command and versions; and rng, start, period and steps, which `rerun` uses.
    """

    name: str
    title: str
    metric: str
    direction: str
    hold: str | None
    hold_value: float | None
    tolerance: float | None
    reference: str
    image: NDArray[np.floating]
    values: Mapping[str, float]
    history: Mapping[str, NDArray[Any]]
    provenance: Mapping[str, Any]

    def __repr__(self) -> str:
        value = f"{self.metric} {self.values[self.metric]:.3f}"
        held = "" if self.hold is None else f", {self.hold} {self.values[self.hold]:.3f}"
        return f"<StoredRun {self.name!r}: {value}{held}, after {self.provenance['steps']} steps>"

    def rerun(self, *, steps: int | None = None, every: int = 1) -> Iterator[State]:
        """Return the states of the same search, from its start.

        Parameters
        ----------
        steps : int, optional
            How far; by default to the end, which takes minutes.
        every : int
            How many steps lie between two states.

        Returns
        -------
        iterator of State
            As from `maximise` or `contrast`.

        Raises
        ------
        TypeError, ValueError
            If a number is not a whole number of at least 1.

        Examples
        --------
        >>> run = load_stored("max-ssim")
        >>> for state in run.rerun(steps=100, every=50):
        ...     print(state.step, round(state.value, 2))
        0 0.0
        50 0.49
        100 0.52
        """
        options = {key: self.provenance[key] for key in ("rng", "start", "period")}
        options |= {"steps": self.provenance["steps"] if steps is None else steps, "every": every}
        if self.hold is None or self.hold_value is None or self.tolerance is None:
            return maximise(self.metric, stored_reference(), **options)
        return contrast(
            self.metric,
            self.hold,
            stored_reference(),
            value=self.hold_value,
            tolerance=self.tolerance,
            direction=self.direction,
            **options,
        )


def stored_reference() -> NDArray[np.floating]:
    """Return the image that all stored runs differ from: 4 × 4 cells of Nb₃Sn, 40 cells thick, in focus.

    Returns
    -------
    numpy.ndarray
        Shape (128, 128), intensity relative to the incident beam; 32 pixels per cell.

    Examples
    --------
    >>> stored_reference().shape
    (128, 128)
    """
    return form_image(load_exit_wave(REFERENCE), shape=SHAPE)


def list_stored() -> list[str]:
    """Return the names of the stored runs, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> [name for name in list_stored() if name.startswith("max")]
    ['max-chi_square', 'max-cw_ssim', 'max-mse', 'max-sift', 'max-ssim']
    """
    return sorted(
        path.name.removesuffix(".npz") for path in _folder().iterdir() if path.name.endswith(".npz")
    )


def load_stored(name: str) -> StoredRun:
    """Return one stored run.

    Parameters
    ----------
    name : str
        One of `list_stored`.

    Returns
    -------
    StoredRun
        Its arrays are read-only.

    Raises
    ------
    ValueError
        If there is no run of that name.

    Notes
    -----
    It misleads if its value is taken for the greatest possible: it is what a search of that length found.

    Examples
    --------
    >>> run = load_stored("max-sift")
    >>> run.values["sift"] > 0.95
    True
    >>> run.provenance["command"]
    'python -m hrtem_lab.extremes max-sift'
    """
    names = list_stored()
    if name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}, got {name!r}")
    return _read(name, tuple(METRICS))


@lru_cache(maxsize=16)
def _read(name: str, metrics: tuple[str, ...]) -> StoredRun:
    """Return a run with its values by these metrics; those that the file does not name are computed."""
    with (_folder() / f"{name}.npz").open("rb") as stream, np.load(stream) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header")))
    black, white = header.pop("range")
    levels = arrays.pop("levels")
    image = black + levels.astype(np.float64) * ((white - black) / BRIGHTEST)
    image = np.clip(image, black, white).astype(np.float32)
    for array in (image, *arrays.values()):
        array.flags.writeable = False
    written = header.pop("values")
    values = {
        key: written[key] if key in written else METRICS[key](stored_reference(), image) for key in metrics
    }
    return StoredRun(image=image, history=arrays, values=values, **header)


def _folder() -> Any:
    return resources.files("hrtem_lab") / "data" / "extremes"
