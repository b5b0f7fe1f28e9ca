"""The photo lab without a page: its controls in the order in which a class would use them."""

import time

import numpy as np
import pytest

from tlcourse.drawing.render import render
from tlcourse.widgets.photo_lab import photo_lab
from tlcourse.widgets.photo_lab_results import verdict
from tlcourse.widgets.upload import Photo

SOON = 60.0  # seconds


class Lab:
    """The parts of the widget, by name."""

    def __init__(self, folder):
        self.box = photo_lab(folder)
        _, top, self.classes, self.line, training, self.result, trying, *rest = self.box.children
        self.examples, self.more = top.children
        self.train, job = training.children
        self.bar, self.stop = job.children[0].children
        self.job_line = job.children[1]
        self.try_new, self.example = trying.children
        self.try_line, self.tried, saving, self.save_line, self.saved = rest
        self.folder, self.save = saving.children

    def panel(self, number):
        """Name field, upload and clear button, and sheet of one class."""
        controls, sheet = self.classes.children[number - 1].children
        return (*controls.children, sheet)

    def give(self, number, name, photos, complaints=()):
        field, upload, *_ = self.panel(number)
        field.value = name
        upload._on_photos(photos, list(complaints))

    def wait_for(self, words):
        end = time.monotonic() + SOON
        while words not in self.job_line.text and time.monotonic() < end:
            time.sleep(0.02)
        assert words in self.job_line.text
        while not self.stop.disabled and time.monotonic() < end:
            time.sleep(0.02)


def photos(name, count=4):
    return [Photo(f"{name} {at}", render(name, 5, at)) for at in range(count)]


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def test_from_photos_to_a_saved_model(lab, tmp_path):
    assert lab.save.disabled
    assert lab.try_new.disabled
    lab.give(1, "bag", photos("backpack"))
    lab.give(2, "brolly", photos("umbrella"))
    lab.train.click()
    lab.wait_for("of 8 right. Each photo was left out")
    assert lab.bar.value == 1.0
    lab.try_new._on_photos(photos("umbrella", 1), [])
    assert 'alt="New photo"' in lab.tried.value
    lab.try_new._on_photos([], ["x.txt is not an image."])
    assert lab.try_line.text == "x.txt is not an image."
    lab.folder.value = "../bags"  # no way out of the folder
    lab.save.click()
    assert (tmp_path / "bags" / "model.keras").is_file()
    assert "linear_probe" in lab.saved.value
    lab.give(1, "bag", photos("backpack", 6))
    assert lab.job_line.text == "The photos have changed: train again."


def test_what_is_missing_is_told_in_one_line(lab):
    lab.train.click()
    lab.wait_for("One class is nothing to tell apart")
    lab.give(1, "bag", photos("backpack", 2))
    lab.give(2, "brolly", photos("umbrella", 1))
    lab.train.click()
    lab.wait_for("Too few photos: brolly (1)")
    lab.give(2, "Bag", photos("umbrella", 2))
    lab.train.click()
    assert lab.line.text == "Give each class a name of its own."


def test_a_photo_is_taken_once_and_a_bad_one_not_at_all(lab):
    lab.give(1, "bag", photos("backpack", 2))
    lab.give(1, "bag", photos("backpack", 3), ["x.txt is empty."])
    assert (
        lab.line.text == "x.txt is empty. backpack 0 is there already. backpack 1 is there already."
    )
    *_, clear, sheet = lab.panel(1)
    assert "3 photos" in sheet.value
    clear.click()
    assert "0 photos" in sheet.value


def test_classes_can_be_added_up_to_six(lab):
    for _ in range(8):
        lab.more.click()
    assert len(lab.classes.children) == 6
    assert lab.more.disabled


def test_examples_fill_the_classes_and_leave_some_to_try(lab):
    lab.examples.value = "photographs: face or not"
    assert [lab.panel(n)[0].value for n in (1, 2)] == ["not a face", "face"]
    lab.train.click()
    lab.wait_for("of 28 right")
    lab.example.click()
    first = lab.tried.value
    lab.example.click()
    assert 'alt="New photo"' in first != lab.tried.value
    lab.examples.value = "your own photos"
    assert "0 photos" in lab.panel(2)[-1].value


def test_a_stopped_training_changes_nothing(lab):
    lab.examples.value = "photographs: face or not"
    lab.train.click()
    lab.stop.disabled = False  # press at once
    lab.stop.click()
    lab.wait_for("Stopped")
    assert lab.save.disabled


def test_the_verdict_says_how_it_was_judged():
    from tlcourse.retrain.lab import Trained

    def lab_of(left_out):
        shares = np.array([[0.9, 0.1], [0.6, 0.4]])
        return Trained(("a", "b"), (), None, np.array([0, 1]), None, shares, (), None, left_out)

    assert verdict(lab_of(1)).startswith("1 of 2 right. Each photo was left out")
    assert verdict(lab_of(7)).startswith("1 of 2 right. A tenth of the photos at a time")
