"""A page with a history shows what a new one in the same state does."""

import ipywidgets as widgets
from hypothesis import Phase, settings

from hrtem_lab.app.kit.widgets import Picture
from tests.pages.reader import has_class, opened, walk

# A page takes seconds: few examples, and the first that fails is reported as it is.
costly = settings(max_examples=5, phases=(Phase.explicit, Phase.generate))


def appearance(page):
    """Return all that a page shows, but for the curve, which depends on the slider moved last."""
    panels = [box for box in page.parts(widgets.VBox) if any(has_class(c, "hl-curve") for c in box.children)]
    of_the_curve = {id(part) for panel in panels for part in walk(panel)}
    shown = []
    for part in walk(page.shown):
        if id(part) in of_the_curve:
            continue
        if isinstance(part, Picture):
            shown.append((part.alt, part.caption, part.overlay, part.data))
        elif isinstance(part, widgets.HTML):
            shown.append(part.value)
    return shown


def same_as_new(make, page):
    """Assert that a page shows what one does that its own address opens."""
    new = opened(make, page.query)
    for used, fresh in zip(appearance(page), appearance(new), strict=True):
        assert used == fresh
    assert page.csv[1] == new.csv[1]
