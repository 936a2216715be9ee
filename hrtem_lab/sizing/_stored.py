"""The study that comes with the package."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xarray import Dataset


def load_study() -> Dataset:
    """Return the stored study: diameters 1 to 14 at 20 to 50 000 e⁻/nm² by every method.

    Returns
    -------
    xarray.Dataset
        As from `size_study`, with the dimensions method, diameter (in cells, 1 to 14), dose_per_area
        (0.2, 0.5, 1, 2, 5, 10, 20, 50, 150 and 500 e⁻/Å²) and draw (20), and exposure for pristine images;
        see `size_study` for the variables, and `study_table` and `detection_limit` for what they say.

    Examples
    --------
    >>> study = load_study()
    >>> dict(study.sizes)["draw"], study.attrs["command"]
    (20, 'python -m hrtem_lab.sizing')
    """
    return _stored().copy(deep=True)


@lru_cache(maxsize=1)
def _stored() -> Dataset:
    return read_study(resources.files("hrtem_lab") / "data" / "sizing" / "study.npz")


def write_study(study: Dataset, path: Path) -> None:
    """Write a study as a compressed ``.npz`` with its names, units and attributes as JSON in ``header``."""
    header = {
        "attributes": dict(study.attrs),
        "variables": {name: list(study[name].dims) for name in study.variables},
        "units": {name: study[name].attrs for name in study.variables},
    }
    arrays = {str(name): study[name].values for name in study.variables}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]


def read_study(path: Any) -> Dataset:
    """Return a study that `write_study` wrote."""
    from xarray import Dataset  # noqa: PLC0415

    with path.open("rb") as stream, np.load(stream) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header")))
    dims, units = header["variables"], header["units"]
    variables = {name: (dims[name], array, units[name]) for name, array in arrays.items()}
    coordinates = {name: variables.pop(name) for name in ("method", "diameter", "dose_per_area")}
    return Dataset(variables, coords=coordinates, attrs=header["attributes"])
