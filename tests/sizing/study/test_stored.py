"""The study that comes with the package: whole, documented, and computed again in part."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.data import regenerate
from hrtem_lab.sizing import STUDY_METHODS, load_study, size_study
from hrtem_lab.sizing import __main__ as command
from hrtem_lab.sizing._study import DOSES
from hrtem_lab.sizing._summary import read_study
from tests.sizing.crystals import COARSE


class TestStored:
    def test_it_holds_the_whole_figure(self, stored):
        assert stored.diameter.values.tolist() == list(range(1, 15))
        assert stored.dose_per_area.values.tolist() == list(DOSES)
        assert len(DOSES) >= 8
        assert tuple(stored.method.values) == command.METHODS
        assert set(command.METHODS) < set(STUDY_METHODS)
        assert stored.sizes["draw"] == command.DRAWS >= 20
        assert stored.sizes["exposure"] == command.PRISTINE_DRAWS
        assert stored.attrs["pixels_per_cell"] == 64
        assert not np.isnan(stored.misclassified).any()
        assert {"numpy", "opencv-python-headless"} == json.loads(stored.attrs["versions"]).keys()

    @pytest.mark.slow
    def test_a_part_of_it_is_computed_again(self, stored):
        methods = ["sphere", "fixed", "paper_optimised", "false_alarm", "ideal"]
        again = size_study(
            methods=methods,
            diameters=[2, 7],
            doses=[20],
            draws=2,
            pristine_draws=1,
            rng=int(stored.attrs["seed"]),
            workers=1,
        )
        part = stored.sel({"method": methods, "diameter": [2, 7], "dose_per_area": [20]})
        part = part.isel(draw=slice(2), exposure=slice(1))
        # The sphere adds in single precision, in an order that depends on the processor.
        sphere, others = [{"method": "sphere"}, {"method": methods[1:]}]
        for name in part.data_vars:
            if "method" not in part[name].dims:
                assert again[name].values == pytest.approx(part[name].values, rel=1e-9), name
                continue
            for chosen, within in ((sphere, 1e-3), (others, 1e-9)):
                one, other = (study[name].sel(chosen).values for study in (again, part))
                assert one == pytest.approx(other, nan_ok=True, rel=within), name

    def test_it_is_small_and_documented(self, stored):
        assert command.FILE.stat().st_size < 1e6
        text = (Path(regenerate.__file__).parent / "SOURCES.md").read_text(encoding="utf-8")
        (section,) = (part for part in text.split("\n# ") if part.startswith("Sources of the study of sizes"))
        assert f"`{stored.attrs['command']}`" in section
        for name, dims in ((name, stored[name].dims) for name in stored.data_vars):
            assert f"| `{name}` | ({', '.join(dims)}) |" in section
        versions = json.loads(stored.attrs["versions"])
        assert f"NumPy {versions['numpy']}, OpenCV {versions['opencv-python-headless']}" in section

    def test_the_reader_may_change_a_copy(self, stored):
        stored.copy(deep=True).diameter_found[...] = 0
        changed = load_study()
        changed.diameter_found[...] = 0
        assert load_study().identical(stored)

    def test_the_command_writes_it(self, tmp_path, monkeypatch, capsys):
        file = tmp_path / "study.npz"
        few = ["--draws", "1", "--pristine-draws", "1", "--doses", "50", "--workers", "1"]
        monkeypatch.setattr(sys, "argv", ["sizing", "--file", str(file), *few])
        monkeypatch.setattr(
            command, "size_study", lambda **options: size_study(COARSE, **{**options, "methods": ["fixed"]})
        )
        command.main()
        assert capsys.readouterr().out.endswith(f"{file}\n")
        written = read_study(file)
        assert written.attrs["command"] == "python -m hrtem_lab.sizing"
        assert written.sizes == {"method": 1, "diameter": 14, "dose_per_area": 1, "draw": 1, "exposure": 1}
