"""The tables of the chapters, and what they say of the stored study of sizes, in numbers."""

import warnings

import numpy as np
import pytest

from hrtem_lab.app.pages import edge_cases, noise
from hrtem_lab.sizing import stored_study
from tests.pages.library import LABELS
from tests.pages.statements import prose
from tests.pages.statements.images import card
from tests.pages.statements.noise import panel
from tests.pages.statements.opening import KEYS, at, banded, understood


@pytest.fixture(autouse=True)
def few_phases():
    """Bands are those that a reader sees."""


class TestTables:
    """Tables whose first column has a link: the numbers under the metrics."""

    @pytest.mark.slow
    def test_the_recordings_of_chapter_4(self):
        taken = []
        for seed in range(24):
            page = at(noise.dashboard, f"seed={seed}")
            taken.append({letter: list(panel(page, letter).values()) for letter in "bcdef"})
        recordings = {letter: np.array([each[letter] for each in taken]) for letter in "bcdef"}
        shares = 100 * recordings["f"].mean(axis=0) / (recordings["d"] + recordings["e"]).mean(axis=0)
        table = [row for row in prose.rows(prose.chapter("04_noise")) if "MSE" in row]
        assert len(table) == 6
        for row in table:
            (link,) = prose.links(row[""])
            assert link.settings == f"panel={link.text}"
            means, scatters = recordings[link.text].mean(axis=0), recordings[link.text].std(axis=0, ddof=1)
            for place, label in enumerate(LABELS):
                expected = [shares[place]] if "share" in row[""] else [means[place], scatters[place]]
                for number, exact in zip(prose.numbers(row[label]), expected, strict=False):
                    assert prose.says(number, exact), (row[""], label)

    @pytest.mark.slow
    def test_the_images_of_chapter_2(self):
        table = [row for row in prose.rows(prose.chapter("02_edge_cases")) if "MSE" in row]
        assert len(table) == 9
        for row in table:
            (link,) = prose.links(row[""])
            place = "black above noise" if "above" in link.text else link.text
            for label in ("MSE", "SSIM", "cw-SSIM", "SIFT"):
                if link.settings:
                    show = banded if len(prose.numbers(row[label])) > 1 else at
                    page = understood(show(edge_cases.explorer, link.settings), link.settings)
                    expected = [page.numbers[KEYS[label]], *page.ranges.get(KEYS[label], ())]
                else:
                    expected = [card(key, label) for key in place.split(" above ")]
                for found_there, exact in zip(prose.numbers(row[label]), expected, strict=False):
                    assert prose.says(found_there, exact), (row[""], label)


class TestStudies:
    """Numbers of the stored study, which the links to its document carry."""

    def bias(self, method, dose, *diameters):
        study = stored_study()
        errors = study.errors(method, study.nearest(dose / 100), diameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a diameter that is never found has no mean
            return np.nanmean(np.asarray(errors).reshape(len(diameters), -1), axis=1)

    def numbers(self, words_of_it):
        (link,) = [
            link
            for link in prose.links(prose.chapter("06_precipitates"))
            if link.text.startswith(words_of_it)
        ]
        assert link.target.startswith("../docs/sizing.md#")
        return link.numbers

    def test_the_loss_at_the_rim(self):
        said = self.numbers("10 at ")
        for lost, dose in zip(said[::2], map(prose.value, said[1::2]), strict=True):
            found = 14 + self.bias("fixed", dose, 14)[0]
            assert prose.says(lost, np.sqrt(14**2 - found**2))

    def test_the_paper_s_threshold(self):
        said = self.numbers("3.8 cells")
        for error, diameter in zip(said[::2], said[1::2], strict=True):
            assert prose.says(error, -self.bias("fixed", 5000, int(diameter))[0])

    def test_the_optimised_threshold(self):
        most, least_5000, most_5000, dose, least_1000, most_1000, other_dose = self.numbers("0.3 cell")
        assert (prose.value(dose), prose.value(other_dose)) == (5000, 1000)
        assert prose.says(most, np.abs(self.bias("paper_optimised", 15_000, *range(5, 15))).max())
        for at_dose, least_there, most_there in (
            (5000, least_5000, most_5000),
            (1000, least_1000, most_1000),
        ):
            errors = -self.bias("paper_optimised", at_dose, *range(5, 15))
            assert prose.says(least_there, np.nanmin(errors))
            assert prose.says(most_there, np.nanmax(errors))

    def test_the_solution(self):
        fixed, optimised = self.numbers("4.3 cells too small")
        assert prose.says(fixed, -self.bias("fixed", 1000, 14)[0])
        assert prose.says(optimised, -self.bias("paper_optimised", 1000, 14)[0])

    def test_doses_beside_the_ideal_observer_s(self):
        study = stored_study()
        ideal = study.doses_needed("ideal")
        for words_of_it, method, least in (("2.4 to", "sphere", 3), ("228 to", "fixed", 4)):
            chosen = (study.diameters >= least) & (study.diameters <= 8)
            ratios = (study.doses_needed(method) / ideal)[chosen]
            lowest, highest = self.numbers(words_of_it)
            assert prose.says(lowest, ratios.min())
            assert prose.says(highest, ratios.max())

    def test_one_connected_group(self):
        study = stored_study()
        said = self.numbers("10 of 100 images")
        place = study.nearest(5)
        for number, method in zip(said[::2], ("paper_optimised", "paper_optimised_compact"), strict=True):
            assert prose.says(number, 100 * study.false_alarms(method)[place])
        said = self.numbers("7 cells and more")
        for number, method in zip(said, ("fixed", "fixed_compact"), strict=True):
            assert prose.says(number, study.limits(method, 99)[study.nearest(50)])
