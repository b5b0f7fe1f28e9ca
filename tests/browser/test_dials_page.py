"""The dials in the page: the demos' numbers, by keyboard, by a link, and on a tour."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tlcourse import load_surface
from tlcourse.data.studies import load_distance
from tlcourse.widgets.distance_dial import REAL_LABELS, REAL_TARGETS, gains_of, load_all
from tlcourse.widgets.distance_dial import in_words as distance_words
from tlcourse.widgets.how_much_data import flowers_curves
from tlcourse.widgets.how_much_data import in_words as data_words
from tools import site_dials, site_places

STATIC = Path(__file__).parents[2] / "site" / "_static"
READ = """async ([id, hash]) => {
    location.hash = hash;
    await new Promise((done) => setTimeout(done));
    const dial = document.getElementById(id);
    return {
        words: dial.querySelector(".dial-words").textContent,
        rows: [...dial.querySelectorAll("tbody tr")].map((row) =>
            [...row.cells].map((cell) => cell.textContent)),
        bars: dial.querySelectorAll("[data-part=spread]").length,
        alt: dial.querySelector("svg").getAttribute("aria-label"),
        address: dial.querySelector(".dial-links a").getAttribute("href"),
    };
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A page with the dials and nothing else."""
    divs = [
        re.search(r"<div.*</div>", site_places.cell(kind, "a")["source"])[0]
        for kind in site_dials.DIALS
    ]
    styles, script = ((STATIC / name).read_text("utf-8") for name in ("dials.css", "dials.js"))
    made = tmp_path_factory.mktemp("dials") / "dials.html"
    made.write_text(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Dials</title>"
        f"<meta name='viewport' content='width=device-width'><style>{styles}</style>"
        f"<body><main><h1>Dials</h1>{''.join(divs)}</main><script>{script}</script>",
        "utf-8",
    )
    return made


@pytest.fixture
def page(file, browser):
    """That page; the test fails if its console got an error, or if it asked for something."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    trouble = []
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda r: r.url.startswith("file:") or trouble.append(r.url))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert not trouble


def percent(values) -> list[str]:
    return [f"{100 * value:.0f} %" for value in (values.mean(), values.min(), values.max())]


def test_the_freeze_dial_has_the_numbers_of_the_surface(page):
    sizes, table = load_surface()
    for way in ("frozen", "tuned"):
        for at, size in enumerate(sizes):
            link = f"freeze-dial&size={size}&way={way}&shown=5"
            seen = page.evaluate(READ, ["freeze-dial", link])
            runs = [table["scratch", 0], *(table[way, kept] for kept in (1, 2, 3, 4))]
            assert [row[1:] for row in seen["rows"]] == [percent(one[at]) for one in runs]
            assert seen["bars"] == 5
            assert seen["address"] == f"#{link}"


def test_how_much_data_says_what_the_demo_says(page):
    sizes, table = load_surface()
    scratch, guess = table["scratch", 0], np.array([0.2, 0.4, 0.5, 0.6, 0.7, 1.0])
    for way in ("frozen", "tuned"):
        for kept in (1, 2, 3, 4):
            for shown in (0, 1, 4, 6):
                link = f"how-much-dial&kept={kept}&way={way}&shown={shown}&guess=20-40-50-60-70-100"
                seen = page.evaluate(READ, ["how-much-dial", link])
                runs = table[way, kept]
                assert seen["words"] == data_words(sizes, runs, scratch, guess, shown)
                assert [row[1:4] for row in seen["rows"]] == [
                    percent(one) if at < shown else ["not shown yet"] * 3
                    for at, one in enumerate(runs)
                ]


def test_the_flowers_dial_says_what_the_demo_says(page):
    guess = np.array([0.2, 0.4, 0.5, 0.6, 0.7, 1.0])
    for key, name in site_dials.FLOWERS.items():
        sizes, scratch, transfer, _, _ = flowers_curves(name)
        for shown in (0, 1, 6):
            link = f"flowers-dial&network={key}&shown={shown}&guess=20-40-50-60-70-100"
            seen = page.evaluate(READ, ["flowers-dial", link])
            assert seen["words"] == data_words(sizes, transfer, scratch, guess, shown)
            assert [row[1:4] for row in seen["rows"]][:shown] == [
                percent(one) for one in transfer[:shown]
            ]


def test_the_dial_of_real_tasks_says_what_the_demo_says(page):
    table, names = load_all(), list(REAL_LABELS.values())
    for target in REAL_TARGETS:
        for method in ("frozen", "tuned"):
            for size, shown, guess in ((10, 4, 1), (100, 2, None)):
                gains = gains_of(table, target, method, size)
                link = f"real-dial&target={target}&method={method}&size={size}&shown={shown}"
                link += "" if guess is None else f"&guess={guess}"
                seen = page.evaluate(READ, ["real-dial", link])
                assert seen["words"] == distance_words(gains, shown, guess, names)
                assert seen["bars"] == shown


def test_the_distance_dial_says_what_the_demo_says(page):
    table = load_distance()
    keys = sorted({(t, m, n) for t, source, m, n in table if source == "photonet"})
    assert len(keys) == 14
    for target, method, size in keys:
        gains = gains_of(table, target, method, size)
        for shown, guess in ((0, None), (2, 1), (5, None), (5, 5)):
            link = f"distance-dial&target={target}&method={method}&size={size}&shown={shown}"
            link += "" if guess is None else f"&guess={guess}"
            seen = page.evaluate(READ, ["distance-dial", link])
            assert seen["words"] == distance_words(gains, shown, guess)
            assert seen["bars"] == shown
            assert [row[1] for row in seen["rows"][:shown]] == [
                f"{100 * gain.mean():+.0f}".replace("-", "−") for gain in gains[:shown]
            ]


def test_by_keyboard_step_by_step_and_kept_in_the_address(page):
    dial = page.locator("#freeze-dial")
    dial.get_by_label("My guess: best is").focus()
    page.keyboard.type("all 4")
    dial.get_by_label("Stages kept", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert dial.get_by_role("status").inner_text().startswith("from scratch: 46 % right")
    dial.get_by_text("The same as a table").focus()
    page.keyboard.press("Enter")
    assert dial.locator("tbody tr").nth(1).inner_text().split("\t")[1:] == ["not shown yet"] * 3
    for _ in range(4):
        dial.get_by_label("Stages kept", exact=True).press("ArrowRight")
    assert dial.get_by_role("status").inner_text().endswith("Your guess: all 4.")
    assert page.url.endswith("#freeze-dial&size=10&way=frozen&shown=5&guess=4")
    alt = dial.get_by_role("img").get_attribute("aria-label")
    assert alt.startswith("Test accuracy by the number of stages kept: from scratch 46 %; 1 of 4")
    page.reload()
    assert dial.get_by_role("status").inner_text().endswith("Your guess: all 4.")


def test_a_number_of_images_that_fine_tuning_lacks_gives_way(page):
    dial = page.locator("#distance-dial")
    dial.get_by_label("Images a class").select_option("50")
    dial.get_by_label("The network is").select_option("fine-tuned")
    assert dial.get_by_label("Images a class").locator("option").all_inner_texts() == ["10", "100"]
    assert "&method=tuned&size=10&" in page.url


def test_a_link_hides_the_controls_and_gives_them_back(page):
    dial = page.locator("#distance-dial")
    dial.get_by_role("link", name="without controls").click()
    assert page.url.endswith("&shown=0&controls=off")
    assert not dial.get_by_role("combobox").count()
    assert not dial.get_by_role("slider").count()
    assert dial.get_by_role("img").is_visible()
    dial.get_by_role("link", name="Show the controls").click()
    assert dial.get_by_role("slider").is_visible()


@pytest.mark.parametrize(
    "address",
    ["size=7&way=sideways&shown=99&guess=12", "shown=&guess=-&controls", "%&&=&size=%E0%A4%A", "x"],
)
def test_what_is_wrong_in_an_address_is_passed_over(page, address):
    seen = page.evaluate(READ, ["freeze-dial", f"freeze-dial&{address}"])
    assert seen["address"] == "#freeze-dial&size=10&way=frozen&shown=0"


@pytest.mark.parametrize("kind", site_dials.DIALS)
def test_the_tour_asks_lights_up_and_then_shows(page, kind):
    dial = page.locator(f"#{kind}-dial")
    dial.get_by_role("button", name="Tour in five steps").click()
    for number, step in enumerate(site_dials.DIALS[kind]()["tour"], start=1):
        tour = dial.get_by_role("group", name="Tour")
        assert tour.locator("p").first.inner_text() == f"Step {number} of 5. {step['ask']}"
        assert step["told"] not in dial.inner_text()
        wrong = number % 2 == 0
        chosen = next(k for k in range(9) if (k in step["right"]) is not wrong)
        if step["light"] != "result":
            assert dial.locator(f"svg .lit[data-part={step['light']}]").count()
        tour.get_by_role("button", name=step["options"][chosen], exact=True).click()
        said = f"You said: {step['options'][chosen]}." if wrong else "Yes."
        assert tour.get_by_role("status").inner_text() == f"{said} {step['told']}"
        assert f"&shown={step['end']}" in page.url
        page.keyboard.press("Enter")  # the button that goes on has the focus
    assert not dial.get_by_role("group", name="Tour").count()
    assert dial.get_by_role("slider").last.is_visible()
    dial.get_by_role("button", name="Tour in five steps").press("Enter")
    page.keyboard.press("Escape")
    assert dial.get_by_role("button", name="Tour in five steps").is_visible()


# Of the figure, what is on the screen; of the words in it, the least opacity.
SEEN = """dial => {
    const figure = dial.querySelector("svg").getBoundingClientRect();
    const words = [...dial.querySelectorAll("svg text")].map((e) =>
        getComputedStyle(e).opacity * getComputedStyle(e.parentNode).opacity);
    return {
        shown: (Math.min(figure.bottom, innerHeight) - Math.max(figure.top, 0)) / figure.height,
        faintest: Math.min(...words),
        guess: dial.querySelectorAll("[data-part=guess]").length,
        asked: dial.querySelector(".dial-tour").getBoundingClientRect().top,
    };
}"""


@pytest.mark.parametrize("kind", site_dials.DIALS)
def test_a_tour_by_touch_keeps_question_and_figure_in_sight(file, browser, kind):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(file.as_uri())
    dial = page.locator(f"#{kind}-dial")
    button = dial.get_by_role("button", name="Tour in five steps")
    button.evaluate("button => button.scrollIntoView({ block: 'end' })")  # all else is below
    button.tap()
    for step in site_dials.DIALS[kind]()["tour"]:
        tour = dial.get_by_role("group", name="Tour")
        assert dial.evaluate(SEEN)["asked"] >= 0
        tour.get_by_role("button", name=step["options"][0], exact=True).tap()
        expect(tour.get_by_role("status")).to_contain_text(step["told"])
        seen = dial.evaluate(SEEN)
        assert seen["shown"] > 0.9
        assert seen["asked"] >= 0
        assert seen["faintest"] >= 0.75
        assert not seen["guess"]  # it is given by the buttons
        assert "our guess" not in dial.locator(".dial-words").inner_text()
        tour.get_by_role("button", name=re.compile("Next|End of the tour")).tap()
    expect(button).to_be_focused()
    context.close()


@pytest.mark.parametrize("width", [320, 390])
def test_a_telephone_shows_it_whole(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The picture is drawn anew for the width: what is asked in between may just have left the page.
    expect(page.locator("#distance-dial svg text").first).to_have_css("font-size", "13px")


def test_the_dials_are_accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    page.locator("#freeze-dial").get_by_role("button", name="Tour in five steps").click()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, options=rules).response["violations"]
    assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
