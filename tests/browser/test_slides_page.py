"""`make slides`: each deck opens from disk with no network, whole and legible, on 1280×720."""

import json

import pytest

from tests.browser.page import SCREENSHOTS
from tests.browser.servers import ROOT
from tlcourse.commands import slides
from tlcourse.notebooks import APPENDIX, lessons_in

LESSONS = [path for path in lessons_in(ROOT / "lessons") if path.parent.name != APPENDIX]
LEAST, MOST = 8, 17  # slides a lesson
SMALLEST_TYPE = 14  # pixels, of 720; a slide that needs smaller type holds too much
# All there is to know about the slide that is shown.
LOOK = """() => {
  const slide = Reveal.getCurrentSlide();
  const lines = [...slide.querySelectorAll("p, li, td, th, pre, h1, h2, h3, small")];
  return {
    title: slide.innerText.trim().slice(0, 60),
    height: slide.scrollHeight, width: slide.scrollWidth,
    empty: !slide.querySelector("p, li, td, pre, small, img"),
    missing: [...slide.querySelectorAll("img")].filter(i => !i.complete || !i.naturalWidth).length,
    nameless: [...slide.querySelectorAll("img")].filter(i => !i.alt.trim()).length,
    type: Math.min(99, ...lines.map(line => parseFloat(getComputedStyle(line).fontSize))),
    last: Reveal.isLastSlide(),
  };
}"""


@pytest.fixture
def page(browser):
    """A page without a network that is as large as a projector's picture."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    made = context.new_page()
    yield made
    context.close()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_deck_opens_from_disk_and_every_slide_fits(page, tmp_path, lesson):
    problems = []
    page.on("console", lambda line: line.type == "error" and problems.append(line.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda asked: _is_local(asked.url) or problems.append(asked.url[:100]))
    assert slides.main([str(lesson), "--out", str(tmp_path)]) == 0
    page.goto((tmp_path / f"{lesson.stem}.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    seen, folder = [], SCREENSHOTS / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    while not seen or not seen[-1]["last"]:
        seen.append(page.evaluate(LOOK))
        page.screenshot(path=folder / f"{lesson.stem[:2]}_{len(seen):02}.png")
        page.keyboard.press("Space")
    for number, slide in enumerate(seen, start=1):
        wrong = slide["empty"] or slide["missing"] or slide["nameless"]
        wrong = wrong or slide["height"] > 720 or slide["width"] > 1280
        if wrong or slide["type"] < SMALLEST_TYPE:
            problems.append(f"slide {number}: {json.dumps(slide)}")
    assert not problems, "\n".join(problems)
    assert LEAST <= len(seen) <= MOST


def _is_local(address: str) -> bool:
    return address.startswith(("file:", "data:", "blob:"))
