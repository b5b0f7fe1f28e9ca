"""Fine-tuning, the comparison of methods, and runs that start again."""

import numpy as np
import pytest
import scipy.special

from tlcourse.data import load_task
from tlcourse.networks.layers import leaves
from tlcourse.transfer.probe import linear_probe
from tlcourse.transfer.tuning import (
    Result,
    compare,
    copy_of,
    fine_tune,
    gentle_sgd,
    probed_classifier,
    restart,
    train_from_scratch,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def model():
    import keras

    keras.utils.set_random_seed(0)
    rate = keras.optimizers.schedules.CosineDecay(0.1, 8)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")])
    network.compile(keras.optimizers.SGD(rate, momentum=0.9), "mse")
    return network


INPUTS, TARGETS = np.eye(3, dtype="float32"), np.ones((3, 2), "float32")


def test_a_restarted_run_is_the_first_run_again(model):
    start = model.get_weights()

    def losses():
        return model.fit(INPUTS, TARGETS, epochs=4, shuffle=False, verbose=0).history["loss"]

    first = losses()
    went_on = losses()
    restart(model, start)
    assert int(model.optimizer.iterations.numpy()) == 0
    assert losses() == first != went_on


def test_a_constant_learning_rate_stays(model):
    import keras

    model.compile(keras.optimizers.SGD(0.25, momentum=0.9), "mse")
    model.fit(INPUTS, TARGETS, verbose=0)
    restart(model, [np.zeros((3, 2)), np.array([1.0, 2.0])])
    assert float(model.optimizer.learning_rate.numpy()) == 0.25
    assert model.get_layer("head").bias.numpy().tolist() == [1.0, 2.0]


def test_what_restart_refuses(model):
    import keras

    raw = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"needs a compiled model: call model.compile"):
        restart(raw, raw.get_weights())
    before = model.get_weights()
    with pytest.raises(ValueError, match="weight"):
        restart(model, [np.zeros((5, 2)), np.zeros(2)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_fine_tune_leaves_the_backbone_alone(backbone, task):
    before = backbone.get_weights()
    model = fine_tune(backbone, task, from_layer="stage2", epochs=3)
    assert all(np.array_equal(a, b) for a, b in zip(before, backbone.get_weights(), strict=True))
    tuned = model.get_layer("small").get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(before, tuned, strict=True)]
    # Per stage: kernel, gamma, beta, mean, variance. Only the second kernel has learned.
    assert changed == [False] * 5 + [True] + [False] * 4
    assert (model.predict(task.test.images, verbose=0).argmax(1) == task.test.labels).all()


def test_compare_gives_a_row_a_run(backbone, task):
    rows = compare(
        backbone, task, from_layer="stage2", sizes=(2, 4), seeds=(5, 6), epochs=2, scratch_epochs=1,
        methods=("frozen", "fine-tuned", "from scratch"),
    )  # fmt: skip
    assert [row[:3] for row in rows] == [
        (method, size, seed)
        for method in ("frozen", "fine-tuned", "from scratch")
        for size in (2, 4)
        for seed in (5, 6)
    ]
    assert rows[0] == Result("frozen", 2, 5, 1.0)
    assert all(0 <= row.accuracy <= 1 for row in rows)
    with pytest.raises(ValueError, match=r"not \['probe'\]"):
        compare(backbone, task, from_layer="stage2", methods=("probe",))


def test_fine_tuning_on_a_foreign_task_keeps_what_the_probe_knew():
    """Without the clipped gradient, photonet falls to chance on the digits."""
    from tlcourse.networks.backbones import load_backbone

    few, photonet = load_task("digits").few_shot(10, seed=0), load_backbone("photonet")
    frozen = compare(photonet, few, from_layer="stage4", sizes=[10], seeds=[0], methods=["frozen"])
    model = fine_tune(photonet, few, from_layer="stage4", seed=0)
    tuned = np.mean(model.predict(few.test.images, verbose=0).argmax(axis=1) == few.test.labels)
    assert frozen[0].accuracy > 0.8
    assert tuned > frozen[0].accuracy - 0.02


def test_from_scratch_its_averages_follow_faster(backbone, task):
    import keras

    def momenta(model):
        norms = [layer for _, layer in leaves(model)]
        norms = [layer for layer in norms if isinstance(layer, keras.layers.BatchNormalization)]
        return [norm.momentum for norm in norms]

    model = train_from_scratch(backbone, task, epochs=1)
    assert momenta(model) == [0.9, 0.9]
    assert momenta(backbone) == [0.99, 0.99]
    assert all(layer.trainable for _, layer in leaves(model))


def test_a_copy_learns_for_itself(backbone):
    copy = copy_of(backbone)
    before = backbone.get_weights()
    assert all(map(np.array_equal, before, copy.get_weights()))
    copy.set_weights([weight + 1 for weight in before])
    assert all(map(np.array_equal, before, backbone.get_weights()))


def test_the_gentle_recipe_by_hand():
    import keras

    optimizer = gentle_sgd(0.1, 4)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 2, 4, 9)]
    assert rates == pytest.approx([0.1, 0.05, 0, 0], abs=1e-7)
    weight = keras.Variable([0.0, 0.0])
    optimizer.build([weight])
    optimizer.apply([keras.ops.convert_to_tensor([30.0, 40.0])])
    # Clipped to length 1: (0.6, 0.8). Nesterov's first step is (1 + 0.9) times the rate.
    assert weight.numpy() == pytest.approx([-0.114, -0.152], rel=1e-5)


def test_between_its_steps_lp_ft_has_the_head_of_the_probe(backbone, task):
    images, labels = task.train
    features = backbone.predict(images, verbose=0)
    probe = linear_probe(features, labels, c_values=(1.0,))
    model = probed_classifier(backbone, 2, probe, "stage2")
    shares = scipy.special.softmax(model.predict(images, verbose=0), axis=1)
    np.testing.assert_allclose(shares, probe.predict_proba(features), atol=1e-5)
    learning = [path for path, layer in leaves(model) if layer.trainable_weights]
    assert learning == ["small/stage2_conv", "head"]


def test_a_copy_computes_the_same_with_weights_of_its_own():
    """Also where a layer computes with numbers that it has derived from its weights."""
    import keras

    image = keras.Input((4, 4, 3))
    scaled = keras.layers.Normalization(name="scaled")
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(scaled(image)))
    scaled.load_own_variables({"0": np.full(3, 2.0), "1": np.full(3, 4.0), "2": np.array(0)})
    copy = copy_of(model)
    six = np.full((1, 4, 4, 3), 6.0)
    np.testing.assert_allclose(model.predict(six, verbose=0), 2.0)  # (6 - 2) / sqrt(4)
    np.testing.assert_allclose(copy.predict(six, verbose=0), 2.0)
    assert copy.get_layer("scaled").mean is not scaled.mean
