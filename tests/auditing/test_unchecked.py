"""A report says what it did not check; what a notebook shows stays short."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from tests.helpers.audited import classifier, compiled, frozen_body
from tlcourse import audit
from tlcourse.auditing import Report
from tlcourse.auditing.unchecked import NEVER

pytestmark = pytest.mark.slow


def test_all_forms_but_that_of_a_notebook_list_what_was_not_checked():
    report = Report((), ("the data",), ("the rest",), ("the test (was not given)", "a < b"))
    assert report.text().splitlines() == [
        "Nothing found.",
        "Looked at   the data",
        "Skipped     the rest",
        "Not checked the test (was not given); a < b",
    ]
    assert "the test (was not given); a &lt; b</td>" in report.html()
    assert json.loads(json.dumps(dataclasses.asdict(report)))["not_checked"] == [
        "the test (was not given)",
        "a < b",
    ]
    for short in (str(report), repr(report), report._repr_html_()):
        assert "the rest" in short
        assert "Not checked" not in short


def test_what_was_not_given_is_named(task):
    model = compiled(frozen_body())
    assert audit(model).not_checked[0] == "pictures and labels (none were given)"
    one = audit(model, train=tuple(task.train)).not_checked
    assert one[0] == "validation and test and copies across splits (were not given)"
    two = audit(model, train=tuple(task.train), validation=tuple(task.validation)).not_checked
    assert two[0] == "test (was not given)"
    unlabeled = task.as_dataset(batch_size=8).map(lambda image, label: image)
    assert "labels of train (none were given)" in audit(model, train=unlabeled).not_checked
    endless = task.as_dataset(batch_size=8).repeat()
    assert "train after its first 5,000 pictures" in audit(model, train=endless).not_checked
    assert not any("given" in said for said in audit(model, task).not_checked)


def test_what_cannot_be_told_is_named(task):
    own = compiled(frozen_body(), loss=lambda y_true, y_pred: keras.ops.mean(y_pred))
    assert "loss and labels (the loss is one of your own)" in audit(own, task).not_checked
    several = compiled(frozen_body(), loss=["mse"])
    assert "loss and labels (the model has several losses)" in audit(several, task).not_checked
    ftrl = compiled(frozen_body(), keras.optimizers.Ftrl(0.001))
    assert any("Ftrl goes in steps of its own" in said for said in audit(ftrl, task).not_checked)
    bare = audit(frozen_body(), task).not_checked
    assert "learning rate and loss (the model is not compiled)" in bare
    own_network = audit(compiled(frozen_body()), task).not_checked
    assert any(said.startswith("preprocessing, but for its scale") for said in own_network)
    assert any("red and blue" in said for said in own_network)
    assert not any("loss" in said for said in own_network)


def test_it_is_short_and_says_last_what_nobody_can_tell(task):
    said = audit(compiled(classifier()), task).not_checked
    assert said[-1] == NEVER
    assert len("; ".join(said)) < 400
    gray = np.zeros((4, 9)), np.zeros(4)
    assert audit(keras.Sequential([keras.layers.Dense(2)]), train=gray).not_checked[-1] == NEVER
