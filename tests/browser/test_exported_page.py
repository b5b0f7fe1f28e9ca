"""The page that `retrain --export html` writes: opened from a file, and compared with Keras."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import SIZE
from tests.browser.page import SCREENSHOTS, Demo
from tests.helpers.photo_folder import photo
from tests.retrain.test_export import HEAT, NAMES, classifier_on
from tlcourse import load_backbone
from tlcourse.retrain import export, formats, in_page
from tlcourse.retrain.model import ready_to_use, save_model
from tlcourse.retrain.predict import predict

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, its page, and photos of several shapes."""
    made = tmp_path_factory.mktemp("made")
    classifier = classifier_on(load_backbone("photonet"))
    save_model(ready_to_use(classifier, NAMES, 64, temperature=HEAT), made / "model.keras")
    for at, size in enumerate([(500, 375), (301, 400), (64, 64), (40, 50)]):
        photo("apple", at, size).save(made / f"{at}.png")
    photo("backpack", 1).save(made / "4.jpg", quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6
    photo("backpack", 2).save(made / "5.jpg", quality=90, exif=turned)
    model = formats.for_pictures(classifier, 64, HEAT)
    about = export.about(NAMES, 64, HEAT, halfway(made), "photonet")
    in_page.write_page(model, classifier, about | {"told": "It was tested."}, made / "model.html")
    return made


def halfway(folder):
    """A threshold between the photos of which it is less sure and those of which it is more."""
    sure = sorted(
        max(answer["probabilities"].values())
        for answer in predict(folder / "model.keras", [folder])
    )
    return (sure[2] + sure[3]) / 2


@pytest.fixture
def page(browser, folder, request):
    context = browser.new_context(
        viewport=SIZE, color_scheme=getattr(request, "param", None) or "light"
    )
    demo, asked = Demo(context.new_page()), []
    demo.page.on("request", lambda one: asked.append(one.url))
    demo.page.goto((folder / "model.html").as_uri())
    expect(demo.page.locator("#about")).to_contain_text("It was tested.")
    yield demo.page
    context.close()
    assert not demo.errors
    assert not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]


def test_it_answers_as_keras_does(page, folder):
    assert float(page.locator("html").get_attribute("data-ready")) < 1e-4
    files = [folder / f"{at}.png" for at in range(4)] + [folder / "4.jpg", folder / "5.jpg"]
    page.set_input_files("#photos", files)
    expect(page.locator("#answers li")).to_have_count(len(files))
    expect(page.locator("#message")).to_be_empty()
    answers, cut = predict(folder / "model.keras", files), halfway(folder)
    for answer, path in zip(answers, files, strict=True):
        told = page.locator("#answers li", has_text=path.name)
        shares = answer["probabilities"]
        order = sorted(shares, key=shares.get, reverse=True)
        names = told.locator(".bar span").all_text_contents()
        assert names == order
        found = [float(text.split()[0]) for text in told.locator(".bar b").all_text_contents()]
        expected = [100 * shares[name] for name in order]
        # PNG to the digits that are shown; JPEG is decoded by another program, nearly alike
        assert np.abs(np.subtract(found, expected)).max() < (0.3 if path.suffix == ".png" else 2)
        words = order[0] if shares[order[0]] >= cut else "none of these?"
        assert told.locator("h2").text_content() == words
    assert page.locator("#answers h2").all_text_contents().count("none of these?") == 3


def test_what_is_no_picture_is_named(page, folder):
    (folder / "notes.txt").write_text("no picture")
    page.set_input_files("#photos", [folder / "notes.txt", folder / "0.png"])
    expect(page.locator("#message")).to_contain_text("This browser cannot read notes.txt.")
    expect(page.locator("#answers li")).to_have_count(1)


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_it_can_be_read_by_all(page, folder, request):
    page.set_input_files("#photos", [folder / "0.png", folder / "4.jpg"])
    expect(page.locator("#answers li")).to_have_count(2)
    found = Axe().run(page, options=RULES).response["violations"]
    assert not [one["id"] for one in found]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    theme = request.node.callspec.params["page"]
    page.screenshot(path=SCREENSHOTS / f"exported_page_{theme}.png", full_page=True)


def test_a_browser_that_computes_something_else_says_so(browser, folder, tmp_path):
    text = (folder / "model.html").read_text("utf-8")
    spoiled = text.replace("v / 127.5 - 1", "v / 127.5 - 0.9")
    assert spoiled != text
    (tmp_path / "model.html").write_text(spoiled, "utf-8")
    context = browser.new_context(viewport=SIZE)
    other = context.new_page()
    other.goto((tmp_path / "model.html").as_uri())
    expect(other.locator("#message")).to_contain_text("computes other answers than the model")
    context.close()
