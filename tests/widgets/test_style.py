"""What the demos share: pictures with words, labels, one friendly line for an error."""

import base64
import io
import re

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from tlcourse import plots
from tlcourse.errors import AssetError
from tlcourse.widgets import style


def decoded(page: str) -> np.ndarray:
    (source,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))


@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6)])
def test_an_array_arrives_pixel_by_pixel(shape):
    picture = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    page = style.image_html(picture, alt="A <b> picture", height=8)
    np.testing.assert_array_equal(decoded(page), picture)
    assert 'alt="A &lt;b&gt; picture"' in page
    assert 'width="12" height="8"' in page  # so that the page does not jump


def test_a_figure_is_shown_at_its_size():
    figure, ax = plots.figure(3, 2)
    ax.plot([0, 1])
    page = style.image(figure, alt="A line").value
    assert 'width="300" height="200"' in page
    assert decoded(page).shape[:2] == (200, 300)


def test_heat_is_enlarged_and_laid_over_the_gray_picture():
    picture = np.full((8, 8, 3), [90, 30, 0], np.uint8)
    cold = decoded(style.heat_html(picture, np.zeros((2, 2), "float32"), alt="Heat", height=8))
    np.testing.assert_array_equal(cold, np.full((8, 8, 3), 40))
    heat = np.array([[1, 0], [0, 0]], "float32")
    warm = decoded(style.heat_html(picture, heat, alt="Heat", height=8)).astype(int)
    assert warm[0, 0].sum() > warm[-1, -1].sum() == 120


@pytest.mark.parametrize(
    ("picture", "alt"),
    [
        (np.zeros((4, 4, 3), np.uint8), " "),
        (np.zeros((4, 4, 3)), "float"),
        (np.zeros((4, 4, 4), np.uint8), "four channels"),
    ],
)
def test_what_is_no_picture_or_has_no_words_is_refused(picture, alt):
    with pytest.raises(ValueError, match="picture"):
        style.image_html(picture, alt=alt)


def test_a_line_is_read_aloud_and_holds_no_markup():
    line = style.message("<b>one</b>")
    assert 'role="status"' in line.value
    assert "&lt;b&gt;one&lt;/b&gt;" in line.value
    assert line.text == "<b>one</b>"


def stumble():
    return [][1]


def ask_wrongly():
    plots.images(np.zeros(3))


def miss_a_file():
    raise AssetError("No weights here.\nCopy them there.")


def ask_numpy_wrongly():
    np.zeros(3).reshape(2, 2)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (stumble, "That did not work."),  # nobody is helped by "list index out of range"
        (ask_numpy_wrongly, "That did not work."),
        (ask_wrongly, "pictures must be uint8"),  # the course's own errors say what to do
        (miss_a_file, "No weights here. Copy them there."),
    ],
)
def test_an_error_becomes_one_line(function, words):
    line = style.message()
    assert style.guarded(function, line)() is None
    assert line.text.startswith(words)
    assert "\n" not in line.text
    assert line.error is not None


def test_what_works_is_not_touched():
    line = style.message("before")
    assert style.guarded(lambda x, y=0: x + y, line)(1, y=2) == 3
    assert line.text == "before"


def test_controls_have_their_labels_and_a_demo_its_heading():
    slider = style.labeled(ipywidgets.IntSlider, "A label that is rather long", min=0, max=3)
    assert (slider.description, slider.max) == ("A label that is rather long", 3)
    assert slider.style.description_width == "initial"  # as wide as its words
    pressed = []
    style.button("Go", pressed.append).click()
    assert len(pressed) == 1
    box = style.demo("A & B", slider)
    assert "A &amp; B</div>" in box.children[0].value
    assert 'role="heading"' in box.children[0].value
