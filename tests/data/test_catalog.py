"""`load_task` and the tasks that are read, not drawn: shapes, counts, and splits kept apart."""

import itertools

import numpy as np
import pytest

from tlcourse.data import drawn, list_tasks, load_task, textures
from tlcourse.data.splits import resize_all, stratified_parts
from tlcourse.files.photo_sets import SETS

BUNDLED = ("objects", "sunglasses", "digits", "faces", "textures")  # without a network
SPLITS = ("train", "validation", "test")
COUNTS = {
    "digits": {
        "train": [107, 109, 106, 110, 109, 109, 109, 107, 104, 108],
        "validation": [35, 37, 36, 36, 36, 37, 36, 36, 35, 36],
        "test": [36, 36, 35, 37, 36, 36, 36, 36, 35, 36],
    },
    "faces": {"train": [50, 50], "validation": [20, 20], "test": [30, 30]},
    "textures": {
        "train": [105, 105, 105, 105, 360, 105],
        "validation": [45, 45, 45, 45, 150, 45],
        "test": [45, 45, 45, 45, 150, 45],
    },
    # Fewer than a learner gets, to be quick; test_drawn.py counts the real ones.
    "objects": {"train": [3] * 20, "validation": [6] * 20, "test": [6] * 20},
    "sunglasses": {"train": [20] * 6, "validation": [6] * 6, "test": [6] * 6},
}
OPTIONS = {"objects": {"train_per_class": 3}, "sunglasses": {"train_per_class": 20}}
CLASSES = {
    "digits": tuple("0123456789"),
    "faces": ("not a face", "face"),
    "textures": ("brick", "grass", "gravel", "moon", "stars", "tissue"),
}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Every task, loaded once, the drawn ones through a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("TLCOURSE_SHARED", raising=False)
        patch.setenv("TLCOURSE_OFFLINE", "1")
        patch.setattr(drawn, "TEST_PER_CLASS", 6)
        patch.setattr(drawn, "VALIDATION_PER_CLASS", 6)
        # scikit-image fetches what it does not carry; nothing here may need that.
        patch.setattr("socket.socket.connect", _no_network)
        return {name: load_task(name, **OPTIONS.get(name, {})) for name in COUNTS}


def _no_network(*_):
    raise AssertionError("a task asked for the network")


def test_every_task_is_listed_with_a_line():
    assert list(list_tasks()) == [*BUNDLED, *SETS]
    assert all(list_tasks().values())


@pytest.mark.parametrize("name", COUNTS)
def test_types_shapes_and_counts(tasks, name):
    task = tasks[name]
    assert task.name == name
    assert task.description == list_tasks()[name]
    assert task.class_names == CLASSES.get(name, task.class_names)
    assert task.image_size == (64, 64)
    for split in SPLITS:
        images, labels = getattr(task, split)
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert images.shape == (len(labels), 64, 64, 3)
        assert np.bincount(labels, minlength=task.num_classes).tolist() == COUNTS[name][split]
        assert images.min() < 30  # the whole range of gray is used, not 0 … 1
        assert images.max() > 225


@pytest.mark.parametrize("name", COUNTS)
def test_no_two_splits_share_an_image(tasks, name):
    seen = {s: {image.tobytes() for image in getattr(tasks[name], s).images} for s in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert not seen[one] & seen[other], (one, other)
    total = sum(len(getattr(tasks[name], s).labels) for s in SPLITS)
    assert sum(map(len, seen.values())) == total  # nor is one there twice within a split


def test_the_same_each_time(tasks):
    for name in CLASSES:
        again = load_task(name)
        for split in SPLITS:
            assert np.array_equal(getattr(again, split).images, getattr(tasks[name], split).images)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sunglases", "There is no task 'sunglases'. Did you mean 'sunglasses'? Tasks: objects, "),
        ("Objects", "Did you mean 'objects'?"),
        ("DIGITS", "Did you mean 'digits'?"),
        ("imagenet", "There is no task 'imagenet'. Tasks: objects, sunglasses, digits, faces, "),
    ],
)
def test_an_unknown_name_lists_near_matches(name, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        load_task(name)
    assert message in str(caught.value)
    assert str(caught.value).endswith(f"Tasks: {', '.join([*BUNDLED, *SETS])}.")


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("digits", "train_per_class", "'digits' takes image_size, not train_per_class."),
        ("faces", "seed", "'faces' takes image_size, not seed."),
        ("objects", "image_size", "'objects' takes train_per_class and seed, not image_size."),
    ],
)
def test_an_option_of_other_tasks(name, option, message):
    with pytest.raises(TypeError, match=message):
        load_task(name, **{option: 64})


@pytest.mark.parametrize("name", ["digits", "faces", "textures"])
def test_image_size(name):
    assert load_task(name, image_size=32).image_size == (32, 32)
    with pytest.raises(ValueError, match="image_size must be at least 8 pixels, not 7"):
        load_task(name, image_size=7)


def test_digits_are_the_scans_with_their_labels():
    from sklearn.datasets import load_digits

    data = load_digits()
    task = load_task("digits", image_size=8)  # their own size: nothing is resized
    known = {
        np.round(image * 255 / 16).astype(np.uint8).tobytes(): label
        for image, label in zip(data.images, data.target, strict=True)
    }
    for split in SPLITS:
        for image, label in zip(*getattr(task, split), strict=True):
            assert known[np.ascontiguousarray(image[..., 0]).tobytes()] == label
            assert (image == image[..., :1]).all()


def test_faces_are_the_first_hundred():
    from skimage.data import lfw_subset

    gray = np.round(lfw_subset() * 255).astype(np.uint8)
    number = {image.tobytes(): at for at, image in enumerate(gray)}
    task = load_task("faces", image_size=25)
    found = []
    for split in SPLITS:
        for image, label in zip(*getattr(task, split), strict=True):
            at = number[np.ascontiguousarray(image[..., 0]).tobytes()]
            assert label == (at < 100)
            found.append(at)
    assert sorted(found) == list(range(200))


def test_textures_have_no_pixel_row_in_two_splits(monkeypatch):
    """Each photograph is replaced by one whose pixels say which row they come from."""
    plain = textures._photo
    heights = {}

    def rows(divisor):
        def photo(file, box):
            height, width = plain(file, box).shape
            heights[list(textures._SOURCES).index(names[file])] = height
            numbers = np.arange(height) // divisor % 256
            return np.broadcast_to(numbers.astype(np.uint8)[:, None], (height, width))

        monkeypatch.setattr(textures, "_photo", photo)
        return load_task("textures")  # 64 pixels: the crops as they are

    names = {file: name for name, (file, _) in textures._SOURCES.items()}
    low, high = rows(1), rows(256)
    for label, height in heights.items():
        seen = {}
        for split in SPLITS:
            (fine, labels), (coarse, _) = getattr(low, split), getattr(high, split)
            of_class = labels == label
            seen[split] = set(
                (fine[of_class].astype(int) + 256 * coarse[of_class].astype(int)).ravel().tolist()
            )
        assert not seen["train"] & seen["validation"]
        assert not seen["train"] & seen["test"]
        assert not seen["validation"] & seen["test"]
        assert max(seen["train"]) < height / 2
        assert height / 2 <= min(seen["validation"])
        assert max(seen["validation"]) < 3 * height / 4 <= min(seen["test"])


def test_textures_are_crops_of_the_photographs(tasks):
    brick = textures._photo("brick.png", (0, 0, 512, 512))
    expected = {"train": brick[:64, :64], "validation": brick[256:320, :64]}
    expected["test"] = brick[384:448, :64]
    for split, crop in expected.items():
        image = getattr(tasks["textures"], split).images[0]
        assert np.array_equal(image, np.repeat(crop[..., None], 3, axis=-1))


def test_resize_all():
    white = np.full((2, 8, 8), 255, np.uint8)
    assert (resize_all(white, 16) == np.full((2, 16, 16, 3), 255)).all()
    colors = np.zeros((1, 8, 8, 3), np.uint8)
    colors[..., 1] = 200
    assert resize_all(colors, 16)[0, 5, 5].tolist() == [0, 200, 0]


def test_stratified_parts():
    labels = np.array([0] * 10 + [1] * 20)
    parts = stratified_parts(labels, (0.6, 0.2, 0.2))
    assert [np.bincount(labels[part]).tolist() for part in parts] == [[6, 12], [2, 4], [2, 4]]
    assert np.sort(np.concatenate(parts)).tolist() == list(range(30))
    assert all((np.diff(part) > 0).all() for part in parts)
    same, other = (stratified_parts(labels, (0.6, 0.2, 0.2), seed) for seed in (0, 1))
    assert all(map(np.array_equal, parts, same))
    assert not np.array_equal(parts[0], other[0])
