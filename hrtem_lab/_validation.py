"""Checks of what a caller passes: each error states the value and the rule."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def real_number(name: str, value: Any) -> float:
    """Return `value` as a float; it must be one finite real number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """Return `value` as a float; it must be greater than zero."""
    number = real_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return `value` as a float; it must be zero or greater."""
    number = real_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return number


def between_half_and_one(name: str, value: Any) -> float:
    """Return `value` as a float; it must lie between ½, a guess, and 1, certainty."""
    number = real_number(name, value)
    if not 0.5 < number < 1:
        raise ValueError(f"{name} must lie between 0.5 and 1, got {value!r}")
    return number


def positive_integer(name: str, value: Any) -> int:
    """Return `value` as an int; it must be a whole number of at least 1."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value!r}")
    return int(value)


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Return `value` as (rows, columns); one number stands for both."""
    if np.ndim(value) == 0:
        return value, value
    if np.shape(value) != (2,):
        raise ValueError(f"{name} must be one number or (rows, columns), got {value!r}")
    rows, columns = value
    return rows, columns


def image(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as a floating-point image; it must be 2-D, real, finite, not empty and not masked."""
    masked = mask_of(value)
    if masked is not None:
        raise ValueError(
            f"{name} must have no masked pixels, got {masked.sum()} of {masked.size}: "
            "metrics and cell_map take a mask, other functions an image cut or filled (numpy.ma.filled)"
        )
    array = real_image(name, value)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def real_image(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as a floating-point image, 2-D, real and not empty, whose pixels may be of any kind."""
    array = np.asarray(np.ma.getdata(value) if isinstance(value, np.ma.MaskedArray) else value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name} must be 2-D (rows, columns), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return array


def mask_of(value: Any) -> NDArray[np.bool_] | None:
    """Return which pixels of a masked array, or of a list with some, are masked; None if none is."""
    if isinstance(value, np.ma.MaskedArray):
        return np.ma.getmaskarray(value) if np.ma.is_masked(value) else None
    if not isinstance(value, (list, tuple)):
        return None
    parts = [mask_of(one) for one in value]
    if all(part is None for part in parts):
        return None
    pairs = zip(parts, value, strict=True)
    return np.array([np.zeros(np.shape(one), bool) if part is None else part for part, one in pairs])


def mask(value: Any, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return `value` as an image's mask, True where a pixel is left out; None if none is."""
    if value is None or value is np.ma.nomask:
        return None
    array = np.asarray(value)
    if array.dtype != np.bool_:
        raise TypeError(f"mask must hold booleans, True where a pixel is left out, got dtype {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"mask must have the image's shape {shape}, got {array.shape}")
    if array.all():
        raise ValueError(f"mask must leave at least one pixel, got all {array.size} masked")
    return array.copy() if array.any() else None


def same_shape(name: str, array: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Return `array`; it must have the reference's `shape`."""
    if array.shape != shape:
        raise ValueError(f"{name} must have the reference's shape {shape}, got {array.shape}")
    return array


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return `value`; it must be one of the `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value


def orthogonal_structure(atoms: Any) -> None:
    """Raise unless `atoms` are ASE Atoms, at least one, in an orthogonal cell along x, y, z."""
    if not all(hasattr(atoms, name) for name in ("positions", "numbers", "cell")):
        raise TypeError(f"a structure must be ase.Atoms, got {type(atoms).__name__}")
    if len(atoms) == 0:
        raise ValueError("a structure must hold at least one atom, got none")
    cell = np.asarray(atoms.cell)
    if not np.all(np.diag(cell) > 0) or np.abs(cell - np.diag(np.diag(cell))).max() > 1e-6:
        raise ValueError(f"the cell must be orthogonal with edges along x, y, z, got {cell.tolist()}")
