"""Demo 5 in a real browser."""

import pytest
from PIL import Image

from tlcourse.drawing.render import render

NOTEBOOK = "demos/05_photo_lab.ipynb"
TRAINING = 120_000  # milliseconds; it takes about three seconds when nothing else runs


@pytest.fixture
def photo_lab(lab, demo):
    return demo.run_in_lab(lab, NOTEBOOK)


@pytest.fixture
def photos(tmp_path):
    """Six files a class."""
    files = {}
    for name in ("backpack", "umbrella"):
        files[name] = [tmp_path / f"{name} {at}.png" for at in range(6)]
        for at, path in enumerate(files[name]):
            Image.fromarray(render(name, 3, at, size=192)).save(path)
    return files


def train_on_examples(demo):
    demo.pick("Start with", "drawn glasses and goggles")
    demo.picture("Photo goggles 0").wait_for()
    demo.press("Train")
    demo.expect_message("of 42 right", timeout=TRAINING)


def test_the_examples_are_learned_and_a_new_photo_is_judged(photo_lab):
    train_on_examples(photo_lab)
    photo_lab.picture("A mistake").first.wait_for()
    photo_lab.press("Try an example")
    with photo_lab.changes("New photo"):
        photo_lab.press("Try an example", mouse=True)
    photo_lab.screenshot("photo_lab")


def test_your_own_photos_are_learned_and_the_model_is_saved(photo_lab, photos, tmp_path):
    photo_lab.press("Train")
    photo_lab.expect_message("One class is nothing to tell apart")
    for number, (name, files) in enumerate(photos.items(), start=1):
        photo_lab.fill(f"Class {number}", name)
        photo_lab.upload(f"Photos for class {number}", *files)
        photo_lab.expect_message(f"6 more for {name}.")
    words = tmp_path / "words.txt"
    words.write_text("no picture")
    photo_lab.upload("Photos for class 1", words, photos["backpack"][0])
    photo_lab.expect_message("words.txt is not an image by its name")
    photo_lab.expect_message("backpack 0.png is there already.")
    photo_lab.screenshot("photo_lab_bad_file")
    photo_lab.press("Train")
    photo_lab.expect_message("of 12 right", timeout=TRAINING)
    photo_lab.upload("Try a new photo", photos["umbrella"][2])
    photo_lab.picture("New photo").wait_for()
    photo_lab.upload("Try a new photo", words.rename(tmp_path / "notes.txt"))
    photo_lab.expect_message("notes.txt is not an image by its name")
    photo_lab.fill("Folder", "bags")
    photo_lab.press("Save")
    photo_lab.expect_message("Saved: “bags”")
    photo_lab.press("Save")
    photo_lab.expect_message("There is a “bags” already")


def test_a_class_can_be_added_and_cleared(photo_lab, photos):
    photo_lab.press("Add a class", mouse=True)
    photo_lab.upload("Photos for class 3", *photos["backpack"])
    photo_lab.picture("Photo backpack 5.png").wait_for()
    photo_lab.press("Clear class 3")
    photo_lab.picture("Photo backpack 5.png").wait_for(state="detached")


def test_voila_serves_it(voila, demo):
    demo.run_in_voila(voila, NOTEBOOK)
    train_on_examples(demo)
    demo.press("Try an example")
    demo.picture("New photo").wait_for()
    demo.screenshot("photo_lab_voila")
