"""The chapters of the course in reading order: the one list that navigation and contents page share."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

#: The groups of chapters in reading order. The table of contents belongs to none.
GROUPS = ("Metrics", "Electrons", "Precipitates", "Reality")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One notebook of the course.

    Parameters
    ----------
    file : str
        Name of the notebook without its extension; chapters link to each other by it.
    number : int
        Position in the course; 0 is the table of contents.
    title : str
        Short title, as the navigation bar shows it.
    summary : str
        One sentence that says what the reader will find.
    minutes : int
        Reading time in minutes, with the figures tried out.
    group : str
        Group that the navigation shows the chapter under, one of ``GROUPS``; empty for the table of contents.

    Examples
    --------
    >>> CHAPTERS[1].href
    '01_four_metrics.ipynb'
    """

    file: str
    number: int
    title: str
    summary: str
    minutes: int
    group: str = ""

    @property
    def href(self) -> str:
        """Link to the chapter from any other: relative, so it holds on every server and in JupyterLab."""
        return f"{self.file}.ipynb"


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        file="00_index",
        number=0,
        title="Contents",
        summary="What this course is about, its chapters, the paper behind it and how to cite both.",
        minutes=3,
    ),
    Chapter(
        file="01_four_metrics",
        number=1,
        group="Metrics",
        title="Ways to say “different”",
        summary="Two images judged by MSE, SSIM, cw-SSIM, SIFT and χ², and what each of them looks at.",
        minutes=25,
    ),
    Chapter(
        file="02_edge_cases",
        number=2,
        group="Metrics",
        title="The edge cases",
        summary="Shift, defocus, another crystal, reversal and noise: where the metrics disagree, and why.",
        minutes=30,
    ),
    Chapter(
        file="03_worst_cases",
        number=3,
        group="Metrics",
        title="What fools each metric",
        summary="A live search for the image that a metric calls most different, and a game of fooling it.",
        minutes=25,
    ),
    Chapter(
        file="04_noise",
        number=4,
        group="Electrons",
        title="Noise, one source at a time",
        summary="Blur, counted electrons and readout noise, alone and together, and whether they add up.",
        minutes=25,
    ),
    Chapter(
        file="05_low_dose",
        number=5,
        group="Electrons",
        title="How few electrons are enough?",
        summary="Every metric by dose, what it can still tell apart, and the limit that no method can pass.",
        minutes=30,
    ),
    Chapter(
        file="06_precipitates",
        number=6,
        group="Precipitates",
        title="How large is the precipitate?",
        summary="A precipitate's size from one noisy image: cell by cell, by likelihood, and by eye.",
        minutes=30,
    ),
    Chapter(
        file="07_reality",
        number=7,
        group="Reality",
        title="The microscope as it is",
        summary="Vibrating atoms, tilt, aberrations, camera: which of them uses up which threshold.",
        minutes=30,
    ),
)


def grouped(chapters: Iterable[Chapter] = CHAPTERS) -> dict[str, list[Chapter]]:
    """Return the numbered chapters by group, both in reading order.

    Parameters
    ----------
    chapters : iterable of Chapter, optional
        The chapters of a course; this one's by default.

    Returns
    -------
    dict of str to list of Chapter
        The chapters of each group. The table of contents is left out.

    Examples
    --------
    >>> {group: [chapter.number for chapter in members] for group, members in grouped().items()}
    {'Metrics': [1, 2, 3], 'Electrons': [4, 5], 'Precipitates': [6], 'Reality': [7]}
    """
    groups: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        if chapter.number:
            groups.setdefault(chapter.group, []).append(chapter)
    return groups


def navigation(chapters: Sequence[Chapter] = CHAPTERS) -> list[dict[str, object]]:
    """Return the chapters as plain dictionaries, which is how the page template reads them.

    Parameters
    ----------
    chapters : sequence of Chapter, optional
        The chapters of a course; this one's by default.

    Returns
    -------
    list of dict
        One dictionary per chapter with the fields of :class:`Chapter` and its ``href``.

    Examples
    --------
    >>> [entry["number"] for entry in navigation()]
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    return [{**asdict(chapter), "href": chapter.href} for chapter in chapters]
