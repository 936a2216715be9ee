"""Images side by side with every metric's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.edge_cases import EdgeCase
from hrtem_lab.metrics import prepare
from hrtem_lab.plots._looks import looks
from hrtem_lab.rendering import UNSEEN_GREY


def gallery(
    cases: Mapping[str, EdgeCase], differences: Mapping[str, Mapping[str, float]] | None = None
) -> Figure:
    """Return the test images with every metric's difference under each.

    Parameters
    ----------
    cases : mapping of str to EdgeCase
        From `hrtem_lab.edge_cases.edge_cases`; the first is the reference and sets the contrast.
    differences : mapping of str to mapping of str to float
        Key of the case → key of the metric → difference; by default those of all `METRICS` from the first
        case.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if differences is None:
        compare = prepare(next(iter(cases.values())).image)
        differences = {
            key: {metric: difference(case.image) for metric, difference in compare.items()}
            for key, case in cases.items()
        }
    columns = 4
    rows = -(-len(cases) // columns)
    figure = Figure(figsize=(10, 3.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    white = float(next(iter(cases.values())).image.max())
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (key, case) in zip(grid.flat, cases.items(), strict=False):
        axes.imshow(case.image, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
        drawn = looks(differences[key])
        words = [f"{drawn[m].label} {value:.3f}" for m, value in differences[key].items()]
        lines = ["   ".join(words[start : start + 2]) for start in range(0, len(words), 2)]
        axes.set_title("\n".join([case.label, *lines]), fontsize=9)
    figure.supxlabel(f"black 0, white {white:.2f} of the incident beam, in every image", fontsize=8)
    return figure


def comparison(
    reference: ArrayLike,
    image: ArrayLike,
    maps: Mapping[str, NDArray[np.floating]] | None = None,
    differences: Mapping[str, float] | None = None,
    *,
    titles: tuple[str, str] = ("reference", "image"),
    field_of_view: tuple[float, float] | None = None,
) -> Figure:
    """Return two images side by side with difference maps and the metrics' values.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Intensities; both are shown with the reference's contrast.
    maps : mapping of str to numpy.ndarray
        Key of the metric → map from 0 to 1, NaN where it does not look; by default those of all `METRICS`.
    differences : mapping of str to float
        Key of the metric → difference; by default those of all `METRICS`.
    titles : (str, str)
        What the two images are.
    field_of_view : (float, float), optional
        Height and width in Å.

    Returns
    -------
    matplotlib.figure.Figure
        Axes are in nm, or in pixels without a field of view.

    Raises
    ------
    TypeError, ValueError
        If the images are none that the metrics can compare.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> [axes.get_title() for axes in comparison(atoms, atoms[::-1]).axes[:3]]
    ['reference', 'image', 'MSE map']
    """
    reference, image = _validation.image("reference", reference), _validation.image("image", image)
    if maps is None or differences is None:
        compare = prepare(reference)
        if maps is None:
            maps = {key: one.map(image) for key, one in compare.items()}
        if differences is None:
            differences = {key: one(image) for key, one in compare.items()}
    drawn = looks({**maps, **differences})
    unit = "pixels" if field_of_view is None else "nm"
    height, width = image.shape if field_of_view is None else (side / 10 for side in field_of_view)
    figure = Figure(figsize=(3.1 * (2 + len(maps)), 3.9), layout="constrained")
    axes = figure.subplots(1, 2 + len(maps))
    extent = (0.0, width, height, 0.0)
    white = float(reference.max()) or 1.0
    for panel, pixels, title in zip(axes, (reference, image), titles, strict=False):
        panel.imshow(pixels, cmap="gray", vmin=0, vmax=white, extent=extent, interpolation="nearest")
        panel.set(title=title, xlabel=unit)
    for panel, (key, values) in zip(axes[2:], maps.items(), strict=True):
        panel.set_facecolor(str(UNSEEN_GREY / 255))
        shown = panel.imshow(values, cmap="cividis", vmin=0, vmax=1, extent=extent, interpolation="nearest")
        panel.set(title=f"{drawn[key].label} map", xlabel=unit)
    if maps:
        figure.colorbar(shown, ax=axes[2:], shrink=0.7, label="difference")
    words = "   ".join(f"{drawn[key].label} {value:.3f}" for key, value in differences.items())
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
        words = [f"{look.label} {values[key]:.3f}" for key, look in looks(values).items()]
        lines = "   ".join(words[:3]) + "\n" + "   ".join(words[3:])
        axes.set_xlabel(f"nm\n{lines}", fontsize=9)
    figure.supxlabel(f"black 0, white {white:.2f} of the incident beam, in every image", fontsize=8)
    return figure
