"""`Task`: checks, few-shot subsets, tf.data, and its picture in a notebook."""

import base64
import html
import io
import itertools
import re

import numpy as np
import pytest

from tlcourse.data import Split, Task


def split(labels, first=0, size=(8, 8)):
    """Pictures of which each has one gray level, `first`, `first + 1`, …"""
    labels = np.array(labels, np.int64)
    levels = np.arange(first, first + len(labels), dtype=np.uint8)
    return Split(np.broadcast_to(levels[:, None, None, None], (len(labels), *size, 3)), labels)


def make(**changes):
    values = {
        "name": "pets",
        "class_names": ("cat", "dog", "owl"),
        "train": split([0, 1, 2] * 10 + [2]),
        "validation": split([0, 1, 2], 100),
        "test": split([2, 1, 0, 0], 200),
        "description": "three <pets>",
    }
    return Task(**(values | changes))


def levels(task):
    return task.train.images[:, 0, 0, 0].tolist()


def test_what_it_says_of_itself():
    task = make(train=split([0, 1, 2], size=(6, 8)), validation=split([0], size=(6, 8)),
                test=split([1], size=(6, 8)))  # fmt: skip
    assert task.image_size == (6, 8)
    assert task.num_classes == 3
    assert repr(task) == (
        "Task 'pets': 3 classes, 6×8 pixels, 3 / 1 / 1 images to train / validate / test"
    )


def test_a_split_unpacks():
    images, labels = make().test
    assert images.shape == (4, 8, 8, 3)
    assert labels.tolist() == [2, 1, 0, 0]


@pytest.mark.parametrize("n", [1, 3, 10])
def test_few_shot_gives_exactly_n_a_class(n):
    task = make()
    few = task.few_shot(n, seed=4)
    assert np.bincount(few.train.labels).tolist() == [n, n, n]
    # A picture keeps its own label: the level is the position, and labels run 0, 1, 2, 0, …
    assert few.train.labels.tolist() == [2 if x == 30 else x % 3 for x in levels(few)]
    assert few.train.images.dtype == np.uint8
    assert few.validation is task.validation
    assert few.test is task.test
    assert len(task.train.labels) == 31  # the whole task stays as it was


def test_few_shot_sets_are_nested_for_one_seed_and_differ_for_another():
    task = make()
    sets = [set(levels(task.few_shot(n, seed=1))) for n in range(1, 11)]
    assert all(small < large for small, large in itertools.pairwise(sets))
    assert levels(task.few_shot(5, seed=1)) == levels(task.few_shot(5, seed=1))
    assert levels(task.few_shot(5, seed=1)) != levels(task.few_shot(5, seed=2))
    assert levels(task.few_shot(5)) == levels(task.few_shot(5, seed=0))


def test_few_shot_of_a_few_shot():
    assert np.bincount(make().few_shot(4).few_shot(2).train.labels).tolist() == [2, 2, 2]


def test_few_shot_with_more_than_there_are():
    task = make(train=split([0, 0, 0, 1, 1, 2, 2, 2]))
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        task.few_shot(3)
    assert str(caught.value) == (
        "few_shot(3) asks for more images than there are: class 'dog' of 'pets' has 2. "
        "Ask for 2 or fewer."
    )
    assert np.bincount(task.few_shot(2).train.labels).tolist() == [2, 2, 2]


@pytest.mark.parametrize("n", [0, -1])
def test_few_shot_with_too_few(n):
    with pytest.raises(ValueError, match=f"must be at least 1, not {n}"):
        make().few_shot(n)


IMAGES = np.zeros((2, 8, 8, 3), np.uint8)
LABELS = np.array([0, 1])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES.astype(np.float32), LABELS, r"images must be uint8 .* not float32 \(2, 8, 8, 3\)"),
        (IMAGES[0], LABELS, r"images must be uint8 .* not uint8 \(8, 8, 3\)"),
        (IMAGES[..., :1], LABELS, r"not uint8 \(2, 8, 8, 1\)"),
        (IMAGES, LABELS[:1], r"labels must be 2 whole numbers, one an image, not int64 \(1,\)"),
        (IMAGES, LABELS[:, None], r"not int64 \(2, 1\)"),
        (IMAGES, LABELS.astype(float), r"not float64 \(2,\)"),
        (IMAGES, LABELS + 2, r"labels must lie in 0 … 2 \(one a class name\), found 2 … 3"),
        (IMAGES, LABELS - 1, r"found -1 … 0"),
        (IMAGES.tolist(), LABELS, r"must be Split\(images, labels\), both NumPy arrays"),
    ],
)
def test_wrong_arrays(images, labels, message):
    with pytest.raises(ValueError, match=r"^pets\.validation: .*" + message):
        make(validation=Split(images, labels))


def test_a_plain_pair_is_no_split():
    with pytest.raises(ValueError, match=r"^pets\.test: must be Split"):
        make(test=(IMAGES, LABELS))


def test_splits_of_different_size():
    with pytest.raises(ValueError, match="all splits must have images of one size, found 6×8, 8×8"):
        make(test=split([0], size=(6, 8)))


def test_html_has_the_picture_and_its_alt_text():
    text = make()._repr_html_()
    assert "<b>pets</b>: three &lt;pets&gt;</p>" in text
    assert "3 classes, 8×8 pixels, 31 / 3 / 4 images to train / validate / test" in text
    alt = re.search(r'<img alt="([^"]*)"', text)[1]
    assert html.unescape(alt) == "Two training pictures a class: cat, dog, owl"
    from PIL import Image

    png = base64.b64decode(re.search(r"base64,([^\"]+)\"", text)[1])
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == (3 * 64 + 2 * 4, 2 * 64 + 4)
        # A column a class, its first two pictures below each other.
        assert [picture.getpixel((32 + 68 * k, 32))[0] for k in range(3)] == [0, 1, 2]
        assert [picture.getpixel((32 + 68 * k, 100))[0] for k in range(3)] == [3, 4, 5]


def test_html_escapes_names_and_shows_ten_classes_at_most():
    names = ('<b> "quoted"', *(f"class {k}" for k in range(1, 12)))
    task = make(class_names=names, train=split(range(12)), name="<i>")
    text = task._repr_html_()
    assert "<i>" not in text
    assert "<b> " not in text
    assert "&lt;b&gt; &quot;quoted&quot;, class 1" in text
    assert "class 9 (of 12 classes)" in text


def test_as_dataset():
    tf = pytest.importorskip("tensorflow")
    few = {"train": split(np.arange(25).astype(np.int32) % 3)}
    task = make(**few)

    batches = list(task.as_dataset(batch_size=10))
    assert [len(labels) for _, labels in batches] == [10, 10, 5]
    assert batches[0][0].dtype == tf.uint8
    assert batches[0][1].dtype == tf.int64
    assert batches[0][0].shape == (10, 8, 8, 3)
    in_order = np.concatenate([images[:, 0, 0, 0] for images, _ in batches])
    assert in_order.tolist() == list(range(25))
    assert [labels.numpy().tolist() for _, labels in task.as_dataset("test")] == [[2, 1, 0, 0]]

    def order(dataset):
        pairs = [(i[0, 0, 0].numpy().item(), y.numpy().item()) for i, y in dataset.unbatch()]
        assert all(y == i % 3 for i, y in pairs)
        return [i for i, _ in pairs]

    shuffled = task.as_dataset(shuffle=True, seed=3)
    again = task.as_dataset(shuffle=True, seed=3)
    first, second = order(shuffled), order(shuffled)
    assert sorted(first) == list(range(25))
    assert first != second  # a new order each epoch …
    assert [order(again), order(again)] == [first, second]  # … the same ones for the same seed
    assert order(task.as_dataset(shuffle=True, seed=4)) != first

    with pytest.raises(ValueError, match="must be 'train', 'validation' or 'test', not 'val'"):
        task.as_dataset("val")
