"""Find the widgets of a demo by their labels, as a person would."""

from collections.abc import Iterator

import ipywidgets


def walk(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """The widget, and all that is in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def by_label(demo: ipywidgets.Widget) -> dict[str, ipywidgets.Widget]:
    """Label, or type where there is none, → widget."""
    return {getattr(part, "description", "") or type(part).__name__: part for part in walk(demo)}


def html_with(demo: ipywidgets.Widget, words: str) -> str:
    """The value of the first HTML widget that holds these words, or nothing."""
    pages = (part.value for part in walk(demo) if isinstance(part, ipywidgets.HTML))
    return next((page for page in pages if words in page), "")
