"""What learns and how fast: each mistake is found by its name, and gone when it is mended."""

import numpy as np
import pytest

from tests.helpers.audited import (
    body,
    classifier,
    compiled,
    follow,
    frozen_body,
    frozen_flat,
    tuned_body,
)
from tlcourse import audit

pytestmark = pytest.mark.slow


def nothing_learns():
    model = classifier()
    model.trainable = False
    return model


def nothing_learns_flat():
    import keras

    backbone = body()
    logits = keras.layers.Dense(2, name="head")(backbone.output)
    model = keras.Model(backbone.input, logits)
    model.trainable = False
    return model


def head_frozen():
    model = tuned_body()
    model.get_layer("head").trainable = False
    return model


def in_vain():
    """A frozen model freezes all inside, whatever the layers say."""
    model = nothing_learns()
    model.get_layer("head").trainable = True
    model.get_layer("body").get_layer("conv2").trainable = True
    return model


WHAT_LEARNS = [
    ("nothing learns", nothing_learns),
    ("nothing learns", nothing_learns_flat),
    ("nothing is frozen", classifier),
    ("the head is frozen", head_frozen),
    ("nothing learns", in_vain),
    ("statistics will move", classifier),
]


@pytest.mark.parametrize(("name", "build"), WHAT_LEARNS)
def test_what_learns(name, build, task):
    import keras

    gentle = keras.optimizers.SGD(0.01, momentum=0.9)
    model = compiled(build(), gentle)
    report = audit(model, task)
    assert name in report.names
    follow(report, name, model=model)
    compiled(model, keras.optimizers.SGD(0.01, momentum=0.9))
    assert name not in audit(model, task).names
    assert model.trainable_variables


@pytest.mark.parametrize("build", [frozen_body, frozen_flat])
def test_fine_tuning_that_unfreezes_nothing(build, task):
    import keras

    model = compiled(build(), keras.optimizers.RMSprop(1e-5))
    report = audit(model, task)
    assert report.names == ("nothing is unfrozen",)
    follow(report, "nothing is unfrozen", model=model)
    compiled(model, keras.optimizers.RMSprop(1e-5))
    assert audit(model, task).names == ()
    assert len(model.trainable_variables) == 4
    slow = compiled(build(), keras.optimizers.SGD(1e-4, momentum=0.9))
    assert audit(slow, task).names == ("nothing is unfrozen",)
    # With a learning rate for heads, the same model is right.
    for optimizer in (keras.optimizers.Adam(1e-4), keras.optimizers.SGD(0.01)):
        assert audit(compiled(build(), optimizer), task).names == ()


def test_frozen_statistics_stay_and_the_others_move_in_spite_of_training_false(task):
    """What the report says of `training=False` is so in this Keras."""
    import keras

    backbone = body()
    image = keras.Input((16, 16, 3))
    outputs = keras.layers.Dense(2, name="head")(backbone(image, training=False))
    model = compiled(keras.Model(image, outputs), keras.optimizers.SGD(1e-5))
    report = audit(model, task)
    assert "statistics will move" in report.names

    def drift():
        before = backbone.get_layer("norm1").moving_mean.numpy().copy()
        model.fit(*task.train, verbose=0)
        return np.abs(backbone.get_layer("norm1").moving_mean.numpy() - before).max()

    moved = drift()
    follow(report, "statistics will move", model=model)
    compiled(model, keras.optimizers.SGD(1e-5))
    assert drift() == 0 < moved


@pytest.mark.parametrize("optimizer", ["Adam", "SGD", "RMSprop"])
def test_trainable_changed_after_compile(optimizer, task):
    import keras

    options = {"learning_rate": 0.01, "momentum": 0.9} if optimizer == "SGD" else {}
    options = options or {"learning_rate": 1e-4}
    model = compiled(frozen_body(), getattr(keras.optimizers, optimizer)(**options))
    model.fit(*task.train, verbose=0)
    assert audit(model, task).names == ()
    model.get_layer("body").get_layer("conv2").trainable = True
    model.get_layer("body").trainable = True
    for norm in ("norm1", "norm2"):
        model.get_layer("body").get_layer(norm).trainable = False
    report = audit(model, task)
    assert report.names == ("trainable changed after compile",)
    assert "made for 2 weights; now 4 are to learn (2 more, 0 fewer)" in report.findings[0].found
    follow(report, "trainable changed after compile", model=model)
    assert audit(model, task).names == ()
    model.fit(*task.train, verbose=0)
    assert audit(model, task).names == ()


def rates():
    import keras

    schedules = keras.optimizers.schedules
    warm = schedules.CosineDecay(1e-5, 100, warmup_target=0.3, warmup_steps=30)
    return [
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.optimizers.SGD(0.7),
        keras.optimizers.SGD(warm, momentum=0.9),
        keras.optimizers.SGD(schedules.PiecewiseConstantDecay([50], [0.001, 0.2]), momentum=0.9),
        keras.optimizers.Adam(),
        keras.optimizers.AdamW(schedules.ExponentialDecay(0.001, 10, 0.9)),
        keras.optimizers.RMSprop(0.001),
    ]


@pytest.mark.parametrize("at", range(7))
def test_learning_rate_too_high(at, task):
    model = compiled(tuned_body(), rates()[at])
    report = audit(model, task)
    assert report.names == ("learning rate too high",)
    follow(report, "learning rate too high", model=model)
    assert audit(model, task).names == ()
    # The same rate is right for a head on a frozen body, and from scratch.
    assert audit(compiled(frozen_body(), rates()[at]), task).names == ()
    assert audit(compiled(classifier(body(trained=False)), rates()[at]), task).names == ()
