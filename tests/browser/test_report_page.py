"""The report of `tlcourse retrain` in a browser: on a phone, in both themes, and printed."""

import numpy as np
import pytest

from tests.retrain.test_report import made
from tlcourse.retrain.report import render

A4 = {"width": 680, "height": 1000}  # what margins of 15 mm leave, in pixels of 1/96 inch
PHONE = {"width": 390, "height": 800}
FEW = ("cat", "dog")
MANY = tuple(f"a class with a long name {k:02}" for k in range(25))
# What is cut off: what has more in it than can be seen, and does not scroll.
CUT = """() => [...document.querySelectorAll("html, pre, table, .wide, figure, p, td, th")]
  .filter((it) => {
    const style = getComputedStyle(it), across = it.getBoundingClientRect();
    const scrolls = style.overflowX === "auto" && !matchMedia("print").matches;
    const within = it.parentElement?.closest(".wide, pre");
    if (within && getComputedStyle(within).overflowX === "auto") return false;
    return (it.scrollWidth > it.clientWidth + 1 && it.clientWidth && !scrolls)
      || across.right > innerWidth + 1 || across.left < -1;
  })
  .map((it) => `${it.tagName}.${it.className} ${it.scrollWidth} of ${it.clientWidth}`)"""
COLORS = """() => ["backgroundColor", "color"].map((it) => getComputedStyle(document.body)[it])"""


@pytest.fixture(scope="module", params=[FEW, MANY], ids=["2 classes", "25 classes"])
def report(request, tmp_path_factory):
    labels = np.repeat(np.arange(len(request.param)), 2)
    answers = np.where(np.arange(len(labels)) % 3 == 0, 0, labels)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(made(request.param, answers)), "utf-8")
    return path


@pytest.fixture
def opened(browser, report):
    """Opens the report at a size, in a theme, on a screen or on paper."""
    pages = []

    def opened(size, theme="light", media="screen"):
        page = browser.new_page(viewport=size)
        pages.append(page)
        page.emulate_media(media=media, color_scheme=theme)
        page.goto(report.as_uri())
        return page

    yield opened
    for page in pages:
        page.close()


def test_nothing_is_cut_off_on_a_phone(opened):
    assert opened(PHONE).evaluate(CUT) == []


def test_printed_nothing_is_cut_off_and_the_page_is_white_in_both_themes(opened):
    for theme in ("light", "dark"):
        page = opened(A4, theme, "print")
        assert page.evaluate(CUT) == [], theme
        assert page.evaluate(COLORS) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], theme
    assert opened(A4, "dark").evaluate(COLORS)[0] != "rgb(255, 255, 255)"


def test_printed_pictures_and_tables_stay_on_one_page(opened):
    page = opened(A4, media="print")
    of = "it => [...document.querySelectorAll(it)].map((it) => getComputedStyle(it).breakInside)"
    for what in ("figure", "table", "pre"):
        assert set(page.evaluate(of, what)) == {"avoid"}, what
    heights = "[...document.images].map((it) => it.getBoundingClientRect().height)"
    assert max(page.evaluate(heights)) < A4["height"]


def test_printed_files_that_were_left_out_can_be_read(opened):
    page = opened(A4, media="print")
    assert page.locator("details li").first.bounding_box()["height"] > 0
    assert page.locator("details li").first.is_visible()
    assert not opened(A4).locator("details li").first.is_visible()
