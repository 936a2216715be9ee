"""Images side by side with every metric's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.edge_cases import EdgeCase
from hrtem_lab.metrics import prepare
from hrtem_lab.plots._grid import picture_grid, room_for_bar
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
    white = float(next(iter(cases.values())).image.max())
    figure, grid = picture_grid(
        [f"{case.label}\n{_numbers(differences[key])}" for key, case in cases.items()],
        [""] * len(cases),
        columns=4,
        side=2.0,
        note=f"black 0, white {white:.2f} of the incident beam, in every image",
    )
    for axes, case in zip(grid, cases.values(), strict=True):
        axes.imshow(case.image, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
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
    white = float(reference.max()) or 1.0
    contrast = f"contrast of both images: black 0, white {white:.2f} of the incident beam"
    figure, axes = picture_grid(
        [*titles, *(f"{drawn[key].label} map" for key in maps)],
        [unit] * (2 + len(maps)),
        columns=4,
        side=2.55,
        aspect=height / width,
        fontsize=10,
        heading=f"{_numbers(differences)}\n{contrast}",
        right=0.95 if maps else 0.15,
    )
    extent = (0.0, width, height, 0.0)
    for panel, pixels in zip(axes, (reference, image), strict=False):
        panel.imshow(pixels, cmap="gray", vmin=0, vmax=white, extent=extent, interpolation="nearest")
    for panel, values in zip(axes[2:], maps.values(), strict=True):
        panel.set_facecolor(str(UNSEEN_GREY / 255))
        shown = panel.imshow(values, cmap="cividis", vmin=0, vmax=1, extent=extent, interpolation="nearest")
    if maps:
        figure.colorbar(shown, cax=room_for_bar(figure, axes[-1]), label="difference")
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
    figure, grid = picture_grid(
        [f"{title}\n{note}" for title, note in zip(images, notes, strict=True)],
        [f"nm\n{_numbers(values)}" for values in differences],
        columns=columns,
        side=2.95,
        aspect=field_of_view[0] / field_of_view[1],
        note=f"black 0, white {white:.2f} of the incident beam, in every image",
    )
    extent = (0.0, field_of_view[1] / 10, field_of_view[0] / 10, 0.0)
    for axes, image in zip(grid, images.values(), strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=white, extent=extent, interpolation="nearest")
    return figure


def _numbers(differences: Mapping[str, float]) -> str:
    """Return every metric's label and difference; a label and its number stay in one line."""
    drawn = looks(differences)
    return "   ".join(f"{drawn[key].label}\u00a0{value:.3f}" for key, value in differences.items())
