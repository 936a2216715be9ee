"""The document of the detector shows the presets and the processes as they are."""

import re
from pathlib import Path

import pytest

import hrtem_lab.noise
from hrtem_lab.noise import CAMERAS

TEXT = (Path(__file__).parents[2] / "docs" / "detector.md").read_text(encoding="utf-8")
OF_CAMERA = {
    "dark counts, e⁻": "dark_counts",
    "readout, e⁻": "readout_sigma",
    "full well, e⁻": "full_well",
    "gain, counts per e⁻": "gain",
    "bits": "bits",
    "offset, counts": "offset",
    "dead": "dead",
    "hot": "hot",
    "hot counts, e⁻": "hot_counts",
    "hits per pixel": "hit_rate",
    "energy of a hit, e⁻": "hit_energy",
    "uneven gain": "uneven_gain",
}
OF_SCAN = {
    "jitter, pixels": "jitter",
    "jitter of lines, pixels": "line_jitter",
    "its correlation": "line_correlation",
    "fly-back, pixels": "flyback",
    "its time, µs": "settling",
    "dwell, µs": "dwell",
    "wait, µs": "wait",
    "highest frequency, Hz": "highest",
    "lag *a*": "memory",
    "gain of lines": "line_gain",
    "offset of lines, e⁻": "line_offset",
}


def row(label):
    """Return the cells of the table of presets in a row."""
    table = TEXT.partition("## Presets")[2].partition("Ranges to start")[0]
    (line,) = re.findall(rf"^\| {re.escape(label)} ?\|(.*)\|$", table, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]


def number(value):
    return "–" if value is None else f"{value:g}"


def curve(of):
    parts = [] if of.corner is None else [f"*q*₀ {of.corner:g}, *c* {of.floor:g}"]
    return ", ".join([*parts, *(["aperture"] if of.aperture else [])]) or "1"


def test_the_presets_are_the_columns():
    assert row("") == list(CAMERAS)


@pytest.mark.parametrize("label", OF_CAMERA)
def test_numbers_of_the_cameras(label):
    assert row(label) == [number(getattr(camera, OF_CAMERA[label])) for camera in CAMERAS.values()]


@pytest.mark.parametrize("label", OF_SCAN)
def test_numbers_of_the_scan(label):
    scans = [camera.scan for camera in CAMERAS.values()]
    assert row(label) == [number(scan and getattr(scan, OF_SCAN[label])) for scan in scans]


@pytest.mark.parametrize("name", [name for name in hrtem_lab.noise.__all__ if name.islower()])
def test_every_process_says_where_its_formula_is_from(name):
    text = getattr(hrtem_lab.noise, name).__doc__
    assert ("\n    Source: " in text) == (name not in ("camera_preset", "counts_per_pixel"))


def test_curves():
    transfers = [camera.transfer for camera in CAMERAS.values()]
    assert row("MTF") == [curve(transfer.signal) for transfer in transfers]
    assert row("NTF") == [curve(transfer.noise) for transfer in transfers]
    assert row("DQE₀") == [number(transfer.dqe0) for transfer in transfers]


def test_every_number_of_a_camera_is_in_the_table():
    shown = {*OF_CAMERA.values(), "sampling", "transfer", "scan", "clip", "seed"}
    assert shown == set(CAMERAS["STEM"].__dataclass_fields__)
    assert set(OF_SCAN.values()) == set(CAMERAS["STEM"].scan.__dataclass_fields__)


def test_the_processes_are_functions_of_the_room():
    table = TEXT.partition("## The order")[2].partition("## Signal")[0]
    lines = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    assert [int(line.split("|")[1]) for line in lines] == list(range(1, 13))
    names = {name.partition(".")[0] for line in lines for name in re.findall(r"`([\w.]+)`", line)}
    assert len(names) >= 12
    assert names <= set(hrtem_lab.noise.__all__)
