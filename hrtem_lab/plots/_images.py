"""Images side by side with every metric's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_lab.edge_cases import EdgeCase
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import UNSEEN_GREY


def gallery(cases: Mapping[str, EdgeCase], differences: Mapping[str, Mapping[str, float]]) -> Figure:
    """Return the test images with every metric's difference under each.

    Parameters
    ----------
    cases : mapping of str to EdgeCase
        From `hrtem_lab.edge_cases.edge_cases`; the first is the reference and sets the contrast.
    differences : mapping of str to mapping of str to float
        Key of the case → key of the metric → difference.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = 4
    rows = -(-len(cases) // columns)
    figure = Figure(figsize=(10, 3.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    white = float(next(iter(cases.values())).image.max())
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (key, case) in zip(grid.flat, cases.items(), strict=False):
        axes.imshow(case.image, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
        words = [f"{METRICS[m].label} {value:.3f}" for m, value in differences[key].items()]
        lines = ["   ".join(words[start : start + 2]) for start in range(0, len(words), 2)]
        axes.set_title("\n".join([case.label, *lines]), fontsize=9)
    figure.supxlabel(f"black 0, white {white:.2f} of the incident beam, in every image", fontsize=8)
    return figure


def comparison(
    reference: NDArray[np.floating],
    image: NDArray[np.floating],
    maps: Mapping[str, NDArray[np.floating]],
    differences: Mapping[str, float],
    *,
    titles: tuple[str, str],
    field_of_view: tuple[float, float],
) -> Figure:
    """Return two images side by side with difference maps and the metrics' values.

    Parameters
    ----------
    reference, image : numpy.ndarray
        Intensities; both are shown with the reference's contrast.
    maps : mapping of str to numpy.ndarray
        Key of the metric → map from 0 to 1, NaN where it does not look.
    differences : mapping of str to float
        Key of the metric → difference.
    titles : (str, str)
        What the two images are.
    field_of_view : (float, float)
        Height and width in Å.

    Returns
    -------
    matplotlib.figure.Figure
        Axes are in nm.
    """
    figure = Figure(figsize=(3.1 * (2 + len(maps)), 3.9), layout="constrained")
    axes = figure.subplots(1, 2 + len(maps))
    extent = (0.0, field_of_view[1] / 10, field_of_view[0] / 10, 0.0)
    white = float(reference.max()) or 1.0
    for panel, pixels, title in zip(axes, (reference, image), titles, strict=False):
        panel.imshow(pixels, cmap="gray", vmin=0, vmax=white, extent=extent, interpolation="nearest")
        panel.set(title=title, xlabel="nm")
    for panel, (key, values) in zip(axes[2:], maps.items(), strict=True):
        panel.set_facecolor(str(UNSEEN_GREY / 255))
        drawn = panel.imshow(values, cmap="cividis", vmin=0, vmax=1, extent=extent, interpolation="nearest")
        panel.set(title=f"{METRICS[key].label} map", xlabel="nm")
    if maps:
        figure.colorbar(drawn, ax=axes[2:], shrink=0.7, label="difference")
    words = "   ".join(f"{METRICS[key].label} {value:.3f}" for key, value in differences.items())
    figure.suptitle(f"{words}\ncontrast of both images: black 0, white {white:.2f} of the incident beam")
    return figure


def panels(
    images: Mapping[str, NDArray[np.floating]],
    differences: Sequence[Mapping[str, float]],
    *,
    notes: Sequence[str],
    white: float,
    field_of_view: tuple[float, float],
    columns: int = 3,
) -> Figure:
    """Return images of one field of view with a title above and every metric's difference under each.

    Parameters
    ----------
    images : mapping of str to numpy.ndarray
        Title → intensity; the numbers of pixels may differ.
    differences : sequence of mapping of str to float
        Key of the metric → difference, for each image.
    notes : sequence of str
        What stands under each title, in one line or more.
    white : float
        Intensity shown white in all; 0 is black.
    field_of_view : (float, float)
        Height and width in Å.
    columns : int
        Images side by side.

    Returns
    -------
    matplotlib.figure.Figure
        Axes are in nm.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(3.5 * columns, 4.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    extent = (0.0, field_of_view[1] / 10, field_of_view[0] / 10, 0.0)
    for axes in grid.flat[len(images) :]:
        axes.set_axis_off()
    for axes, (title, image), values, note in zip(
        grid.flat, images.items(), differences, notes, strict=False
    ):
        axes.imshow(image, cmap="gray", vmin=0, vmax=white, extent=extent, interpolation="nearest")
        axes.set_title(f"{title}\n{note}", fontsize=9)
        words = [f"{METRICS[key].label} {value:.3f}" for key, value in values.items()]
        lines = "   ".join(words[:3]) + "\n" + "   ".join(words[3:])
        axes.set_xlabel(f"nm\n{lines}", fontsize=9)
    figure.supxlabel(f"black 0, white {white:.2f} of the incident beam, in every image", fontsize=8)
    return figure
