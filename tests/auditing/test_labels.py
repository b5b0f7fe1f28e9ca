"""What is found of labels is told with numbers, and mended by what is said to mend it."""

import numpy as np
import pytest

from tests.auditing.later_cases import telling
from tests.helpers.audited import compiled, follow, frozen_body, pictures
from tlcourse import audit

pytestmark = pytest.mark.slow


def test_shuffled_labels_and_what_is_said_where_they_cannot_be_asked():
    images, labels = telling(300, 1, 2.0)
    model = compiled(frozen_body())
    shuffled = np.random.default_rng(0).permutation(labels)
    report = audit(model, train=(images, shuffled))
    assert report.names == ("labels by chance",)
    assert report.findings[0].found.startswith("Of 200 pictures of train, neither colors")
    asked = "whether labels belong to their pictures"
    assert not any(said.startswith(asked) for said in report.not_checked)
    mixed = follow(report, "labels by chance", images=images, labels=labels)
    assert audit(model, train=(mixed["images"], mixed["labels"])).names == ()
    few = audit(model, train=(images[:100], shuffled[:100]))
    assert few.names == ()
    assert any(said.startswith(asked) for said in few.not_checked)


def test_labels_that_are_no_numbers(task):
    model = compiled(frozen_body())
    words = np.array(["red", "blue"])[task.train.labels]
    report = audit(model, train=(task.train.images, words))
    assert report.names == ("labels",)
    assert "of train are no numbers; the first is 'red'" in report.findings[0].found
    labels = follow(report, "labels", labels=words)["labels"]
    assert labels.tolist() == (1 - task.train.labels).tolist()
    missing = task.train.labels.astype("float32")
    missing[3] = np.nan
    report = audit(model, train=(task.train.images, missing))
    assert report.names == ("not a number",)
    assert "1 of 24 labels of train are NaN or infinite, number 3" in report.findings[0].found
    kept = follow(report, "not a number", images=task.train.images, labels=missing)
    assert len(kept["images"]) == len(kept["labels"]) == 23


def test_one_picture_with_two_labels_is_an_error_and_a_few_of_many_a_warning():
    model = compiled(frozen_body())
    for count, severity in ((40, "error"), (150, "warning")):
        images, labels = pictures(count)
        images[5] = images[2]
        report = audit(model, train=(images, labels))
        assert report.names == ("contradicting labels",)
        assert report.findings[0].severity == severity
        assert report.findings[0].found == (
            "1 picture has two labels: number 2 of train is 0, and the same picture, number 5 of "
            "train, is 1."
        )
