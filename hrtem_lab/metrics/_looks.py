"""The colours, markers and symbols by which metrics are told apart in figures and tables."""

from __future__ import annotations

from enum import Enum


class Look(Enum):
    """How one metric is drawn: each member has a colour, a marker and a symbol that no other has.

    The markers alone tell all members apart in grey, and the colours do so with normal or deficient colour
    vision (CIEDE2000 of at least 10). The first five colours are those of Okabe and Ito,
    https://jfly.uni-koeln.de/color/. Their contrast with white is at least 3 to 1, but for orange: dark
    enough for that, a reader without red or green receptors would take it for the red.

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
    BROWN_PLUS = ("#692D0F", "+", "✚")
    NAVY_CROSS = ("#000096", "x", "✕")
    GREY_STAR = ("#5A4B5A", "*", "★")
    PURPLE_TRIANGLE_LEFT = ("#2D003C", "<", "◄")
    OLIVE_TRIANGLE_RIGHT = ("#5A694B", ">", "►")
    VIOLET_THIN_DIAMOND = ("#A578FF", "d", "◊")
    INDIGO_BAR = ("#2D00F0", "|", "┃")

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
