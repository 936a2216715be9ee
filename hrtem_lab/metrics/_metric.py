"""A row of the table of metrics: its functions, and what a reader must know to trust them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._prepared import Prepared

FAMILIES = ("paper", "electrons", "classic")
"""Where metrics come from: pages choose whole families of them."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table of metrics: the functions, and what a reader must know to trust them.

    `Metric.of` makes one of a plain function.

    Attributes
    ----------
    key : str
        The name in the table.
    label : str
        The name on a page.
    family : str
        One of `FAMILIES`: "paper", "electrons" or "classic", the default.
    look : Look or None
        Its own colour, marker and symbol. A row of the table has one; a metric of one's own that is never
        drawn needs none, which is the default.
    function : callable
        ``(reference, image, *, options) -> float``, 0 identical to 1 maximal.
    map : callable
        ``(reference, image, *, options) -> array`` of the image's shape; NaN where the metric does not look.
    prepare : callable
        ``(reference, *, options) -> Prepared``: compares many images with one reference.
    symmetric : bool
        Whether exchanging reference and image leaves the value unchanged.
    scale_invariant : bool
        Whether multiplying the image alone by a positive number leaves the value unchanged. (Multiplying
        both images, a change of unit, leaves every metric unchanged.)
    map_averages : bool
        Whether the value is the mean of the map.
    map_limit : float or None
        The largest value that a map can hold; None if it grows with the number of pixels.
    threshold : float or None
        Below this difference the paper calls two images practically the same; None if it names no threshold.
    misleads : str
        When not to trust the value.
    equation : str
        The formula, in LaTeX.
    source : str
        Where the formula was published.

    Examples
    --------
    >>> from hrtem_lab.metrics import METRICS
    >>> METRICS["sift"].threshold
    0.18
    >>> METRICS["mse"]([[1.0, 0.0]], [[0.0, 1.0]])
    1.0
    >>> METRICS["ssim"].options["radius"]
    5
    """

    key: str
    label: str
    family: str = "classic"
    look: Look | None = None
    function: Callable[..., float]
    map: Callable[..., NDArray[np.float64]]
    prepare: Callable[..., Prepared]
    symmetric: bool
    scale_invariant: bool
    map_averages: bool
    map_limit: float | None
    threshold: float | None
    misleads: str
    equation: str
    source: str

    def __post_init__(self) -> None:
        """Refuse a family or a look that does not exist."""
        _validation.one_of("family", self.family, FAMILIES)
        if self.look is not None and not isinstance(self.look, Look):
            raise TypeError(f"look must be a member of Look, got {self.look!r}")

    @classmethod
    def of(
        cls, function: Callable[..., float], *, key: str | None = None, label: str | None = None
    ) -> Metric:
        """Return a metric made of a plain function of two images.

        Wherever a metric is taken, the function itself is taken, too: it then has the key and label that
        this gives by default.

        Parameters
        ----------
        function : callable
            ``(reference, image) -> float``: a difference, 0 for identical images and larger for more
            different ones. Further parameters need defaults; they become options.
        key : str, optional
            Name in code and tables; by default that of the function ("lambda" if it has none). Metrics that
            are used together must differ in it.
        label : str, optional
            Name in figures; by default the key.

        Returns
        -------
        Metric
            It promises nothing: neither symmetry nor a threshold nor a map, for which `cell_map` of
            `hrtem_lab.sizing` stands in. ``dataclasses.replace`` sets what is known of it.

        Raises
        ------
        TypeError
            If it is no function of two images.

        Notes
        -----
        Each value must be a finite real number. Values beyond 1 are taken as they are; those of a likeness,
        which grows as images get more alike, turn every verdict round: return 1 − likeness. Methods
        whose threshold rests on 0.18 of SIFT expect a difference from 0 to 1.

        Examples
        --------
        >>> import numpy as np
        >>> def mean_absolute(reference, image):
        ...     return np.abs(reference - image).mean()
        >>> metric = Metric.of(mean_absolute, label="mean |a − b|")
        >>> metric, metric([[1.0, 0.0]], [[0.5, 0.0]])
        (Metric(key='mean_absolute', label='mean |a − b|', family='classic'), 0.25)
        """
        name = _name(function) if key is None else key
        _takes_two_images(name, function)
        plain = _Plain(function, name)
        return cls(
            key=name,
            label=name if label is None else label,
            look=Look.GREY_STAR,
            function=plain.value,
            map=plain.map,
            prepare=plain.prepare,
            symmetric=False,
            scale_invariant=False,
            map_averages=False,
            map_limit=None,
            threshold=None,
            misleads="",
            equation="",
            source="",
        )

    def __repr__(self) -> str:
        return f"Metric(key={self.key!r}, label={self.label!r}, family={self.family!r})"

    def __call__(self, reference: ArrayLike, image: ArrayLike, **options: Any) -> float:
        """Return the difference of two images, from 0 to 1: `function`."""
        return self.function(reference, image, **options)

    @property
    def colour(self) -> str:
        """The colour of the metric in every figure and table, hexadecimal RGB."""
        return self._drawn.colour

    @property
    def marker(self) -> str:
        """The metric's marker as Matplotlib's code."""
        return self._drawn.marker

    @property
    def symbol(self) -> str:
        """The metric's marker as a character."""
        return self._drawn.symbol

    @property
    def _drawn(self) -> Look:
        if self.look is None:
            raise ValueError(f"look must be given for {self.key!r} to be drawn, got None")
        return self.look

    @property
    def options(self) -> dict[str, Any]:
        """The options of the metric and their defaults."""
        parameters = inspect.signature(self.prepare).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


@dataclass(frozen=True, eq=False)
class _Plain:
    """A plain function of two images as the functions of a `Metric`; it can be sent to a worker."""

    function: Callable[..., float]
    key: str

    def value(self, reference: ArrayLike, image: ArrayLike, **options: Any) -> float:
        """Return what the function says of two images: one finite real number."""
        first = _validation.image("reference", reference)
        second = _validation.same_shape("image", _validation.image("image", image), first.shape)
        value: Any = self.function(first, second, **options)
        if np.ndim(value):
            raise TypeError(
                f"{self.key}(reference, image) must be one number, got an array of shape {np.shape(value)}"
            )
        number = value[()] if isinstance(value, np.ndarray) else value
        return _validation.real_number(f"{self.key}(reference, image)", number)

    def map(self, _reference: ArrayLike, _image: ArrayLike, **_options: Any) -> NDArray[np.float64]:
        """Refuse: a function of whole images does not say where they differ."""
        raise ValueError(
            f"{self.key} has no map, because it compares whole images: hrtem_lab.sizing.cell_map compares "
            "cell by cell"
        )

    def prepare(self, reference: ArrayLike, **options: Any) -> _PreparedFunction:
        """Return the comparison with one reference."""
        return _PreparedFunction(self, reference, **options)


class _PreparedFunction(Prepared):
    """A plain function against one reference."""

    def __init__(self, plain: _Plain, reference: ArrayLike, **options: Any) -> None:
        super().__init__(_validation.image("reference", reference))
        self._plain, self._options = plain, options
        self._reference = np.array(reference)

    def __repr__(self) -> str:
        return f"<{self._plain.key} of a reference of {self.shape[0]} × {self.shape[1]} pixels>"

    def __call__(self, image: ArrayLike) -> float:
        return self._plain.value(self._reference, image, **self._options)

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        return self._plain.map(self._reference, image)


def _name(function: Any) -> str:
    """Return what a function is called: the name of its code, or of its class."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return "lambda" if name == "<lambda>" else str(name)


def _takes_two_images(name: str, function: Any) -> None:
    """Raise unless a function can be called as ``function(reference, image)``."""
    if not callable(function):
        raise TypeError(f"function must be a function (reference, image), got {function!r}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # built-in functions have none
        return
    try:
        signature.bind("reference", "image")
    except TypeError:
        raise TypeError(f"{name} must take two images, (reference, image), got {name}{signature}") from None
