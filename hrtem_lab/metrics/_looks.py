"""The colours, markers and symbols by which metrics are told apart in figures and tables."""

from __future__ import annotations

from enum import Enum


class Look(Enum):
    """How one metric is drawn: each member has a colour, a marker and a symbol that no other has.

    The markers alone tell all members apart, in grey or with any colour vision. The first seven colours are
    those of Okabe and Ito, https://jfly.uni-koeln.de/color/.

    Attributes
    ----------
    colour : str
        Hexadecimal RGB.
    marker : str
        Matplotlib's code of the shape.
    symbol : str
        The same shape as a character.

    Examples
    --------
    >>> Look.BLUE_CIRCLE.colour, Look.BLUE_CIRCLE.symbol
    ('#0072B2', '●')
    """

    BLUE_CIRCLE = ("#0072B2", "o", "●")
    PINK_SQUARE = ("#CC79A7", "s", "■")
    GREEN_TRIANGLE = ("#009E73", "^", "▲")
    RED_DIAMOND = ("#D55E00", "D", "◆")
    ORANGE_TRIANGLE_DOWN = ("#E69F00", "v", "▼")
    SKY_PLUS = ("#56B4E9", "P", "✚")
    BLACK_CROSS = ("#000000", "X", "✖")
    VIOLET_STAR = ("#7A3E9D", "*", "★")
    BROWN_TRIANGLE_LEFT = ("#8C4A1C", "<", "◄")
    NAVY_TRIANGLE_RIGHT = ("#26306F", ">", "►")
    OLIVE_THIN_DIAMOND = ("#7A7A1E", "d", "♦")
    GREY_BAR = ("#6E6E6E", "|", "❙")

    @property
    def colour(self) -> str:
        """Hexadecimal RGB."""
        return self.value[0]

    @property
    def marker(self) -> str:
        """Matplotlib's code of the shape."""
        return self.value[1]

    @property
    def symbol(self) -> str:
        """The shape as a character."""
        return self.value[2]
