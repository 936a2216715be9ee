"""Tables of the stored study of mismatches: false alarms, and errors of the size."""

from __future__ import annotations

import numpy as np

from docs.markdown import table
from hrtem_lab.sizing.mismatches import KINDS, MISMATCHES, mismatch_methods, stored_mismatch_study

WHOLE = ("sphere", "sphere_alone", "ideal", "ideal_untold")
"""Methods that weigh precipitates as a whole; the others count cells."""
SPHERES = ("grid", "sphere")
SMALLEST = 5.0
"""Cells; smaller spheres are often not found."""
SHOWN_DOSES = (10.0, 50.0, 500.0)
THIN_SPACE = "\u202f"


def alarms() -> str:
    """Return one row per mismatch: false alarms of the methods that weigh precipitates as a whole, in %."""
    return _alarms([name for name in WHOLE if name in stored_mismatch_study().methods])


def counted_alarms() -> str:
    """Return the same of the methods that count cells."""
    names = stored_mismatch_study().methods
    return _alarms([name for name in names if name not in WHOLE and not name.endswith("_compact")])


def sizes() -> str:
    """Return one row per kind of specimen and dose: how well the sphere sizes it, over all mismatches."""
    study = stored_mismatch_study()
    header = [
        "specimens",
        "dose, e⁻/nm²",
        "exposures",
        "found, %",
        "bias",
        "rms",
        "interval holds, %",
        "half-width",
    ]
    rows = []
    for kind in dict.fromkeys(study.kinds):
        for index, dose in enumerate(study.doses):
            errors = study.errors("sphere", dose=index, kinds=[kind])
            numbers = [errors.bias, errors.rms, 100 * errors.coverage, errors.half_width]
            written = [_number(one, digits) for one, digits in zip(numbers, (2, 2, 0, 2), strict=True)]
            first = [KINDS[kind], _dose(dose), str(errors.exposures), _number(100 * errors.found, 0)]
            rows.append([*first, *written])
    return table(header, rows)


def pairs() -> str:
    """Return one row: in which share of the exposures of pairs the sphere finds both, by dose."""
    study = stored_mismatch_study()
    shares = [_number(100 * study.both_found("sphere", dose=one), 0) for one in range(len(study.doses))]
    return table(["dose, e⁻/nm²", *map(_dose, study.doses)], [["both found, in % of the exposures", *shares]])


def sizes_by_mismatch() -> str:
    """Return one row per mismatch: the sphere's errors with spheres by dose, and how often it is right."""
    study = stored_mismatch_study()
    rows = []
    for key in study.size_mismatches:
        cells = []
        for index in range(len(study.doses)):
            errors = study.errors("sphere", dose=index, kinds=SPHERES, mismatches=[key], smallest=SMALLEST)
            cells.append(f"{_number(errors.rms, 2)} ({_number(100 * errors.coverage, 0)})")
        rows.append([MISMATCHES[key].label, *cells])
    return table(["mismatch", *map(_dose, study.doses)], rows)


def sizes_by_method() -> str:
    """Return one row per method: its errors with spheres, without a mismatch and with several at once."""
    study = stored_mismatch_study()
    columns = [(key, dose) for key in ("none", "several") for dose in SHOWN_DOSES]
    rows = []
    for name in study.methods:
        if name.endswith("_compact"):
            continue
        cells = []
        for key, dose in columns:
            index = int(np.abs(study.doses - dose).argmin())
            errors = study.errors(name, dose=index, kinds=SPHERES, mismatches=[key], smallest=SMALLEST)
            cells.append(f"{_number(errors.rms, 2)} ({_number(100 * errors.found, 0)})")
        rows.append([f"`{name}`", *cells])
    return table(["method", *(f"{MISMATCHES[key].label}, {_dose(dose)}" for key, dose in columns)], rows)


def mismatches() -> str:
    """Return one row per mismatch: its key and what it is."""
    return table(["key", "mismatch"], [[f"`{row.key}`", row.description] for row in MISMATCHES.values()])


def methods() -> str:
    """Return one row per method of the study, with the number of pristine exposures at each dose."""
    study, labels = stored_mismatch_study(), mismatch_methods()
    exposures = np.isfinite(study.alarms).sum(axis=-1).max(axis=(1, 2))
    rows = [
        [f"`{name}`", labels.get(name, name), str(number)]
        for name, number in zip(study.methods, exposures, strict=True)
    ]
    return table(["method", "what it is", "pristine exposures"], rows)


def _alarms(names: list[str]) -> str:
    study = stored_mismatch_study()
    by_method = [study.false_alarms(name) for name in names]
    rows = [
        [
            MISMATCHES[key].label,
            *(" / ".join(_number(100 * share, 0) for share in shares[index]) for shares in by_method),
        ]
        for index, key in enumerate(study.mismatches)
    ]
    return table(["mismatch", *(f"`{name}`" for name in names)], rows)


def _dose(dose: float) -> str:
    """Return a dose in e⁻/nm²."""
    return f"{100 * dose:,.0f}".replace(",", THIN_SPACE)


def _number(value: float, digits: int) -> str:
    return "–" if np.isnan(value) else f"{value + 0.0:.{digits}f}".replace("-", "−")
