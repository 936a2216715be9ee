"""What each metric sees in one patch of two images, as HTML."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.metrics import METRICS, Prepared
from hrtem_lab.metrics.chi_square import PreparedChiSquare
from hrtem_lab.metrics.cw_ssim import PreparedCWSSIM
from hrtem_lab.metrics.sift import PreparedSIFT
from hrtem_lab.metrics.ssim import disc
from hrtem_lab.rendering import encode_image, encode_map
from hrtem_lab.style import metric_colour, metric_symbol

RADIUS = 5
"""Pixels; the patch is as wide as the circular window of SSIM."""

Pair = tuple[NDArray[np.floating], NDArray[np.floating]]


def cards(images: Pair, place: tuple[int, int], prepared: Mapping[str, Prepared]) -> str:
    """Return one card per metric: what it reads in the patch around a pixel, and its difference there.

    Parameters
    ----------
    images : (numpy.ndarray, numpy.ndarray)
        Reference and image.
    place : (int, int)
        Row and column of the middle of the patch.
    prepared : mapping of str to Prepared
        Key of the metric → its comparison prepared for the reference.
    """
    shown = "".join(
        f'<section class="hl-sees" data-metric="{key}"><h4><span style="color:{metric_colour(key)}">'
        f"{metric_symbol(key)}</span> {METRICS[key].label}</h4>"
        f"{_VIEWS.get(key, _any_metric)(images, place, prepared[key])}</section>"
        for key in prepared
    )
    return f'<div class="hl-sees-row">{shown}</div>'


def patch_of(image: NDArray[np.floating], place: tuple[int, int]) -> NDArray[np.floating]:
    """Return the square patch around a pixel; the whole patch must lie in the image."""
    row, column = place
    return image[row - RADIUS : row + RADIUS + 1, column - RADIUS : column + RADIUS + 1]


def _mse_view(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    reference, image = (np.maximum(pixels, 0) / (np.linalg.norm(pixels) or 1) for pixels in images)
    a, b = patch_of(reference, place), patch_of(image, place)
    white = float(max(reference.max(), image.max())) or 1.0
    share = np.square(a - b).sum() / (np.square(reference - image).sum() or 1)
    return (
        _pictures(encode_image(a, limits=(0, white)), encode_image(b, limits=(0, white)))
        + "<p>Pixels, each image divided by its norm. This patch holds "
        f"<strong>{100 * share:.1f} %</strong> of all squared differences, "
        f"on {100 * a.size / reference.size:.1f} % of the area.</p>"
    )


def _ssim_view(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    window = disc(RADIUS) > 0
    a, b = (patch_of(pixels, place) for pixels in images)
    inside_a, inside_b = a[window], b[window]
    covariance = float(np.mean((inside_a - inside_a.mean()) * (inside_b - inside_b.mean())))
    rows = [
        ("mean μ", inside_a.mean(), inside_b.mean()),
        ("variance σ", inside_a.var(), inside_b.var()),
    ]
    white = float(max(pixels.max() for pixels in images)) or 1.0
    encoded = [encode_image(np.where(window, pixels, white / 2), limits=(0, white)) for pixels in (a, b)]
    return (
        _pictures(*encoded)
        + "<table>"
        + "".join(f"<tr><th>{name}</th><td>{x:.3f}</td><td>{y:.3f}</td></tr>" for name, x, y in rows)
        + f'<tr><th>covariance</th><td colspan="2">{covariance:.3f}</td></tr></table>'
        + f"<p>Difference here: <strong>{prepared.map(images[1])[place]:.3f}</strong></p>"
    )


def _cw_ssim_view(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    assert isinstance(prepared, PreparedCWSSIM)
    row, column = place
    bands = [
        level[row >> number, column >> number]
        for number, level in enumerate(prepared.subbands(images[1]), start=1)
    ]
    periods = "".join(f"<tr><td>{2**n}–{2 ** (n + 1)} px</td></tr>" for n in range(1, len(bands) + 1))
    picture = _image(encode_map(np.array(bands)), "hl-bands", "Differences of the subbands")
    return (
        f'<div class="hl-subbands"><table>{periods}</table>{picture}</div>'
        "<p>Rows: period of the waves. Columns: their 6 directions. Blue 0, yellow 1. "
        f"Mean: <strong>{np.mean(bands):.3f}</strong></p>"
    )


def _sift_view(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    assert isinstance(prepared, PreparedSIFT)
    keypoints = prepared.keypoints(images[1])
    distance = np.hypot(keypoints["y"] - place[0], keypoints["x"] - place[1])
    nearest = int(distance.argmin())
    point = keypoints[nearest]
    stars = [_star(prepared.descriptors(pixels)[nearest]) for pixels in images]
    return (
        f'<div class="hl-two">{stars[0]}{stars[1]}</div>'
        f"<p>Gradient directions around the nearest keypoint, {distance[nearest]:.0f} px away, "
        f"{point['size']:.1f} px wide. Difference there: <strong>{point['difference']:.3f}</strong></p>"
    )


def _chi_square_view(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    assert isinstance(prepared, PreparedChiSquare)
    a, b = (prepared.filter(pixels) for pixels in images)
    white = float(max(a.max(), b.max())) or 1.0
    encoded = [encode_image(patch_of(pixels, place), limits=(0, white)) for pixels in (a, b)]
    terms = prepared.map(images[1])
    here = patch_of(terms, place)
    finest = f"{1 / np.max(prepared.cutoff):.1f} px and more" if prepared.cutoff else "the mean alone"
    return (
        _pictures(*encoded) + f"<p>What the reference's band lets through: {finest}. This patch holds "
        f"<strong>{100 * here.sum() / (terms.sum() or 1):.1f} %</strong> of χ², "
        f"on {100 * here.size / terms.size:.1f} % of the area.</p>"
    )


def _any_metric(images: Pair, place: tuple[int, int], prepared: Prepared) -> str:
    return f"<p>Map here: <strong>{prepared.map(images[1])[place]:.3f}</strong></p>"


def _star(descriptor: NDArray[np.floating]) -> str:
    """Return a descriptor as 4 × 4 stars of 8 directions, in the keypoint's own frame."""
    histogram = descriptor.reshape(4, 4, 8)
    scale = 0.48 / (histogram.max() or 1)
    lines = []
    for row, column, direction in np.argwhere(histogram > 0):
        length = scale * histogram[row, column, direction]
        angle = direction * math.pi / 4
        x, y = column + 0.5, row + 0.5
        lines.append(f"M{x} {y}l{length * math.cos(angle):.3f} {length * math.sin(angle):.3f}")
    grid = "".join(f"M{n} 0V4M0 {n}H4" for n in range(5))
    return (
        '<svg viewBox="-0.05 -0.05 4.1 4.1" role="img" aria-label="SIFT descriptor">'
        f'<path d="{grid}" stroke="#bbb" stroke-width="0.02"/>'
        f'<path d="{"".join(lines)}" stroke="#D55E00" stroke-width="0.05" fill="none"/></svg>'
    )


def _pictures(first: bytes, second: bytes) -> str:
    return (
        f'<div class="hl-two">{_image(first, "", "Patch of the reference")}'
        f"{_image(second, '', 'Patch of the image')}</div>"
    )


def _image(png: bytes, style: str, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img class="{style}" alt="{alt}" src="data:image/png;base64,{data}">'


_VIEWS: dict[str, Callable[[Pair, tuple[int, int], Prepared], str]] = {
    "mse": _mse_view,
    "ssim": _ssim_view,
    "cw_ssim": _cw_ssim_view,
    "sift": _sift_view,
    "chi_square": _chi_square_view,
}
