"""Images as PNG bytes, and marks drawn over them as SVG, fast enough for a slider."""

from __future__ import annotations

import math
from html import escape
from numbers import Real

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation

UNSEEN_GREY = 215
"""Grey level of map pixels where a metric does not look: lighter than any grey in cividis itself."""


def encode_image(image: ArrayLike, *, limits: tuple[float, float]) -> bytes:
    """Return an image as a grey PNG.

    Parameters
    ----------
    image : array_like, shape (rows, columns)
        Intensity: finite real numbers of any size and type, scaled in double precision.
    limits : (float, float)
        Finite intensities shown black and white; lower intensities are black, higher ones white.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError, ValueError
        If the image is not a 2-D array of finite real numbers, or the limits are not two finite numbers with
        white above black.

    Notes
    -----
    Whole numbers above 2⁵³ are rounded to the nearest double, so that neighbours may share a grey.

    Examples
    --------
    >>> encode_image(np.zeros((4, 4)), limits=(0, 1))[1:4]
    b'PNG'
    """
    return _png(_levels(_validation.image("image", image), limits))


def encode_map(differences: ArrayLike, *, maximum: float = 1.0) -> bytes:
    """Return a difference map as a PNG in the perceptually uniform colour map cividis; NaN is grey.

    Parameters
    ----------
    differences : array_like, shape (rows, columns)
        From 0 to `maximum`; what lies beyond gets the first or last colour, what is masked is unseen.
    maximum : float
        The difference shown in the last colour.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError, ValueError
        If the differences are not a 2-D array of real numbers or one is infinite, or `maximum` is not
        positive and finite.

    Examples
    --------
    >>> encode_map([[0.0, 1.0], [0.5, float("nan")]])[1:4]
    b'PNG'
    """
    values = np.asanyarray(differences)
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(float), np.nan)
    unseen = np.zeros(values.shape, bool)
    if values.dtype.kind == "f":
        unseen = np.isnan(values)
        values = np.where(unseen, 0, values)
    levels = _levels(_validation.image("differences", values), (0, maximum))
    colours = np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_CIVIDIS), np.uint8)
    colours[unseen] = UNSEEN_GREY
    return _png(colours)


def scale_bar(field_of_view: tuple[float, float]) -> str:
    """Return a scale bar with its length in nm as an SVG drawn over an image.

    Parameters
    ----------
    field_of_view : (float, float)
        Height and width of the image in Å.

    Returns
    -------
    str
        One `<svg>` element whose coordinates are Å.

    Raises
    ------
    TypeError, ValueError
        If a length is not positive and finite.

    Examples
    --------
    >>> "0.5 nm" in scale_bar((21.1, 21.1))
    True
    """
    height, width = _validation.pixel_size("field_of_view", field_of_view)
    length = _round_length(width / 3.5)
    unit = width / 100
    x, y = 5 * unit, height - 6 * unit
    label = f"{length / 10:g} nm"
    shapes = (
        f'<rect x="{x - 2 * unit:.4g}" y="{y - 8 * unit:.4g}" width="{length + 4 * unit:.4g}" '
        f'height="{12 * unit:.4g}" rx="{unit:.4g}" fill="#000" fill-opacity="0.6"/>'
        f'<rect x="{x:.4g}" y="{y:.4g}" width="{length:.4g}" height="{1.6 * unit:.4g}" fill="#fff"/>'
        f'<text x="{x + length / 2:.4g}" y="{y - 1.5 * unit:.4g}" font-size="{6 * unit:.4g}" fill="#fff" '
        f'text-anchor="middle" font-family="sans-serif">{label}</text>'
    )
    return overlay(shapes, (height, width))


def keypoint_marks(keypoints: NDArray[np.void]) -> str:
    """Return SIFT keypoints as SVG circles of their size with a line in their orientation.

    Parameters
    ----------
    keypoints : structured array
        From `hrtem_lab.metrics.sift_keypoints`; the colour runs from yellow (same) to red (different).

    Returns
    -------
    str
        SVG shapes in pixel coordinates, for `overlay`.

    Examples
    --------
    >>> keypoint_marks(np.zeros(0, [("x", float)]))
    ''
    """
    marks = []
    for point in keypoints:
        angle, radius = math.radians(point["angle"]), point["size"] / 2
        # Pixel centres lie half a pixel inside the picture's coordinates.
        x, y = point["x"] + 0.5, point["y"] + 0.5
        colour = f"hsl({60 - 60 * min(float(point['difference']), 1):.0f} 100% 55%)"
        marks.append(
            f'<g stroke="{colour}" stroke-width="0.7" fill="none">'
            f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}"/>'
            f'<line x1="{x:.2f}" y1="{y:.2f}" x2="{x + radius * math.cos(angle):.2f}" '
            f'y2="{y + radius * math.sin(angle):.2f}"/></g>'
        )
    return "".join(marks)


def box_mark(center: tuple[float, float], size: float) -> str:
    """Return a square frame as SVG shapes in pixel coordinates, for `overlay`.

    Parameters
    ----------
    center : (float, float)
        (x, y) in pixels.
    size : float
        Side in pixels.
    """
    x, y = center[0] - size / 2, center[1] - size / 2
    frame = f'<rect x="{x:.2f}" y="{y:.2f}" width="{size:.2f}" height="{size:.2f}" fill="none" '
    return f'{frame}stroke="#000" stroke-width="2"/>{frame}stroke="#fff" stroke-width="1"/>'


def line_mark(x: float, top: float = 0.0, bottom: float = 1.0) -> str:
    """Return a vertical line in a picture whose coordinates run from 0 to 1, for `overlay`.

    Parameters
    ----------
    x : float
        From 0 (left) to 1 (right).
    top, bottom : float
        Ends of the line, from 0 (top) to 1 (bottom).
    """
    return (
        f'<line x1="{x:.5f}" y1="{top:.4f}" x2="{x:.5f}" y2="{bottom:.4f}" stroke="#000" stroke-width="1.5" '
        'stroke-dasharray="5 3" vector-effect="non-scaling-stroke"/>'
    )


def overlay(shapes: str, size: tuple[float, float]) -> str:
    """Return SVG shapes as one element that covers a picture.

    Parameters
    ----------
    shapes : str
        SVG elements.
    size : (float, float)
        Height and width of the picture in the shapes' coordinates.
    """
    view = f"0 0 {size[1]:g} {size[0]:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{escape(view)}" preserveAspectRatio="none" '
        f'aria-hidden="true">{shapes}</svg>'
    )


def _levels(image: NDArray[np.floating], limits: tuple[float, float]) -> NDArray[np.uint8]:
    if np.shape(limits) != (2,) or not all(isinstance(limit, Real) for limit in limits):
        raise TypeError(f"limits must be two real numbers, (black, white), got {limits!r}")
    black, white = limits
    if not white > black:
        raise ValueError(f"the limits' white must be above black, got {limits!r}")
    black, white = (_validation.real_number("limits", limit) for limit in limits)
    # Cut off first, then measured by the greater limit, no intermediate leaves ±2, whatever the unit.
    unit = max(abs(black), abs(white))
    scaled = np.clip(image, black, white, dtype=np.float64)
    scaled /= unit
    scaled -= black / unit
    scaled *= 255 / (white / unit - black / unit)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    # With the lightest compression the picture appears soonest, although the file is larger.
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _round_length(length: float) -> float:
    """Return the greatest of 1, 2, 5 × 10ⁿ Å that is not longer than `length`."""
    power = 10.0 ** math.floor(math.log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))
