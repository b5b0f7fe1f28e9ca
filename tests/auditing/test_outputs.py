"""Head, loss and labels."""

import numpy as np
import pytest

from tests.helpers.audited import body, classifier, compiled, follow, frozen_body, pictures
from tlcourse import audit
from tlcourse.auditing import data
from tlcourse.data import Split

pytestmark = pytest.mark.slow


def losses():
    import keras

    sparse = keras.losses.SparseCategoricalCrossentropy
    return {
        "softmax, from_logits": ("softmax", sparse(from_logits=True)),
        "logits": (None, sparse()),
        "logits, by name": (None, "sparse_categorical_crossentropy"),
        "logits, by function": (None, keras.losses.sparse_categorical_crossentropy),
    }


@pytest.mark.parametrize("case", range(4))
def test_from_logits(case, task):
    activation, loss = list(losses().values())[case]
    backbone = body()
    backbone.trainable = False
    model = compiled(classifier(backbone, activation=activation), loss=loss)
    for report in (audit(model, task), audit(model)):
        assert report.names == ("from_logits",)
        assert report.findings[0].severity == "error"
    follow(report, "from_logits", model=model)
    assert audit(model, task).names == ()


def test_from_logits_where_the_softmax_is_not_the_last_layer(task):
    import keras

    inner = frozen_body()
    for last in (keras.layers.Softmax(), keras.ops.softmax, keras.layers.Activation("softmax")):
        model = compiled(keras.Model(inner.input, last(inner.output)))
        report = audit(model, task)
        assert "from_logits" in report.names
        follow(report, "from_logits", model=model)
        assert "from_logits" not in audit(model, task).names


# Keras warns of a softmax over one output, as it should: the audit finds it, too.
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning")
def test_one_output_for_two_classes(task):
    import keras

    backbone = body()
    backbone.trainable = False
    for activation, from_logits in (("sigmoid", False), (None, True)):
        model = classifier(backbone, outputs=1, activation=activation)
        wrong = keras.losses.BinaryCrossentropy(from_logits=not from_logits)
        assert audit(compiled(model, loss=wrong), task).names == ("from_logits",)
        follow(audit(model, task), "from_logits", model=model)
        assert audit(model, task).names == ()
    alone = compiled(
        classifier(backbone, outputs=1, activation="softmax"), loss="binary_crossentropy"
    )
    assert "outputs and classes" in audit(alone, task).names


@pytest.mark.parametrize(("outputs", "severity"), [(1, "error"), (2, "error"), (20, "warning")])
def test_outputs_and_classes(outputs, severity):
    import keras

    three = Split(pictures(24).images, np.arange(24) % 3)
    model = frozen_body()
    features = model.get_layer("body")(model.input)
    wrong = compiled(
        keras.Model(model.input, keras.layers.Dense(outputs, name="head")(features)),
    )
    report = audit(wrong, train=three)
    finding = next(f for f in report if f.name == "outputs and classes")
    assert finding.severity == severity
    right = follow(report, "outputs and classes", features=features)["outputs"]
    assert audit(compiled(keras.Model(model.input, right)), train=three).names == ()


def test_outputs_are_not_counted_against_classes_that_were_not_read(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(data, "MOST", 10)
    images, labels = pictures(60, classes=3)
    order = np.argsort(labels, kind="stable")  # the first twenty show one class only
    images, labels = images[order], labels[order]
    others = pictures(30, seed=1, classes=3)
    backbone = body()
    backbone.trainable = False
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(5)
    for outputs, found in ((3, ()), (4, ("outputs and classes",))):
        model = compiled(classifier(backbone, outputs=outputs))
        assert audit(model, train=(images, labels)).names == found
        assert audit(model, train=batches).names == ()  # how many more there are is not known
        assert audit(model, train=batches, validation=others).names == found


def labels_and_losses():
    import keras

    number, hot = np.arange(24) % 2, np.eye(2)[np.arange(24) % 2]
    return [
        (hot, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        (number, keras.losses.CategoricalCrossentropy(from_logits=True)),
        (number[:, None], keras.losses.CategoricalCrossentropy(from_logits=True)),
        (number, keras.losses.BinaryCrossentropy(from_logits=True)),
        (number, "mse"),
        (hot, keras.losses.MeanAbsoluteError()),
    ]


@pytest.mark.parametrize("case", range(6))
def test_loss_and_labels(case):
    labels, loss = labels_and_losses()[case]
    given = pictures(24).images, labels
    model = compiled(frozen_body(), loss=loss)
    report = audit(model, train=given)
    assert report.names == ("loss and labels",)
    follow(report, "loss and labels", model=model)
    assert audit(model, train=given).names == ()
    model.fit(*given, verbose=0)  # and Keras takes it
