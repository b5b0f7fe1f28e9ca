"""A folder of photos as a task: what is read, and how it is split."""

import shutil

import numpy as np
import pytest

from tests.helpers.odd_photos import digests, photos
from tlcourse.errors import ImageFolderError
from tlcourse.photos.check import check_images
from tlcourse.photos.folder import load_image_folder


def test_a_good_folder(folder):
    (folder / "dog" / "Thumbs.db").write_bytes(b"x")
    (folder / "dog" / ".hidden").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("no photo, no class")
    before = digests(folder)
    report = check_images(folder)
    assert report.ok
    assert report.counts == {"cat": 5, "dog": 5}
    assert (report.problems, report.notes) == ((), ())
    assert str(report) == f"{folder}: 10 usable images in 2 classes\n  cat: 5\n  dog: 5"

    task = load_image_folder(folder, image_size=8)
    assert task.name == "pets"
    assert task.class_names == ("cat", "dog")
    assert task.description == "photos from pets/"
    assert [np.bincount(s.labels).tolist() for s in (task.train, task.validation, task.test)] == [
        [3, 3],
        [1, 1],
        [1, 1],
    ]
    pixels = {}
    for split in (task.train, task.validation, task.test):
        assert split.images.shape[1:] == (8, 8, 3)
        for image, label in zip(*split, strict=True):
            assert (image == image[0, 0]).all()
            pixels[tuple(image[0, 0].tolist())] = label
    assert pixels == {(50 * k, 10 * i, 255): k for k in (0, 1) for i in range(5)}
    assert digests(folder) == before


def test_the_split_follows_the_seed_and_the_fractions(tmp_path):
    folder = photos(tmp_path / "pets", count=10)
    one, same = load_image_folder(folder, image_size=8), load_image_folder(folder, image_size=8)
    other = load_image_folder(folder, image_size=8, seed=1)
    assert np.array_equal(one.test.images, same.test.images)
    assert not np.array_equal(one.test.images, other.test.images)
    task = load_image_folder(folder, image_size=8, validation=0.1, test=0.4)
    sizes = [len(s.labels) for s in (task.train, task.validation, task.test)]
    assert sizes == [10, 2, 8]


# Each kind of unusual picture: how it is made, its name, the first pixel it is read as, its note.


def test_too_few_images_to_split(folder):
    for i in (2, 3, 4):
        (folder / "dog" / f"{i}.png").unlink()
    with pytest.raises(ImageFolderError, match=r"too few images to give each split one: dog \(2\)"):
        load_image_folder(folder)


@pytest.mark.parametrize(
    "fractions", [{"validation": 0}, {"test": 1}, {"test": 0.5, "validation": 0.5}]
)
def test_fractions_that_leave_nothing(folder, fractions):
    with pytest.raises(ValueError, match="leave something to train on"):
        load_image_folder(folder, **fractions)


def test_too_small_a_size(folder):
    with pytest.raises(ValueError, match="image_size must be at least 8 pixels, not 0"):
        load_image_folder(folder, image_size=0)


@pytest.fixture
def given(tmp_path):
    for split, count in (("train", 3), ("val", 1), ("test", 2)):
        photos(tmp_path / "pets" / split, count=count)
    return tmp_path / "pets"


def test_given_splits(given):
    task = load_image_folder(given, image_size=8)
    assert task.name == "pets"
    assert [s.labels.tolist() for s in (task.train, task.validation, task.test)] == [
        [0, 0, 0, 1, 1, 1],
        [0, 1],
        [0, 0, 1, 1],
    ]
    first_pixels = task.train.images[:, 0, 0, :2].tolist()
    assert first_pixels == [[50 * k, 10 * i] for k in (0, 1) for i in range(3)]


def test_given_splits_with_other_classes(given):
    photos(given / "val", ("owl",), 1)
    shutil.rmtree(given / "test/dog")
    photos(given / "test", ("fox",), 1)
    with pytest.raises(ImageFolderError) as caught:
        load_image_folder(given)
    assert str(caught.value) == (
        f"train/, val/ and test/ of {given} must have the same classes. Not in all: train/ has "
        "dog; val/ has dog, owl; test/ has fox. Add the missing class folders with photos, or "
        "remove the odd ones."
    )


def test_given_splits_of_which_a_class_is_left_out(given):
    for split in ("train", "val", "test"):
        photos(given / split, ("owl",), 1)
    (given / "val/owl/0.png").write_bytes(b"damaged")
    with (
        pytest.warns(UserWarning, match="Left out") as record,
        pytest.raises(ImageFolderError, match="Not in all: train/ has owl; test/ has owl"),
    ):
        load_image_folder(given, skip_broken=True)
    assert record[0].filename == __file__


@pytest.mark.parametrize("name", ["validation", "valid", None])
def test_a_split_folder_that_is_missing_or_has_another_name(given, name):
    if name:
        (given / "val").rename(given / name)
    else:
        shutil.rmtree(given / "val")
    with pytest.raises(ImageFolderError, match="looks split already") as caught:
        load_image_folder(given)
    assert "must be train/, val/ and test/" in str(caught.value)
