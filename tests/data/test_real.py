"""Tasks of real photos: the lists that come with the course, and the pictures where they are."""

import hashlib
import io
import itertools
import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from PIL import Image

from tests.helpers.what_is_here import need
from tlcourse.data import list_photos, list_tasks, load_task, photo_credit, write_photos
from tlcourse.errors import AssetError, InputError
from tlcourse.files.photo_files import load_photos
from tlcourse.files.photo_sets import SETS, photo_list

SPLITS = ("train", "validation", "test")
EACH = {
    "flowers": (5, (200, 40, 60)),
    "satellite": (10, (100, 40, 60)),
    "blood_cells": (8, (100, 40, 60)),
    "blood_cells_other_series": (7, (15, 5, 30)),
    "recycling": (6, (100, 40, 60)),
}
ODD = {  # classes with fewer pictures
    ("recycling", "trash"): (68, 27, 41),
    ("blood_cells_other_series", "monocyte"): (14, 5, 30),
}
CLASSES = {
    "flowers": ("daisy", "dandelion", "rose", "sunflower", "tulip"),
    "satellite": (
        *("annual crop", "forest", "herbaceous vegetation", "highway", "industrial", "pasture"),
        *("permanent crop", "residential", "river", "sea lake"),
    ),
    "blood_cells": (
        *("basophil", "eosinophil", "erythroblast", "immature granulocyte", "lymphocyte"),
        *("monocyte", "neutrophil", "platelet"),
    ),
    "recycling": ("cardboard", "glass", "metal", "paper", "plastic", "trash"),
}
CLASSES["blood_cells_other_series"] = CLASSES["blood_cells"][:7]  # a label means the same cell
# What the prepared pictures measure: width and height.
SIZES = {
    "flowers": {(227, 227)},
    "satellite": {(64, 64)},
    "blood_cells": {(160, 161)},
    "blood_cells_other_series": {(160, 161), (160, 160), (161, 160)},
    "recycling": {(213, 160)},
}


def number(photo):
    return int(re.search(r"(\d+)\.jpg$", photo.file)[1])


def counts(photos):
    found = Counter((photo.folder, photo.split) for photo in photos)
    return {k: tuple(found[k, split] for split in SPLITS) for k in {p.folder for p in photos}}


@pytest.mark.parametrize("name", SETS)
def test_a_list_has_so_many_of_each_class_and_split(name):
    classes, each = EACH[name]
    found = counts(photo_list(name))
    assert len(found) == classes
    for folder, numbers in found.items():
        assert numbers == ODD.get((name, folder), each), folder
    files = [photo.file for photo in photo_list(name)]
    assert files == sorted(set(files))
    for photo in photo_list(name):
        assert re.fullmatch(r"\w+/[\w-]+\.jpg", photo.file), photo
        assert re.fullmatch(r"[0-9a-f]{32}", photo.digest)
    assert len({photo.digest for photo in photo_list(name)}) == len(files)


def test_digests_of_originals_are_known_for_cells_and_tiles():
    known = {name: all(p.original for p in photo_list(name)) for name in SETS}
    assert [name for name in SETS if known[name]] == [
        *("satellite", "blood_cells", "blood_cells_other_series"),
    ]
    for name in set(SETS) - {"blood_cells", "blood_cells_other_series"}:
        assert all(archive.sha256 for archive in SETS[name].archives if archive.original), name


def test_no_photographer_of_flowers_is_in_two_splits():
    where = defaultdict(set)
    for photo in photo_list("flowers"):
        assert photo.account
        assert photo.photographer
        where[photo.account].add(photo.split)
    assert max(map(len, where.values())) == 1
    assert len(where) > 800


def test_numbers_of_recycling_are_in_one_row():
    for folder in CLASSES["recycling"]:
        photos = [photo for photo in photo_list("recycling") if photo.folder == folder]
        in_order = [photo.split for photo in sorted(photos, key=number)]
        assert [part for part, _ in itertools.groupby(in_order)] == list(SPLITS)
    lot = Counter((p.folder, p.by_lot) for p in photo_list("recycling"))
    assert lot == Counter((p.folder, p.split) for p in photo_list("recycling"))
    same = sum(p.by_lot == p.split for p in photo_list("recycling"))
    assert same < 0.5 * len(photo_list("recycling"))


def test_the_cells_of_the_two_series_are_others():
    first, second = (photo_list(n) for n in ("blood_cells", "blood_cells_other_series"))
    assert not {p.file for p in first} & {p.file for p in second}
    assert not {p.original for p in first} & {p.original for p in second}


@pytest.mark.parametrize("name", SETS)
def test_a_list_of_photos_has_each_once(name):
    found = [list_photos(name, split) for split in SPLITS]
    assert sorted(p.file for part in found for p in part) == [p.file for p in photo_list(name)]
    folders = [photo.folder for photo in found[0]]
    assert len(list(itertools.groupby(folders))) > len(folders) / 2, "one class after the other"
    assert photo_credit(name) == SETS[name].credit


def test_a_photo_knows_its_page():
    (photo,) = (p for p in photo_list("flowers") if p.file.startswith("daisy/100080576_"))
    assert photo.photographer == "mario"
    assert photo.page == "https://www.flickr.com/photos/64738468@N00/100080576/"
    assert photo_list("satellite")[0].page == ""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: load_task("flowers", image_size=63), "image_size of 'flowers' must be a whole"),
        (lambda: load_task("flowers", image_size=96.0), "64 or more, not 96.0"),
        (lambda: load_task("recycling", split_by="day"), "split_by must be 'number' or 'lot'"),
        (lambda: load_task("flowers", folder="nowhere"), "folder='nowhere' is no folder"),
        (lambda: list_photos("digits", "test"), "'digits' is no task of real photos; these are"),
        (lambda: list_photos("flowers", "tests"), "split must be 'train', 'validation' or 'test'"),
        (lambda: photo_credit("digits"), "'digits' is no task of real photos"),
        (lambda: write_photos("digits", "x"), "'digits' is no task of real photos"),
    ],
)
def test_wrong_wishes(call, words):
    with pytest.raises(InputError, match=re.escape(words)):
        call()


def test_an_option_that_the_task_does_not_have():
    with pytest.raises(TypeError, match="'flowers' takes image_size and folder, not split_by"):
        load_task("flowers", split_by="lot")


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    for name in ("TLCOURSE_SHARED", "TLCOURSE_DATASETS"):
        monkeypatch.delenv(name, raising=False)


SAID = {
    "flowers": "It is 229 MB (flower_photos.tgz from https://storage.googleapis.com/download.",
    "satellite": "It is 94 MB (EuroSAT.zip from https://huggingface.co/datasets/torchgeo/eurosat/",
    "blood_cells": "It is about 280 MB (PBC_dataset_normal_DIB.zip from https://data.mendeley.com/",
    "blood_cells_other_series": "It is about 280 MB (PBC_dataset_normal_DIB.zip from https://data",
    "recycling": "It is 43 MB (dataset-resized.zip from https://huggingface.co/datasets/garythung/",
}


@pytest.mark.parametrize("name", SETS)
def test_what_is_not_here_says_how_large_it_is_and_where_from(name, nothing):
    with pytest.raises(AssetError) as caught:
        load_task(name)
    assert SAID[name] in str(caught.value)
    assert f"not here; `tlcourse fetch {name}` loads" in list_tasks()[name]


@pytest.fixture(scope="module", params=list(SETS))
def real(request):
    need(request.param)
    return request.param


def test_the_real_pictures_are_those_of_the_list(real):
    files, original = load_photos(real)
    for photo in photo_list(real):
        expected = photo.original if original else photo.digest
        if expected:
            assert hashlib.sha256(files[photo.file]).hexdigest().startswith(expected)
    assert list(files) == [photo.file for photo in photo_list(real)]
    assert real not in [name for name, line in list_tasks().items() if "not here" in line]


def test_the_real_pictures_as_a_task(real):
    task = load_task(real)
    assert task.class_names == CLASSES[real]
    assert task.image_size == (64, 64)
    assert photo_credit(real) in task.description
    folders = sorted({photo.folder for photo in photo_list(real)})
    seen = {}
    for split in SPLITS:
        images, labels = getattr(task, split)
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert [folders[k] for k in labels] == [photo.folder for photo in list_photos(real, split)]
        seen[split] = {image.tobytes() for image in images}
        assert len(seen[split]) == len(images), "a picture is there twice"
        assert images.min() < 30
        assert images.max() > 225
    for one, other in itertools.combinations(SPLITS, 2):
        assert not seen[one] & seen[other], (one, other)


def test_the_real_files_for_keras_to_read(real, tmp_path):
    write_photos(real, tmp_path)
    sizes = {size_of(path) for path in tmp_path.rglob("*.jpg")}
    original = load_photos(real)[1]
    assert min(map(min, sizes)) >= 64 if original else sizes == SIZES[real]
    for split in SPLITS:
        written = {
            p.relative_to(tmp_path / split).as_posix() for p in tmp_path.glob(f"{split}/*/*")
        }
        assert written == {photo.file for photo in list_photos(real, split)}


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_a_tile_of_64_pixels_is_as_it_was_published():
    need("satellite")
    files, _ = load_photos("satellite")
    photo = list_photos("satellite", "test")[7]
    pixels = np.asarray(Image.open(io.BytesIO(files[photo.file])))
    assert np.array_equal(load_task("satellite").test.images[7], pixels)


def test_recycling_by_lot_is_the_same_pictures_in_other_splits():
    need("recycling")
    number_, lot = (load_task("recycling", split_by=way) for way in ("number", "lot"))
    everything = [
        sorted(image.tobytes() for split in SPLITS for image in getattr(task, split).images)
        for task in (number_, lot)
    ]
    assert everything[0] == everything[1]
    assert not np.array_equal(number_.test.images[:9], lot.test.images[:9])
