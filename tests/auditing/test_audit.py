"""The audit as a whole: it changes nothing, bears odd models, and its report reads well."""

import random
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tests.helpers.audited import (
    body,
    classifier,
    compiled,
    frozen_body,
)
from tlcourse import audit
from tlcourse.auditing import Finding, Report

pytestmark = pytest.mark.slow


def test_nothing_is_changed(task):
    import keras
    import tensorflow as tf

    backbone = body()
    image = keras.Input((16, 16, 3))
    x = keras.layers.RandomFlip(seed=1)(image)
    x = keras.layers.Dropout(0.5, seed=1)(backbone(x, training=True), training=True)
    model = compiled(keras.Model(image, keras.layers.Dense(2, name="head")(x)), "adam")
    model.fit(*task.train, verbose=0)

    def state():
        variables = [*model.variables, *model.optimizer.variables]
        flags = [layer.trainable for layer in (*model.layers, *backbone.layers)]
        return [v.numpy().tolist() for v in variables], flags, vars(model.layers[1]).keys()

    def draws():
        numbers = random.random(), np.random.random(), float(tf.random.uniform(()))
        return *numbers, float(keras.random.uniform(()))

    keras.utils.set_random_seed(5)
    expected, before = draws(), state()
    keras.utils.set_random_seed(5)
    assert audit(model, task, pretrained=True).names
    assert draws() == expected
    assert state() == before
    assert all("call" not in vars(layer) for layer in (*model.layers, *backbone.layers))


# ------------------------------------------------------------------ odd models


def odd_models():
    import keras
    from keras import layers

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.body, self.head = body(), layers.Dense(2)

        def call(self, x, training=None):
            return self.head(self.body(x, training=training))

    class Failing(Own):
        def call(self, x, training=None):
            raise RuntimeError("no way")

    two = [keras.Input((16, 16, 3)), keras.Input((4,))]
    joined = layers.Concatenate()([layers.Flatten()(two[0]), two[1]])
    image = keras.Input((16, 16, 3))
    shared = layers.Dense(3)
    built = Own()
    built(np.zeros((1, 16, 16, 3), "float32"))
    words = keras.Sequential(
        [keras.Input((5,), dtype="int32"), layers.Embedding(9, 4), layers.LSTM(3)]
    )
    return {
        "unbuilt sequential": keras.Sequential([layers.Dense(2)]),
        "empty sequential": keras.Sequential(),
        "subclass, unbuilt": Own(),
        "subclass": compiled(built),
        "failing": compiled(Failing()),
        "two inputs": compiled(keras.Model(two, layers.Dense(2)(joined))),
        "two outputs": keras.Model(image, [layers.Flatten()(image), layers.Dense(2)(image)]),
        "no weights": keras.Model(image, layers.Flatten()(image)),
        "shared layer": keras.Model(image, shared(layers.Dense(3)(shared(image)))),
        "words": compiled(words),
        "nested thrice": compiled(keras.Sequential([keras.Sequential([frozen_body()])])),
        "two losses": compiled(classifier(), loss=["mse"]),
    }


def test_odd_models_are_no_reason_to_stop(task):
    for name, model in odd_models().items():
        for report in (audit(model), audit(model, task), audit(model, folders=["nowhere"])):
            assert isinstance(report, Report), name
            assert not any("stopped with" in reason for reason in report.skipped), (name, report)
    odd = audit(odd_models()["subclass"], task)
    assert {"nothing is frozen", "statistics will move", "learning rate too high"} <= set(odd.names)
    assert "could not be run on the pictures" in " ".join(
        audit(odd_models()["failing"], task).skipped
    )


def test_odd_data_is_no_reason_to_stop(task):
    model = compiled(frozen_body())
    images = task.train.images
    for given in (3, (images, None), [images], "photos", (images[:0], np.zeros(0))):
        report = audit(model, train=given)
        assert report.names == (), given
    assert any("train could not be read" in reason for reason in audit(model, train=3).skipped)


def test_endless_and_unbatched_datasets(task):
    model = compiled(frozen_body())
    endless = task.as_dataset(batch_size=8).repeat()
    report = audit(model, train=endless, validation=task.as_dataset("test").unbatch())
    assert report.names == ()
    assert "train: the first 5,000 pictures" in report.looked_at
    assert "validation: 20 pictures" in report.looked_at


# ------------------------------------------------------------------ the report


FINDING = Finding("error", "a name", "What <was> found.", "Why `it` hurts.", "x = f(x)")


def test_a_report_reads_as_text_and_as_a_table():
    report = Report((FINDING, replace(FINDING, severity="warning")), ("the data",), ("the rest",))
    assert str(report) == repr(report)
    assert str(report).splitlines() == [
        "2 findings",
        "Error      a name",
        "Found      What <was> found.",
        "Why        Why `it` hurts.",
        "Mend       x = f(x)",
        "Warning    a name",
        "Found      What <was> found.",
        "Why        Why `it` hurts.",
        "Mend       x = f(x)",
        "Looked at  the data",
        "Skipped    the rest",
    ]
    page = report._repr_html_()
    assert "What &lt;was&gt; found." in page
    assert "Why <code>it</code> hurts." in page
    assert page.count("<tr>") == page.count("</tr>") == 10
    assert len(report) == 2
    assert list(report) == list(report.findings)
    with pytest.raises(FrozenInstanceError):
        report.findings = ()


def test_an_empty_report_says_what_was_looked_at(task):
    report = audit(compiled(frozen_body()), task)
    assert not report
    assert str(report).startswith("Nothing found.\nLooked at  what learns: 5 layers with weights")
    assert "train: 24 pictures; validation: 12 pictures; test: 20 pictures" in str(report)
    report = audit(frozen_body())
    assert report.skipped == (
        "Loss and learning rate: the model is not compiled.",
        "What goes in and comes out: give pictures, by `task` or `train`.",
    )


def test_errors_come_first(task):
    report = audit(compiled(classifier()), task)
    severities = [finding.severity for finding in report]
    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_the_name_is_the_function_whatever_was_imported_before():
    code = (
        "import tlcourse\n"
        "import sys\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert callable(tlcourse.audit)\n"
        "import tlcourse.auditing, tlcourse.auditing.report\n"
        "from tlcourse.auditing import audit as first\n"
        "from tlcourse import audit as second\n"
        "from tlcourse import *\n"
        "assert audit is first is second is tlcourse.audit is tlcourse.auditing.audit\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
