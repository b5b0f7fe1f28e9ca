"""The example of lesson 10 has the faults that the lesson finds, and no others."""

import hashlib

import numpy as np
import pytest

from tlcourse.data.lost_property import CLASSES, PARTS, write_lost_property
from tlcourse.photos.check import check_images
from tlcourse.photos.read import read_image


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.jpg")
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_lost_property(tmp_path_factory.mktemp("office"), seed=3)


def test_the_planted_faults(folder):
    reports = {part: check_images(folder / part) for part in PARTS}
    (problem,) = [f for report in reports.values() for f in report.problems]
    assert problem.path.relative_to(folder).as_posix() == "office/goggles/day-000.jpg"
    assert "is cut off" in problem.message
    places = {}
    for report in reports.values():
        for path, digest in report.digests.items():
            places.setdefault(digest, []).append(path.relative_to(folder).as_posix())
    (copies,) = [paths for paths in places.values() if len(paths) > 1]
    assert copies == [
        "office/eyeglasses/evening-007.jpg",
        "office/sunglasses/evening-007.jpg",
    ]
    for week in ("first_week", "second_week", "third_week"):
        assert reports[week].counts == dict.fromkeys(sorted(CLASSES), 60)


def test_light_goes_with_the_class_in_the_office_only(folder):
    def days(part, name):
        names = [path.name for path in (folder / part / name).iterdir()]
        return np.mean([name.startswith("day") for name in names])

    assert days("office", "eyeglasses") == 0
    assert days("office", "sunglasses") == 80 / 81  # the copy
    later = [(part, name) for part in PARTS if part != "office" for name in CLASSES]
    for part, name in (("office", "goggles"), *later):
        assert days(part, name) == 0.5
    brightness = {
        light: np.mean([read_image(p)[0].mean() for p in (folder / "retaken").rglob(f"{light}*")])
        for light in ("day", "evening")
    }
    assert brightness["day"] > 1.8 * brightness["evening"]


def test_the_same_seed_writes_the_same_photos_over_what_was_there(folder, tmp_path):
    write_lost_property(tmp_path, seed=4)
    other = digests(tmp_path)
    write_lost_property(tmp_path, seed=3)
    assert digests(tmp_path) == digests(folder) != other
