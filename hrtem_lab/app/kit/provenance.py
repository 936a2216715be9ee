"""What made a file that a page offers, in the file itself: version, date, link, settings, seed, citation."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import numbers
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import hrtem_lab

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Results = Sequence[tuple[str, object]]

ARTICLE = (
    "M. Ederer and S. Löffler, Image difference metrics for high-resolution electron microscopy, "
    "Ultramicroscopy (2022), doi:10.1016/j.ultramic.2022.113578"
)
SOFTWARE = f"The hrtem_lab developers, hrtem_lab, version {hrtem_lab.__version__}"
"""What to cite: the article, and this software as `CITATION.cff` has it."""
LONGEST_LINK = 160
"""Characters of a link that a caption shows; the text chunks have all of it."""
LONGEST_NAME = 110
"""Characters of a file's name before its ending."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made a file.

    Attributes
    ----------
    title : str
        What the file holds.
    link : str
        The address that opens the page with these settings; in Lab, where the page has no address of its own,
        only the query.
    settings : tuple of (str, str, str)
        Label, value and unit of every control, as on the page.
    seed : str
        The seed of what is random.
    results : sequence of (str, object)
        What the page says beside the table: names with units, and values; NaN means none.
    date : str
        When the file was made: ISO 8601, UTC.
    """

    title: str
    link: str
    settings: tuple[tuple[str, str, str], ...]
    seed: str
    results: Results = ()
    date: str = ""

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Names and values, one entry a line; settings, results and citations have several."""
        return [
            ("title", self.title),
            ("version", f"hrtem_lab {hrtem_lab.__version__}"),
            ("date", self.date),
            ("link", self.link),
            *(("setting", f"{label} = {value} {unit}".rstrip()) for label, value, unit in self.settings),
            ("seed", self.seed),
            *(("result", f"{name} = {in_cell(value) or 'none'}") for name, value in self.results),
            ("citation", ARTICLE),
            ("citation", SOFTWARE),
        ]

    @property
    def chunks(self) -> dict[str, str]:
        """The text chunks of a PNG, by the names that the format gives them and a few of its own."""
        return {
            "Title": self.title,
            "Software": f"hrtem_lab {hrtem_lab.__version__}",
            "Creation Time": self.date,
            "Source": self.link,
            "Settings": "\n".join(text for name, text in self.entries if name == "setting"),
            "Seed": self.seed,
            "Citation": f"{ARTICLE}\n{SOFTWARE}",
            "Description": "\n".join(f"{name}: {text}" for name, text in self.entries),
        }

    @property
    def caption(self) -> str:
        """The lines under a figure."""
        settings = "; ".join(f"{label} {value} {unit}".rstrip() for label, value, unit in self.settings)
        results = "".join(f" {name}: {in_cell(value) or 'none'}." for name, value in self.results)
        seed = "" if any(label == "Seed" for label, _, _ in self.settings) else f" Seed: {self.seed}."
        shown = self.link if self.link != "?" else "usual settings"
        link = shown if len(shown) <= LONGEST_LINK else f"{shown[: LONGEST_LINK - 1]}…"
        return (
            f"{self.title}. {settings}.{seed}{results}\n"
            f"hrtem_lab {hrtem_lab.__version__}, {self.date}, {link}\n"
            "After Ederer and Löffler, Ultramicroscopy (2022), doi:10.1016/j.ultramic.2022.113578"
        )


def present() -> str:
    """Return the time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table_file(
    header: Sequence[str], rows: Iterable[Sequence[object]], provenance: Provenance | None = None
) -> bytes:
    """Return a table as a CSV file in UTF-8, below lines of comment that say what made it.

    Parameters
    ----------
    header : sequence of str
        Column names, with units.
    rows : iterable of sequences
        Numbers that are not whole are written with six significant digits, NaN and None as an empty cell.
    provenance : Provenance
        One line for each of its entries, ``# name: value``; without it there are none.

    Raises
    ------
    ValueError
        If a cell or a column's name has a ``#`` in it: readers of CSV files that skip comments end the line
        there.

    Examples
    --------
    >>> table_file(["dose (e⁻/nm²)", "MSE"], [[500, 1 / 3]]).decode().splitlines()
    ['dose (e⁻/nm²),MSE', '500,0.333333']
    """
    stream = io.StringIO()
    for name, value in provenance.entries if provenance is not None else ():
        stream.write(f"# {name}: {' '.join(value.split())}\n")
    writer = csv.writer(stream, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([in_cell(value) for value in row])
    return stream.getvalue().encode()


def figure_file(figure: Figure, provenance: Provenance) -> bytes:
    """Return a figure as a PNG file with a caption and text chunks that say what made it."""
    from hrtem_lab.plots import to_png  # noqa: PLC0415

    return to_png(figure, caption=provenance.caption, about=provenance.chunks)


def file_name(name: str, settings: Iterable[tuple[str, object]], ending: str) -> str:
    """Return a file's name that says the settings; a long one ends with a number that stands for the rest.

    Parameters
    ----------
    name : str
        What the file holds.
    settings : iterable of (str, object)
        Keys and values.
    ending : str
        Such as "csv".

    Examples
    --------
    >>> file_name("noise", [("dose", 5000), ("defocus", -2.5)], "csv")
    'noise_dose-5000_defocus-minus2.5.csv'
    """
    parts = [f"{key}-{_plain(value)}" for key, value in settings]
    stem = "_".join([name, *parts])
    if len(stem) > LONGEST_NAME:
        number = hashlib.sha256(stem.encode()).hexdigest()[:8]
        stem = f"{stem[: LONGEST_NAME - 9].rstrip('._-')}_{number}"
    return f"{stem}.{ending}"


def _plain(value: object) -> str:
    """Return a value in letters, digits and dots, with hyphens for all else."""
    text = f"{value:.9g}" if isinstance(value, float) else str(value)
    text = f"minus{text[1:]}" if text.startswith("-") else text
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")


def in_cell(value: object) -> str:
    """Return what stands in a cell of a table: a number that is not whole has six significant digits."""
    if value is None:
        return ""
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        number = float(value)
        return "" if math.isnan(number) else f"{number:.6g}"
    text = str(value)
    if "#" in text:
        raise ValueError(f"a cell of a CSV file must be without '#', which begins a comment, got {text!r}")
    return text
