"""The metrics compared with scikit-image, dtcwt and OpenCV, and the time that a prepared reference saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row
from benchmarks.timing import milliseconds
from hrtem_lab.metrics import METRICS
from hrtem_lab.metrics._wavelets import transform
from hrtem_lab.simulation import form_image, load_exit_wave

PIXELS = 512
PREPARED_LIMITS = {"cw_ssim": 0.75, "sift": 0.75}

Image = NDArray[np.float32]
Call = Callable[[], Any]


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield each metric compared with its peer, then a prepared comparison with an unprepared one.

    Parameters
    ----------
    quick : bool
        Whether fewer repetitions will do.
    """
    seconds = 1.5 if quick else 8
    reference, image = pair()
    for key, (peer_name, peer, ratio_limit) in _peers(reference, image).items():
        ours = partial(METRICS[key].function, reference, image)
        times = milliseconds({"ours": ours, "peer": peer}, seconds=seconds)
        yield Row(
            what=f"{METRICS[key].label} 512²",
            ours=times["ours"],
            unit="ms",
            peer=times["peer"],
            peer_name=peer_name,
            ratio_limit=ratio_limit,
        )
    for key, metric in METRICS.items():
        prepared = metric.prepare(reference)
        calls = {"again": partial(prepared, image), "anew": partial(metric.function, reference, image)}
        times = milliseconds(calls, seconds=seconds)
        yield Row(
            what=f"{metric.label} 512², a further comparison",
            ours=times["again"],
            unit="ms",
            peer=times["anew"],
            peer_name="calling anew",
            ratio_limit=PREPARED_LIMITS.get(key),
        )


def pair() -> tuple[Image, Image]:
    """Return 16 × 16 cells of pristine Nb₃Sn, and the same with a precipitate of 6 cells diameter."""
    specimen = load_exit_wave("precipitate-06")
    image = form_image(specimen, shape=PIXELS)
    return form_image(load_exit_wave("nb3sn"), shape=PIXELS, field_of_view=specimen.field_of_view), image


def _peers(reference: Image, image: Image) -> dict[str, tuple[str, Call, float]]:
    """Return the name, the call and the largest ratio of each metric's peer."""
    return {
        "ssim": ("scikit-image, 9 × 9 window", _scikit_image(reference, image), 1.0),
        "cw_ssim": ("two dtcwt transforms", _two_transforms(reference, image), 1.5),
        "sift": ("bare OpenCV calls", _bare_opencv(reference, image), 1.3),
        "chi_square": ("its nine Fourier transforms", _nine_transforms(reference, image), 1.8),
    }


def _scikit_image(reference: Image, image: Image) -> Call:
    """Return scikit-image's SSIM with a square window that has as many pixels as the disc: 81."""
    from skimage.metrics import structural_similarity

    contrast = float(np.ptp(reference))
    return partial(structural_similarity, reference, image, win_size=9, data_range=contrast)


def _two_transforms(reference: Image, image: Image) -> Call:
    """Return the wavelet transforms of both images, with the filters and levels of `cw_ssim`."""
    options = METRICS["cw_ssim"].options
    forward = transform(options["biort"], options["qshift"]).forward
    levels = options["levels"] or 4
    return lambda: [forward(pixels, nlevels=levels) for pixels in (reference, image)]


def _nine_transforms(reference: Image, image: Image) -> Call:
    """Return a call of five real Fourier transforms and four inverse ones, as many as χ² needs."""
    pixels = [np.asarray(each, np.float64) for each in (reference, image)]
    spectrum = np.fft.rfft2(pixels[0])

    def calls() -> list[Any]:
        there = [np.fft.rfft2(each) for each in (*[pixels[0]] * 4, pixels[1])]
        back = [np.fft.irfft2(spectrum, reference.shape) for _ in range(4)]
        return [*there, *back]

    return calls


def _bare_opencv(reference: Image, image: Image) -> Call:
    """Return a call that finds keypoints and describes them in both images, which are 8-bit already."""
    options = METRICS["sift"].options
    detector = cv2.SIFT_create(  # type: ignore[attr-defined]
        nOctaveLayers=options["octave_layers"],
        contrastThreshold=options["contrast_threshold"],
        edgeThreshold=options["edge_threshold"],
        sigma=options["sigma"],
    )
    greys = [
        np.clip(np.rint((pixels - reference.min()) / np.ptp(reference) * 255), 0, 255).astype(np.uint8)
        for pixels in (reference, image)
    ]

    def calls() -> list[Any]:
        keypoints = detector.detect(greys[0], None)
        return [detector.compute(grey, keypoints) for grey in greys]

    return calls
