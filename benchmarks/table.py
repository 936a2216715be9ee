"""A row of the benchmarks' table, and the table as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEADER = ("what", "ours", "peer", "ratio", "target", "met?")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured value, the value of a peer, and the target.

    Attributes
    ----------
    what : str
        The name of the measurement.
    ours : float
        The value, in `unit`.
    unit : str
        Unit of `ours`, `peer` and `limit`; empty for a count.
    peer : float or None
        The value of the peer, measured at the same time; None without a peer.
    peer_name : str
        The name of the peer.
    limit : float or None
        The largest value that is good enough.
    ratio_limit : float or None
        The largest ``ours / peer`` that is good enough.

    Examples
    --------
    >>> row = Row(what="SSIM", ours=9.0, unit="ms", peer=18.0, peer_name="scikit-image", ratio_limit=1)
    >>> row.ratio, row.met
    (0.5, True)
    """

    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    limit: float | None = None
    ratio_limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """``ours / peer``, or None without a peer."""
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether every limit holds; None if there is none."""
        judged = []
        if self.limit is not None:
            judged.append(self.ours <= self.limit)
        if self.ratio_limit is not None and self.ratio is not None:
            judged.append(self.ratio <= self.ratio_limit)
        return all(judged) if judged else None

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts under `HEADER`."""
        targets = []
        if self.limit is not None:
            targets.append(f"≤ {_number(self.limit, self.unit)}" if self.limit else "0")
        if self.ratio_limit is not None:
            targets.append(f"≤ {self.ratio_limit:g} ×")
        peer = f"{_number(self.peer, self.unit)} {self.peer_name}" if self.peer is not None else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return self.what, _number(self.ours, self.unit), peer, ratio, " and ".join(targets), met


def _number(value: float, unit: str) -> str:
    """Return a value with three digits and its unit; a count has all its digits."""
    text = f"{value:.0f}" if not unit or abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


def as_text(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown whose columns are aligned.

    Parameters
    ----------
    rows : sequence of Row
        In the order of the table.

    Examples
    --------
    >>> print(as_text([Row(what="import", ours=0.25, unit="s", limit=0.5)]))
    | what   | ours   | peer | ratio | target  | met? |
    | ------ | ------ | ---- | ----- | ------- | ---- |
    | import | 0.25 s |      |       | ≤ 0.5 s | yes  |
    """
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )
