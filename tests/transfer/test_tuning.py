import numpy as np
import pytest

from tlcourse.data import Split, Task, load_task
from tlcourse.networks.layers import leaves
from tlcourse.transfer.freezing import freeze, trainable_summary, unfreeze
from tlcourse.transfer.heads import build_classifier, set_head
from tlcourse.transfer.probe import FloorScaler, linear_probe
from tlcourse.transfer.tuning import Result, compare, fine_tune, restart

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


# ------------------------------------------------------------------ heads, freezing, tuning


def small_backbone():
    import keras

    keras.utils.set_random_seed(1)
    x = image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    for stage in (1, 2):
        x = keras.layers.Conv2D(4 * stage, 3, strides=2, use_bias=False, name=f"stage{stage}_conv")(
            x
        )
        x = keras.layers.BatchNormalization(name=f"stage{stage}_norm")(x)
        x = keras.layers.ReLU(name=f"stage{stage}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, x, name="small")


@pytest.fixture
def backbone(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    return small_backbone()


@pytest.fixture
def task():
    """Red pictures and blue ones, which no backbone can mistake."""
    rng = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count) % 2
        images = rng.integers(0, 60, (count, 8, 8, 3), dtype=np.uint8)
        for at, label in enumerate(labels):
            images[at, :, :, 2 * label] += 180
        return Split(images, labels)

    return Task("colors", ("red", "blue"), split(24), split(8), split(40))


def statistics(model):
    return [
        variable.numpy().copy()
        for variable in model.non_trainable_variables
        if "moving" in variable.path
    ]


def test_a_classifier_is_the_backbone_and_a_head(backbone):
    model = build_classifier(backbone, 3, dropout=0.5)
    assert [layer.name for layer in model.layers] == ["image", "small", "dropout", "head"]
    assert model.output_shape == (None, 3)
    with pytest.raises(ValueError, match="at least 2, not 1"):
        build_classifier(backbone, 1)


def test_feature_maps_are_averaged(backbone):
    import keras

    maps = keras.Model(backbone.input, backbone.get_layer("stage2").output, name="maps")
    assert build_classifier(maps, 2).get_layer("average").output.shape == (None, 8)


def test_unfreeze_begins_at_the_named_stage(backbone):
    model = build_classifier(backbone, 2)
    freeze(model)
    assert trainable_summary(model).learning == 0
    unfreeze(model, "small/stage2")
    summary = trainable_summary(model)
    # stage2_conv has 3·3·4·8 weights, the head 8·2 + 2
    assert (summary.learning, summary.total) == (288 + 18, 108 + 16 + 288 + 32 + 18)
    assert (summary.frozen_norms, summary.norms) == (2, 2)
    assert [(group.first, group.last) for group in summary.groups] == [
        ("small/stage1_conv", "small/stage1_norm"),
        ("small/stage2_conv", "head"),
    ]
    assert "306 of 462 parameters learn; 2 of 2 normalizations are frozen" in repr(summary)
    assert "<td>306</td><td>32</td>" in summary._repr_html_()
    unfreeze(model, "stage1")  # the outer name may be left out
    assert trainable_summary(model).learning == 108 + 288 + 18
    with pytest.raises(ValueError, match=r"no layer 'small/stage3'\. Did you mean 'small/stage"):
        unfreeze(model, "small/stage3")


def test_the_statistics_of_an_unfrozen_model_do_not_move(backbone, task):
    model = build_classifier(backbone, 2)
    unfreeze(model, "stage1")
    model.compile("sgd", "sparse_categorical_crossentropy")
    before, weights = statistics(model), model.get_weights()
    assert len(before) == 4
    model.fit(task.as_dataset(), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, statistics(model), strict=True))
    assert not np.array_equal(weights[0], model.get_weights()[0])


def test_a_probe_becomes_the_head(backbone, task):
    import keras

    rng = np.random.default_rng(0)
    for classes in (2, 3):
        labels = np.arange(30) % classes
        images = rng.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
        features = keras.ops.convert_to_numpy(backbone(images))
        probe = linear_probe(features, labels, c_values=(1.0,))
        model = build_classifier(backbone, classes)
        set_head(model, probe)
        shares = keras.ops.convert_to_numpy(keras.ops.softmax(model(images)))
        np.testing.assert_allclose(shares, probe.predict_proba(features), atol=1e-5)
    with pytest.raises(ValueError, match=r"weights \(8, 3\), the head \(8, 2\)"):
        set_head(build_classifier(backbone, 2), probe)


def test_the_probe_chooses_by_cross_validation():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    noise = rng.normal(size=(40, 60))
    clear = labels[:, None] + 0.01 * noise
    # Nothing can be learned from noise, so more regularization is better; `clear` needs none.
    assert linear_probe(noise, labels)[-1].C < linear_probe(clear, labels)[-1].C == 1.0
    one_each = linear_probe(clear[:2], labels[:2])
    assert one_each.predict(clear[:2]).tolist() == [0, 1]


def test_what_the_probe_refuses():
    with pytest.raises(ValueError, match="at least two classes"):
        linear_probe(np.zeros((3, 2)), np.zeros(3, int))
    with pytest.raises(ValueError, match=r"not \(3, 2\) and \(4,\)"):
        linear_probe(np.zeros((3, 2)), np.zeros(4, int))


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


def test_faint_features_stay_faint():
    strong, faint = np.array([-6.0, 6.0] * 2), np.array([0.01, -0.01, -0.01, 0.01])
    features = np.stack([strong, strong + 1, faint], axis=1)
    # deviations 6, 6 and 0.01; their root mean square is sqrt(72 / 3) = sqrt(24)
    scaler = FloorScaler(floor=0.5).fit(features)
    assert scaler.scale_ == pytest.approx([6, 6, 0.5 * 24**0.5], rel=1e-5)
    assert scaler.mean_ == pytest.approx([0, 1, 0])
    assert FloorScaler(floor=0).fit(features).scale_ == pytest.approx([6, 6, 0.01])
    assert FloorScaler().get_params() == {"floor": 0.3}


def test_fine_tuning_on_a_foreign_task_keeps_what_the_probe_knew():
    """Without the clipped gradient, photonet falls to chance on the digits."""
    from tlcourse.networks.backbones import load_backbone

    few, photonet = load_task("digits").few_shot(10, seed=0), load_backbone("photonet")
    frozen = compare(photonet, few, from_layer="stage4", sizes=[10], seeds=[0], methods=["frozen"])
    model = fine_tune(photonet, few, from_layer="stage4", seed=0)
    tuned = np.mean(model.predict(few.test.images, verbose=0).argmax(axis=1) == few.test.labels)
    assert frozen[0].accuracy > 0.8
    assert tuned > frozen[0].accuracy - 0.02


def test_from_scratch_its_averages_follow_faster(backbone, task, monkeypatch):
    import keras

    seen = []

    def look(model, *_):
        norms = [layer for _, layer in leaves(model)]
        norms = [layer for layer in norms if isinstance(layer, keras.layers.BatchNormalization)]
        seen.extend(norm.momentum for norm in norms)

    monkeypatch.setattr("tlcourse.transfer.tuning._fit", look)
    compare(backbone, task, from_layer="stage2", sizes=(5,), seeds=(0,), methods=("from scratch",))
    assert set(seen) == {0.9}
