"""Each lesson as a student opens it in JupyterLab: no result is there before its cell was run."""

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.page import RUN_MILLISECONDS
from tests.browser.servers import ROOT
from tlcourse.notebooks import lessons_in

LESSONS = lessons_in(ROOT / "lessons")
# Of each code cell: the words that it shows below its code, and whether there is a picture.
LOOK = """() => [...document.querySelectorAll(".jp-CodeCell")].map(cell => {
  const below = cell.querySelector(".jp-Cell-outputWrapper");
  const seen = [...below.querySelectorAll("img, canvas, table")].some(e => e.checkVisibility());
  return {
    words: below.checkVisibility() ? below.innerText.trim() : "", picture: seen,
    closed: Boolean(below.querySelector(".jp-OutputPlaceholder, .jp-Placeholder")),
    claims: cell.querySelector(".jp-Cell-inputWrapper").innerText.trim(),
  };
})"""


def open_in_lab(demo, address, name):
    demo.page.goto(f"{address}/doc/tree/{name}")
    demo.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    demo.page.evaluate(
        "async () => { const panel = window.jupyterapp.shell.currentWidget;"
        " await panel.context.ready; await panel.sessionContext.ready; }"
    )
    demo.wait_until_idle()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_who_opens_a_lesson_sees_no_result(lab, demo, path):
    open_in_lab(demo, lab, path.relative_to(ROOT / "lessons").as_posix())
    cells = demo.page.evaluate(LOOK)
    stored = nbformat.read(path, as_version=4).cells
    closed = [bool(cell.outputs) for cell in stored if cell.cell_type == "code"]
    assert [cell["closed"] for cell in cells] == closed  # they are stored, and closed
    assert [cell for cell in cells if cell["words"] or cell["picture"]] == []
    if path.stem.startswith("00"):
        demo.screenshot("lesson_closed", ".jp-Notebook")


def test_a_result_opens_when_its_cell_is_run_or_its_dots_are_clicked(lab, demo):
    open_in_lab(demo, lab, "00_start_here.ipynb")
    cells = demo.page.locator(".jp-CodeCell")
    cells.first.click()
    for number, words in enumerate(["Computes on", "All that the network will be shown"]):
        if number:  # Shift+Enter has gone on to the next cell; a text is rendered again
            while demo.page.locator(".jp-MarkdownCell.jp-mod-active").count():
                demo.page.keyboard.press("Shift+Enter")
        demo.page.keyboard.press("Shift+Enter")
        expect(cells.nth(number)).to_contain_text(words, timeout=RUN_MILLISECONDS)
        demo.wait_until_idle()
        seen = [bool(cell["words"]) for cell in demo.page.evaluate(LOOK)]
        assert seen == [True] * (number + 1) + [False] * (len(seen) - number - 1)
    # The dots of a figure; then a claim, whose code is closed too, and which needs what is above.
    figure = cells.nth(5).locator(".jp-Cell-outputWrapper")
    figure.locator(".jp-Placeholder-content").click()
    expect(figure).to_contain_text("Ten of the 200 test drawings")
    claimed = cells.nth(6)
    expect(claimed.locator(".jp-Cell-inputWrapper")).to_have_text("claim(")
    claimed.locator(".jp-InputPrompt").click()
    demo.page.keyboard.press("Shift+Enter")
    expect(claimed.locator(".jp-Cell-outputWrapper")).to_contain_text("NameError")
