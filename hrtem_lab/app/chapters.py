"""The chapters of the course in reading order: the one list that navigation and contents page share."""

from dataclasses import asdict, dataclass


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
        title="Ways to say “different”",
        summary="Two images judged by MSE, SSIM, cw-SSIM, SIFT and χ², and what each of them looks at.",
        minutes=25,
    ),
    Chapter(
        file="02_edge_cases",
        number=2,
        title="The edge cases",
        summary="Shift, defocus, another crystal, reversal and noise: where the metrics disagree, and why.",
        minutes=30,
    ),
    Chapter(
        file="03_worst_cases",
        number=3,
        title="What fools each metric",
        summary="A live search for the image that a metric calls most different, and a game of fooling it.",
        minutes=25,
    ),
    Chapter(
        file="04_noise",
        number=4,
        title="Noise, one source at a time",
        summary="Blur, counted electrons and readout noise, alone and together, and whether they add up.",
        minutes=25,
    ),
    Chapter(
        file="05_low_dose",
        number=5,
        title="How few electrons are enough?",
        summary="Every metric by dose, what it can still tell apart, and the limit that no method can pass.",
        minutes=30,
    ),
    Chapter(
        file="06_precipitates",
        number=6,
        title="How large is the precipitate?",
        summary="A precipitate's size from one noisy image: cell by cell, by likelihood, and by eye.",
        minutes=30,
    ),
)


def navigation() -> list[dict[str, object]]:
    """Return the chapters as plain dictionaries, which is how the page template reads them.

    Returns
    -------
    list of dict
        One dictionary per chapter with the fields of :class:`Chapter` and its ``href``.

    Examples
    --------
    >>> [entry["number"] for entry in navigation()]
    [0, 1, 2, 3, 4, 5, 6]
    """
    return [{**asdict(chapter), "href": chapter.href} for chapter in CHAPTERS]
