"""What the demos share: large type, safe colors, labels, pictures with words, friendly lines.

A demo is made for a projector and for the keyboard: `demo(title, …)` sets the type and a strong
mark on what has the focus, `labeled` gives every control its label, and whatever goes wrong is
told by one line (`Message`, `guarded`), never by a traceback.
"""

import base64
import functools
import html
import io
import traceback
from collections.abc import Callable, Iterable

import ipywidgets as widgets
import numpy as np

from tlcourse.errors import CourseError
from tlcourse.plots.inside import heat_over
from tlcourse.plots.results import COLORS

ACCENT = COLORS["frozen"]  # a blue
WARNING = COLORS["from scratch"]  # a red that all eyes tell from the blue


def own_keys(css_class: str) -> str:
    """An attribute for a `style` element inside a widget of that class: its keys are its own.

    Without it, JupyterLab takes the arrow keys in a list for its own, to go from cell to cell, and
    the letters "dd" for its command to delete the cell.
    """
    return (
        f"onload=\"this.closest('.{css_class}').addEventListener('focusin', "
        "event => event.target.setAttribute('data-lm-suppress-shortcuts', 'true'))\""
    )


_CSS = f"""<style {own_keys("tlcourse-demo")}>
.tlcourse-demo {{
  --jp-widgets-font-size: 18px; --jp-widgets-inline-height: 36px;
  --jp-widgets-inline-label-width: 9em; --jp-widgets-inline-width: 26em;
  --jp-widgets-inline-width-short: 13em;
  font-size: 18px; padding: 4px;
}}
.tlcourse-demo .widget-html-content {{ line-height: 1.4; font-size: 18px; }}
.tlcourse-demo select, .tlcourse-demo input, .tlcourse-demo button {{ font-size: 18px; }}
.tlcourse-demo .jupyter-button {{ padding: 0 1em; }}
.tlcourse-demo .jupyter-button i {{ margin-right: 0.4em; }}
.tlcourse-demo :focus-visible {{ outline: 3px solid {ACCENT}; outline-offset: 2px; }}
.tlcourse-demo img {{ max-width: 100%; height: auto; }}
</style>"""


class Message(widgets.HTML):
    """One line for the user, read aloud by screen readers when it changes.

    `text` is what it says, `error` the exception behind it, for those who look for a bug.
    """

    text = ""
    error: Exception | None = None

    def say(self, text: str) -> None:
        """Tell something."""
        self._put(text, "inherit", "")

    def warn(self, text: str) -> None:
        """Tell that something did not work, and what to do."""
        self._put(text, WARNING, "⚠ ")

    def _put(self, text: str, color: str, mark: str) -> None:
        self.text = text
        bold = "; font-weight: 600" if mark else ""
        self.value = (
            f'<div role="status" aria-live="polite" class="tlcourse-message" '
            f'style="color: {color}{bold}; min-height: 1.4em">{mark}{html.escape(text)}</div>'
        )


def demo(title: str, *children: widgets.Widget) -> widgets.VBox:
    """A demo: a heading, then its parts, in the type of the demos.

    Args:
        title: the heading.
        children: from top to bottom.
    """
    box = widgets.VBox([heading(title), *children], layout=widgets.Layout(grid_gap="8px"))
    box.add_class("tlcourse-demo")
    return box


def row(*children: widgets.Widget) -> widgets.HBox:
    """Widgets side by side, on several lines where there is no room."""
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap", grid_gap="4px 16px"))


def heading(text: str) -> widgets.HTML:
    """A heading of a demo; it carries the styles of all that is in the demo."""
    words = f'<div role="heading" aria-level="2" style="font-size: 28px">{html.escape(text)}</div>'
    return widgets.HTML(_CSS + words)


def labeled(kind: type[widgets.Widget], description: str, *, width: str = "26em", **options):
    """A control with its label, whole and beside it.

    Args:
        kind: such as `widgets.Dropdown`.
        description: the label.
        width: of label and control together, in CSS units.
        **options: of the control.
    """
    return kind(
        description=description,
        style={"description_width": "initial"},
        layout=widgets.Layout(width=width),
        **options,
    )


def button(text: str, on_click: Callable, *, icon: str = "", primary: bool = False, **options):
    """A button as wide as its words.

    Args:
        text: what it does.
        on_click: called with the button.
        icon: name of a Font Awesome icon, without `fa-`.
        primary: the one to press first, in color.
        **options: of `widgets.Button`, such as `disabled=True`.
    """
    layout = widgets.Layout(width="auto", align_self="flex-start")
    made = widgets.Button(description=text, icon=icon, layout=layout, **options)
    if primary:
        made.style.button_color, made.style.text_color = ACCENT, "white"
    made.on_click(on_click)
    return made


def message(text: str = "") -> Message:
    """One line for the user: `line.say(text)`, `line.warn(text)`."""
    line = Message()
    line.say(text)
    return line


def image(picture, *, alt: str, height: int | None = None) -> widgets.HTML:
    """A picture as a widget. To change it: `widget.value = image_html(picture, alt=…)`."""
    return widgets.HTML(image_html(picture, alt=alt, height=height))


def image_html(picture, *, alt: str, height: int | None = None) -> str:
    """A picture as an `<img>`.

    Args:
        picture: a matplotlib figure, or an array, uint8 (height, width, 3) or (height, width).
        alt: what it shows, for those who cannot see it.
        height: shown at so many pixels; None is as many as it has.

    Raises:
        ValueError: there is no alt text, or the array is no picture.
    """
    if not alt.strip():
        raise ValueError("A picture needs an alt text: it may not be empty.")
    if isinstance(picture, np.ndarray):
        content, size = _png_of_array(picture)
    else:
        content, size = _png_of_figure(picture)
    shown = height or size[1]
    # With its size given, the page does not jump while a new picture is put in.
    sides = f'width="{round(size[0] * shown / size[1])}" height="{shown}"'
    if shown > size[1]:  # let pixels be seen as what they are
        sides += ' style="image-rendering: pixelated"'
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return f'<img alt="{html.escape(alt)}" {sides} src="{source}"/>'


def heat_html(picture: np.ndarray, heat: np.ndarray, *, alt: str, height: int) -> str:
    """A picture in gray with a heat map over it, as an `<img>`.

    Args:
        picture: uint8 (height, width, 3).
        heat: float32 (h, w), at least 0; enlarged to the picture.
        alt: what it shows.
        height: in pixels.
    """
    from PIL import Image

    size = picture.shape[1::-1]
    heat = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR))
    return image_html(as_bytes(heat_over(picture, heat)), alt=alt, height=height)


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """A picture in [0, 1] as uint8."""
    return (255 * picture).round().astype(np.uint8)


def figure_html(words: str, picture: str) -> str:
    """A picture, as `image_html` gives it, with words below."""
    words = f"<figcaption>{html.escape(words)}</figcaption>"
    return f"<figure style='margin: 0'>{picture}{words}</figure>"


def row_html(parts: Iterable[str], gap: int = 16) -> str:
    """Pieces of a page side by side, on several lines where there is no room."""
    style = f"display: flex; flex-wrap: wrap; align-items: flex-start; gap: 6px {gap}px"
    return f"<div style='{style}'>{''.join(parts)}</div>"


def guarded(function: Callable, line: Message) -> Callable:
    """`function`, but what it raises becomes one friendly line; it then gives None.

    The course's own errors say what to do, and are shown as they are, in one line. Others would
    not help who sees them; they are kept in `line.error`.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            line.error = error
            line.warn(friendly(error))
            return None

    return wrapper


def friendly(error: Exception) -> str:
    """An exception as one line for the user."""
    if _is_ours(error):
        return " ".join(str(error).split())
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "There is not enough memory for that. Take less, and try again."
    return "That did not work. Try another choice; to start afresh, run the cell again."


def _is_ours(error: Exception) -> bool:
    """Whether the course itself raised it, with a message that is written to be read."""
    if type(error) is not ValueError:
        return isinstance(error, CourseError)
    # Our checks of arguments raise a plain ValueError, as NumPy's and Keras's do: who was it?
    modules = [
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    return bool(modules) and modules[-1].startswith("tlcourse.")


def _png_of_array(picture: np.ndarray) -> tuple[bytes, tuple[int, int]]:
    from PIL import Image

    if picture.dtype != np.uint8 or picture.shape[2:] not in ((), (3,)):
        raise ValueError(
            "A picture must be uint8 (height, width, 3) or (height, width), not "
            f"{picture.dtype} {picture.shape}."
        )
    made = Image.fromarray(picture)
    buffer = io.BytesIO()
    made.save(buffer, "PNG", compress_level=1)  # a few ms; small files matter less here
    return buffer.getvalue(), made.size


def _png_of_figure(figure) -> tuple[bytes, tuple[int, int]]:
    buffer = io.BytesIO()
    options = {"compress_level": 1}
    figure.savefig(buffer, format="png", dpi=100, facecolor="white", pil_kwargs=options)
    width, height = figure.get_size_inches() * 100
    return buffer.getvalue(), (round(width), round(height))
