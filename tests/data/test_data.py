"""The exit waves that come with the package: complete, documented, and reproducible within rounding."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.data import regenerate
from hrtem_lab.simulation import ExitWave, form_image, list_exit_waves, load_exit_wave
from hrtem_lab.structures import replaced_cells

DATA = Path(regenerate.__file__).parent
PRECIPITATES = [f"precipitate-{diameter:02d}" for diameter in range(1, 15)]
NAMES = ["nb3sn", "zro2", *PRECIPITATES]
CELL = 5.275
PIXELS = 32  # per cell

# Single precision over 240 slices: two machines differ by about 3e-6 in the sum over a wave's beams,
# of which the direct one is of the order of 1.
ROUNDING = 1e-4


def stored(name, folder=DATA):
    with np.load(folder / f"{name}.npz") as archive:
        return dict(archive)


def header(name):
    return json.loads(str(stored(name)["header"]))


def per_cell(image):
    """Return the root mean square of a specimen's image in each of its 16 × 16 cells, (rows, columns)."""
    blocks = np.square(image).reshape(16, PIXELS, 16, PIXELS)
    return np.sqrt(blocks.mean(axis=(1, 3)))


def documented():
    """Return the table of SOURCES.md as {file: {column: text}}."""
    blocks = (DATA / "SOURCES.md").read_text(encoding="utf-8").split("\n\n")
    (lines,) = (block.splitlines() for block in blocks if block.startswith("| file |"))
    table = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    columns, _, *rows = table
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


@pytest.fixture(scope="module")
def pristine():
    return form_image(load_exit_wave("nb3sn"), shape=16 * PIXELS, field_of_view=16 * CELL)


class TestFiles:
    def test_the_set_is_complete(self):
        assert list_exit_waves() == NAMES == [name for name in regenerate.NAMES if "/" not in name]

    def test_it_stays_small(self):
        assert sum(path.stat().st_size for path in DATA.glob("*.npz")) < 12e6

    @pytest.mark.parametrize("name", NAMES)
    def test_the_header_says_how_it_was_made(self, name):
        head = header(name)
        cells = 16 if name in PRECIPITATES else 1
        thickness = 40 if name in PRECIPITATES else 1
        assert head["name"] == name
        assert head["command"] == f"python -m hrtem_lab.data.regenerate {name}"
        assert head["gpts"] == [256 * cells] * 2
        assert head["slices"] == 4 * thickness
        assert head["max_angle"] == 50.0
        assert head["energy"] == 80e3
        assert head["extent"] == pytest.approx([cells * head["cell_thickness"]] * 2)
        assert {"abtem", "numpy", "potential", "structure"} < head.keys()

    @pytest.mark.parametrize("name", NAMES)
    def test_it_holds_the_beams_up_to_50_mrad(self, name):
        head, data = header(name), stored(name)
        rows, columns = data["coefficients"].shape[1:]
        assert rows == columns
        assert rows % 2
        order = np.arange(rows) - rows // 2
        g = np.hypot(order[:, None], order) / head["extent"][0]
        inside = load_exit_wave(name).wavelength * g <= 50e-3
        assert inside[rows // 2].all()
        power = np.square(np.abs(data["coefficients"]))
        assert (power[:, ~inside] < 1e-12).all()  # rounding
        intensity = power.sum(axis=(1, 2))  # the rest was scattered further
        assert ((intensity > 0.4) & (intensity < 1)).all()

    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_documented(self, name):
        head, row = header(name), documented()[f"{name}.npz"]
        assert row["atoms of the simulated cell"] == head["structure"]
        assert row["size, Å"] == f"{head['extent'][0]:g} × {head['extent'][1]:g}"
        assert row["grid"] == "{} × {}".format(*head["gpts"])
        assert row["slices"] == str(head["slices"])
        cells = stored(name)["thickness_cells"]
        assert row["thickness, cells"] == (f"{cells[0]}" if len(cells) == 1 else f"{cells[0]} to {cells[-1]}")
        assert row["versions"] == f"abTEM {head['abtem']}, NumPy {head['numpy']}"

    def test_nothing_else_is_documented(self):
        assert list(documented()) == [f"{name}.npz" for name in NAMES]


class TestReproduction:
    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["nb3sn", "zro2"])
    def test_the_command_writes_the_crystals_again(self, name, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["regenerate", name, "--folder", str(tmp_path)])
        regenerate.main()
        assert capsys.readouterr().out == f"{name}\n"
        again, shipped = stored(name, tmp_path), stored(name)
        assert again.keys() == shipped.keys()
        assert np.array_equal(again["thickness_cells"], shipped["thickness_cells"])
        assert np.abs(again["coefficients"] - shipped["coefficients"]).max() < ROUNDING
        now = {"abtem": version("abtem"), "numpy": version("numpy")}
        assert json.loads(str(again["header"])) == header(name) | now

    @pytest.mark.slow
    def test_a_precipitate_is_simulated_again(self):
        again, shipped = regenerate.simulate("precipitate-01", progress=False), stored("precipitate-01")
        assert np.abs(again["coefficients"] - shipped["coefficients"]).max() < ROUNDING

    def test_a_precipitate_has_the_thickness_of_the_shipped_one(self, monkeypatch):
        wave = ExitWave(array=np.ones((4, 4), complex), sampling=(1, 1), energy=80e3, thickness=211)
        monkeypatch.setattr(regenerate, "exit_wave", lambda *_, **__: wave)
        again = regenerate.simulate("precipitate-01", progress=False)
        np.testing.assert_array_equal(again["thickness_cells"], stored("precipitate-01")["thickness_cells"])
        head = json.loads(str(again["header"]))
        assert head["cell_thickness"] == header("precipitate-01")["cell_thickness"]

    @pytest.mark.parametrize("names", [(), ("zro2", "precipitate-03")])
    def test_the_waves_named_are_written_or_all(self, names, tmp_path, monkeypatch):
        monkeypatch.setattr(regenerate, "simulate", lambda name, **_: {"header": np.array(name)})
        folder = tmp_path / "not" / "there"
        regenerate.write(names, folder=folder)
        files = {file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.npz")}
        assert files == set(names or regenerate.NAMES)

    def test_an_unknown_name_is_one_sentence(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["regenerate", "nb3sn", "gold", "--folder", str(tmp_path)])
        with pytest.raises(SystemExit):
            regenerate.main()
        assert "names must be among nb3sn, zro2, precipitate-01" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["nb3sn", "zro2"])
@pytest.mark.parametrize("axis", [0, 1])
def test_crystals_have_mirrors_through_the_atom_at_the_corner(name, axis):
    for cells in (1, 40, 60):
        image = form_image(load_exit_wave(name, thickness_cells=cells), defocus=50)
        mirrored = np.roll(np.flip(image, axis), 1, axis)
        assert np.abs(mirrored - image).max() < ROUNDING * image.max()


class TestPrecipitates:
    @pytest.mark.parametrize("diameter", range(1, 15))
    def test_it_is_where_and_as_large_as_its_name_says(self, diameter, pristine):
        """Its contrast against the pristine crystal is large everywhere in it. Two cells and more beside it,
        there is only what the aperture's sharp edge spreads: 5 % of the crystal's own contrast.
        """
        image = form_image(load_exit_wave(f"precipitate-{diameter:02d}"), shape=16 * PIXELS)
        difference = per_cell(image - pristine) / pristine.std()
        covered = replaced_cells(diameter).any(axis=2).T
        beside = ~covered
        for row, column in np.argwhere(covered):
            beside[row - 1 : row + 2, column - 1 : column + 2] = False
        assert difference[beside].max() < 0.055
        assert difference[covered].min() > 2 * difference[beside].max()
        assert difference[covered].max() == difference.max()

    @pytest.mark.parametrize("diameter", range(1, 15))
    def test_its_middle_is_that_of_the_sphere(self, diameter, pristine):
        """Within 0.3 cells: a cell owns the atoms on three of its faces, which draws the contrast there."""
        image = form_image(load_exit_wave(f"precipitate-{diameter:02d}"), shape=16 * PIXELS)
        weight = np.square(image - pristine, dtype=float)
        y, x = np.indices(weight.shape) / PIXELS
        middle = 8 - diameter % 2 / 2
        assert np.average(y, weights=weight) == pytest.approx(middle, abs=0.3)
        assert np.average(x, weights=weight) == pytest.approx(middle, abs=0.3)

    def test_larger_ones_differ_more(self, pristine):
        images = [form_image(load_exit_wave(name), shape=16 * PIXELS) for name in PRECIPITATES]
        differences = [np.linalg.norm(image - pristine) for image in images]
        assert differences == sorted(differences)
