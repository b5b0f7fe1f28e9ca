"""Splits that share pictures, classes that are missing, copies."""

import numpy as np
import pytest

from tests.helpers.audited import RNG, body, classifier, compiled, follow, frozen_body, pictures
from tlcourse import audit
from tlcourse.auditing import data
from tlcourse.auditing.copies import near_pairs

pytestmark = pytest.mark.slow


def jpeg(image: np.ndarray) -> np.ndarray:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file))


def test_shared_pictures(task):
    model = compiled(frozen_body())
    images = task.test.images.copy()
    images[3] = task.train.images[5]
    images[7] = jpeg(task.train.images[6])
    report = audit(model, task, test=(images, task.test.labels))
    assert report.names == ("shared pictures",)
    found = (
        "Of 20 pictures of test, 1 are in train, too, and 1 nearly the same; the first is number 3"
    )
    assert found in report.findings[0].found
    mended = follow(report, "shared pictures", images=images, labels=task.test.labels)["test"]
    assert len(mended[0]) == 18
    assert audit(model, task, test=mended).names == ()


def test_the_test_set_used_for_validation(task):
    model = compiled(frozen_body())
    report = audit(model, task, validation=task.as_dataset("test"))
    assert report.names == ("shared pictures",)
    assert "Of 20 pictures of test, 20 are in validation" in report.findings[0].found
    images, labels = task.validation
    names = follow(report, "shared pictures", validation_images=images, validation_labels=labels)
    assert audit(model, task, validation=names["validation"]).names == ()


def test_near_pairs_are_copies_and_not_likenesses():
    first, second = pictures(30, 1).images, pictures(30, 2).images
    assert not near_pairs(first, second).any()
    second[4] = jpeg(first[9])
    second[5] = np.clip(first[10] * 0.8 + 10, 0, 255)
    assert np.flatnonzero(near_pairs(first, second)).tolist() == [4, 5]
    assert np.flatnonzero(near_pairs(first / 255, second)).tolist() == [4, 5]
    assert not near_pairs(np.zeros((5, 8)), np.zeros((5, 8))).any()


def test_a_split_that_moves(task):
    import tensorflow as tf

    def cut(shuffled):
        return {"validation": shuffled.take(6).batch(4), "train": shuffled.skip(6).batch(4)}

    model = compiled(frozen_body())
    unshuffled = tf.data.Dataset.from_tensor_slices(tuple(task.train))
    report = audit(model, **cut(unshuffled.shuffle(24, seed=0)))
    assert report.names == ("split that moves",)
    assert report.findings[0].found.startswith("validation was read twice: ")
    names = follow(report, "split that moves", pictures=unshuffled)
    assert audit(model, **cut(names["pictures"])).names == ()
    # A training set may be shuffled, and a validation set too, if all of it stays.
    assert (
        audit(
            model,
            train=task.as_dataset(shuffle=True),
            validation=task.as_dataset("test", shuffle=True),
        ).names
        == ()
    )


def photo_folders(root, **classes):
    from PIL import Image

    for folder, names in classes.items():
        for name in names:
            (root / folder / name).mkdir(parents=True)
            for at in range(2):
                image = RNG.integers(0, 255, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(image).save(root / folder / name / f"{at}.png")


def test_class_order_of_folders(tmp_path):
    photo_folders(tmp_path, train=("cat", "dog", "fox"), val=("cat", "fox"))
    backbone = body()
    backbone.trainable = False
    model, folders = classifier(backbone, 3), (tmp_path / "train", tmp_path / "val")
    report = audit(model, folders=folders)
    assert report.names == ("class order",)
    assert f"Label 1 is dog in {folders[0]} and fox in {folders[1]}" in report.findings[0].found
    follow(report, "class order")
    assert audit(model, folders=folders).names == ()
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()  # Keras passes hidden folders over, too
    assert audit(model, folders=folders).names == ()


def test_class_order_of_datasets(tmp_path):
    import keras

    photo_folders(tmp_path, train=("cat", "dog"), val=("cat", "dog"))
    load = keras.utils.image_dataset_from_directory
    options = {"image_size": (16, 16), "verbose": False, "shuffle": False}
    train = load(tmp_path / "train", **options)
    val = load(tmp_path / "val", class_names=["dog", "cat"], **options)
    model = compiled(frozen_body())
    report = audit(model, train=train, validation=val)
    assert report.names == ("class order",)
    assert "Label 0 is cat in train and dog in validation" in report.findings[0].found
    assert "class_names=['cat', 'dog']" in report.findings[0].mend
    val = load(tmp_path / "val", class_names=["cat", "dog"], **options)
    assert audit(model, train=train, validation=val).names == ()


def test_class_imbalance(task):
    images, labels = pictures(44)
    labels = (np.arange(44) >= 38).astype(int)
    model = compiled(frozen_body())
    report = audit(model, task, train=(images, labels))
    assert report.names == ("class imbalance",)
    assert "38 training pictures of red, 6 of blue" in report.findings[0].found

    class Fit:
        def fit(self, train, class_weight):
            self.class_weight = class_weight

    fit = Fit()
    follow(report, "class imbalance", model=fit, train=None)
    assert fit.class_weight == {0: 0.58, 1: 3.67}
    assert audit(model, task, train=(images, labels), class_weight=fit.class_weight).names == ()


def test_a_class_without_pictures(task):
    images, labels = pictures(40)
    labels = np.sort(labels)
    model = compiled(frozen_body())
    report = audit(model, task, train=(images[:20], labels[:20]))
    assert report.names == ("class without pictures",)
    assert report.findings[0].found == "The 20 training pictures show nothing of: blue."
    mixed = follow(report, "class without pictures", images=images, labels=labels)
    assert audit(model, task, train=(mixed["images"][:20], mixed["labels"][:20])).names == ()


def sorted_by_class():
    images, labels = pictures(40)
    order = np.argsort(labels, kind="stable")
    return images[order], labels[order]


@pytest.mark.parametrize("limit", [("MOST", 10), ("BYTES", 10 * 16 * 16 * 3)])
def test_a_class_is_not_missed_because_only_the_first_pictures_are_read(task, monkeypatch, limit):
    monkeypatch.setattr(data, *limit)
    report = audit(compiled(frozen_body()), task, train=sorted_by_class())
    assert "train: the first 10 pictures" in report.looked_at
    assert report.names == ()


def test_a_class_is_missed_where_all_labels_lack_it(task, monkeypatch):
    monkeypatch.setattr(data, "MOST", 10)
    images, labels = sorted_by_class()
    report = audit(compiled(frozen_body()), task, train=(images[:20], labels[:20]))
    assert report.names == ("class without pictures",)
    assert report.findings[0].found == "The 20 training pictures show nothing of: blue."


def test_of_a_dataset_that_is_read_in_part_nothing_is_said_on_the_rest(task, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(data, "MOST", 10)
    train = tf.data.Dataset.from_tensor_slices(sorted_by_class()).batch(5)
    report = audit(compiled(frozen_body()), task, train=train)
    assert report.names == ()
    assert "train after its first 10 pictures" in report.not_checked
