"""Figures straight from a result: one function for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from hrtem_lab.dose import Sweep, sweep_table
from hrtem_lab.edge_cases import EdgeCase
from hrtem_lab.extremes import State, StoredRun
from hrtem_lab.metrics import METRICS
from hrtem_lab.plots._curves import search_curves
from hrtem_lab.plots._dose import dose_axis, dose_curves
from hrtem_lab.plots._images import gallery
from hrtem_lab.plots._looks import looks, top
from hrtem_lab.plots._sizes import limit_curves, size_curves
from hrtem_lab.sizing import SIZERS, Size, StoredStudy, detection_limit, study_methods

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

# Inches: beside the curves of a study there is room for the names of all variants.
_WIDE = (12.0, 5.0)


def draw(result: Any, *, ideal: Dataset | ArrayLike | None = None) -> Figure:
    """Return the figure of a result.

    Parameters
    ----------
    result : xarray.Dataset, Sweep, Size, StoredStudy, StoredRun, State or mapping
        From `hrtem_lab.dose`: a table of `difference_curve`, `discriminability` or `ideal_observer`, or a
        `Sweep`. From `hrtem_lab.sizing`: a `Size`, a table of `size_study`, `load_study` or
        `detection_limit`, or a `StoredStudy`. From `hrtem_lab.extremes`: a `StoredRun` or a `State`. A
        mapping of names to `hrtem_lab.edge_cases.EdgeCase`, or of keys of metrics to differences.
    ideal : xarray.Dataset or array_like, optional
        For a table of `discriminability`: that of `ideal_observer` at the same doses, or the area under its
        curve at each dose from `predicted_auc`.

    Returns
    -------
    matplotlib.figure.Figure
        Differences, or how well two materials are told apart, by dose; the map of a `Size`; diameters found
        by true diameter for a study at one dose, the smallest diameter found by dose for one of several;
        differences by step of a search.

    Raises
    ------
    TypeError
        If it is no such result.
    ValueError
        If a table by dose holds no dose above 0, or `ideal` does not fit its doses.

    Notes
    -----
    Two images are compared in a figure by `comparison`.

    Examples
    --------
    >>> from hrtem_lab.sizing import load_study
    >>> study = load_study()
    >>> draw(study).axes[0].get_ylabel()
    'smallest diameter found (cells)'
    >>> draw(study.sel(dose_per_area=50)).axes[0].get_ylabel()
    'diameter found (cells)'
    """
    if isinstance(result, Sweep):
        result = sweep_table(result)
    if hasattr(result, "data_vars"):
        return _table(result, ideal)
    figures: dict[type, Callable[[Any], Figure]]
    figures = {Size: _size, StoredStudy: _stored, StoredRun: _run, State: _state}
    for kind, figure in figures.items():
        if isinstance(result, kind):
            return figure(result)
    if isinstance(result, Mapping) and result:
        if all(isinstance(case, EdgeCase) for case in result.values()):
            return gallery(result)
        if all(isinstance(value, Real) for value in result.values()):
            return _bars(result)
    raise TypeError(
        "result must be one of dose, sizing, extremes or edge_cases, or differences by metric, "
        f"got {type(result).__name__}"
    )


def _table(table: Dataset, ideal: Any) -> Figure:
    """Return the figure of a labelled table by what it holds."""
    if "diameter_found" in table and "pristine_found" in table:
        return _limits(detection_limit(table)) if "dose_per_area" in table.dims else _study(table)
    if "diameter" in table and "false_alarm_rate" in table and "dose_per_area" in table.dims:
        return _limits(table)
    if "dose_per_area" in table.dims and ("difference" in table or "log_likelihood_ratio" in table):
        table = table.sel(dose_per_area=table["dose_per_area"] > 0)
        if not table.sizes["dose_per_area"]:
            raise ValueError("result must hold a dose above 0, got none")
        if "log_likelihood_ratio" in table:
            return _observer(table.sortby("dose_per_area"))
        if "auc" in table:
            return _told_apart(table.sortby("dose_per_area"), ideal)
        return _differences(table.sortby("dose_per_area"))
    raise TypeError(
        "result must be a table of difference_curve, discriminability, ideal_observer, size_study or "
        f"detection_limit, got one of {', '.join(map(str, table.data_vars)) or 'nothing'}"
    )


def _by_metric(table: DataArray) -> dict[str, DataArray]:
    """Return the parts of a table by the key of their metric; a metric alone is one part."""
    keys = np.atleast_1d(table["metric"].values).tolist()
    return {key: table.sel(metric=key) if "metric" in table.dims else table for key in keys}


def _told_apart(table: Dataset, ideal: Any) -> Figure:
    doses = table["dose_per_area"].values
    if hasattr(ideal, "data_vars"):
        ideal = ideal["predicted_auc"].reindex(dose_per_area=doses).values
    curve = None if ideal is None else np.asarray(ideal, float)
    if curve is not None and (curve.shape != doses.shape or np.isnan(curve).any()):
        raise ValueError(f"ideal must hold the area at each of the {len(doses)} doses, got {ideal!r}")
    draws = _by_metric(table["difference"])
    metric = next(iter(draws))
    same, other = (
        draws[metric].sel(image=name).transpose("dose_per_area", "repeat").values
        for name in ("same", "other")
    )
    parts = [_by_metric(table[name]) for name in ("auc", "auc_low", "auc_high")]
    areas = {key: tuple(part[key].values for part in parts) for key in draws}
    return dose_curves(doses, metric, same, other, areas, curve)  # type: ignore[arg-type]


def _differences(table: Dataset) -> Figure:
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    axes = figure.subplots()
    nm = 100 * table["dose_per_area"].values
    means, spreads = (_by_metric(table[name]) for name in ("mean", "standard_deviation"))
    drawn, highest = looks(means), []
    for key, by_image in means.items():
        names = by_image["image"].values.tolist() if "image" in by_image.dims else [None]
        for name, line in zip(names, ["-", "--", ":", "-."] * len(names), strict=False):
            chosen = {} if name is None else {"image": name}
            mean, spread = by_image.sel(chosen).values, np.nan_to_num(spreads[key].sel(chosen).values)
            label = drawn[key].label if name is None else f"{drawn[key].label}, {name}"
            colour, marker = drawn[key].colour, drawn[key].marker
            axes.plot(nm, mean, color=colour, linestyle=line, marker=marker, markersize=4, label=label)
            axes.fill_between(nm, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
            highest.append(float(np.nanmax(mean + spread)) if np.isfinite(mean).any() else 0.0)
    axes.set(ylim=(0, top(*highest)), ylabel="difference")
    dose_axis(axes, (nm[0] / 100, nm[-1] / 100))
    axes.legend(
        title=f"band: ± standard deviation of {table.sizes['repeat']}", fontsize=8, title_fontsize=7.5
    )
    return figure


def _observer(table: Dataset) -> Figure:
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    axes = figure.subplots()
    nm = 100 * table["dose_per_area"].values
    axes.plot(nm, table["auc"].values, color="black", marker="o", linestyle="none", label="from draws")
    axes.fill_between(nm, table["auc_low"].values, table["auc_high"].values, color="0.6", alpha=0.4)
    axes.plot(nm, table["predicted_auc"].values, color="black", label="closed form")
    axes.set(ylim=(0.35, 1.005), ylabel="AUC of the ideal observer")
    dose_axis(axes, (nm[0] / 100, nm[-1] / 100))
    axes.legend(loc="lower right")
    return figure


def _stored(study: StoredStudy) -> Figure:
    limits = {_method(name): study.limits(name) for name in study.methods}
    greatest = float(study.diameters.max())
    return limit_curves(
        study.doses, limits, styles=_styles(list(study.methods)), greatest=greatest, size=_WIDE
    )


def _run(run: StoredRun) -> Figure:
    return search_curves(run, stored={run.metric: run.values[run.metric]})


def _method(name: str) -> str:
    known = study_methods()
    return known[name].label if name in known else name


def _style(name: str) -> dict[str, Any]:
    """Return colour and marker of a method of a study; a variant is drawn as a broken line."""
    known = study_methods()
    if name not in known:
        return {}
    row = known[name].row
    line = "-" if name == row.key else "--" if name.endswith("compact") else ":"
    return {"color": row.colour, "marker": row.marker or "none", "linestyle": line}


def _styles(names: list[str]) -> dict[str, dict[str, Any]]:
    return {_method(name): style for name in names if (style := _style(name))}


def _limits(table: Dataset) -> Figure:
    limits = table["diameter"]
    methods = np.atleast_1d(table["method"].values).tolist()
    ordered = limits.sortby("dose_per_area")
    curves = {
        _method(name): (ordered.sel({"method": name}) if "method" in ordered.dims else ordered).values
        for name in methods
    }
    found = np.nanmax(limits.values) if np.isfinite(limits.values).any() else 0
    doses = ordered["dose_per_area"].values
    return limit_curves(doses, curves, styles=_styles(methods), greatest=max(14.0, float(found)), size=_WIDE)


def _study(study: Dataset) -> Figure:
    methods = np.atleast_1d(study["method"].values).tolist()
    found = study["diameter_found"] / study.attrs["cell_angstrom"]
    found = found.expand_dims([name for name in ("diameter",) if name not in found.dims])
    curves = {}
    for name in methods:
        one = found.sel({"method": name}) if "method" in found.dims else found
        curves[_method(name)] = one.transpose("diameter", "draw").values
    diameters = np.atleast_1d(study["diameter"].values)
    title = f"{study['dose_per_area'].item():g} e⁻/Å²"
    return size_curves(
        diameters, curves, styles=_styles(methods), cell=study.attrs["cell_angstrom"], title=title, size=_WIDE
    )


def _size(size: Size) -> Figure:
    figure = Figure(figsize=(5.6, 5.0), layout="constrained")
    axes = figure.subplots()
    rows, columns = size.map.shape
    edge = size.cell / 10
    shown = axes.imshow(size.map, cmap="cividis", extent=(0, columns * edge, rows * edge, 0))
    for row, column in np.argwhere(size.mask):
        corner = (column * edge, row * edge)
        axes.add_patch(Rectangle(corner, edge, edge, fill=False, edgecolor="#D55E00", linewidth=1.2))
    row_of_table = SIZERS.get(size.method)
    quantity = row_of_table.quantity if row_of_table else "map"
    figure.colorbar(shown, ax=axes, shrink=0.8, label=f"{quantity} (threshold {size.threshold:.3g})")
    words = "no precipitate detectable"
    if size.detected:
        interval = f"{size.low / 10:.3g} to {size.high / 10:.3g} nm"
        words = f"{size.diameter / 10:.3g} nm ({interval}), {size.diameter_in_cells:.3g} cells"
    axes.set(
        title=f"{words}\n{row_of_table.label if row_of_table else size.method}", xlabel="nm", ylabel="nm"
    )
    return figure


def _state(state: State) -> Figure:
    figure = Figure(figsize=(4.2, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(state.image, cmap="gray", interpolation="nearest")
    axes.set(title=f"difference {state.value:.3f} after {state.step} steps", xlabel="pixels")
    return figure


def _bars(differences: Mapping[str, float]) -> Figure:
    """Return a bar for each metric's difference."""
    figure = Figure(figsize=(6.4, 0.9 + 0.45 * len(differences)), layout="constrained")
    axes = figure.subplots()
    drawn = looks(differences)
    values = [float(value) for value in differences.values()]
    axes.barh(range(len(values)), values, color=[look.colour for look in drawn.values()])
    for place, value in enumerate(values):
        axes.annotate(f" {value:.3f}", (max(value, 0), place), va="center", fontsize=9)
    axes.set_yticks(range(len(values)), [look.label for look in drawn.values()])
    axes.set(xlim=(0, 1.15 * top(*values)), ylim=(len(values) - 0.5, -0.5), xlabel="difference")
    for place, (key, value) in enumerate(zip(differences, values, strict=True)):
        threshold = METRICS[key].threshold if key in METRICS else None
        if threshold is not None and np.isfinite(value):
            axes.plot([threshold] * 2, [place - 0.4, place + 0.4], color="black", linestyle=":")
    return figure
