"""No alarm on what is right: the models of the lessons, before and after training."""

import dataclasses
import time

import numpy as np
import pytest

import tlcourse
from tests.helpers.audited import RNG, body, classifier, compiled
from tlcourse import audit
from tlcourse.data import Split, load_reviews, load_task

pytestmark = pytest.mark.slow


def small(name: str, per_class: int):
    """A bundled task, thinned: for most alarms, the audit has the network look at every picture."""
    task = load_task(name).few_shot(per_class)

    def thin(split: Split) -> Split:
        return Split(split.images[::5], split.labels[::5])

    return dataclasses.replace(task, validation=thin(task.validation), test=thin(task.test))


def lesson_models():
    """name → (model before `fit`, task), as lessons 0 to 5 build them."""
    import keras
    from keras import layers

    from tlcourse import build_classifier, load_backbone
    from tlcourse.recipes import surface

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    sunglasses, digits, faces = small("sunglasses", 10), small("digits", 10), small("faces", 2)
    falling = keras.optimizers.schedules.CosineDecay

    def sequential(name, task, rate, *, frozen, weights="imagenet", **options):
        backbone = load_backbone(name, weights=weights, **options)
        backbone.trainable = not frozen
        model = keras.Sequential([backbone, layers.Dense(task.num_classes)])
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss, metrics=["accuracy"])
        return model, task

    def reused(kept, method, rate):
        source = surface.small_network(20)
        for at in range(1, 5):
            norm = source.get_layer(f"norm{at}")
            norm.moving_mean.assign(RNG.normal(size=norm.moving_mean.shape))
        model = surface.reuse(source, 6, kept, method)
        model.compile(keras.optimizers.SGD(falling(rate, 80), momentum=0.9), loss)
        return model, sunglasses

    source = surface.small_network(20)
    steps = falling(0.02, 111, warmup_target=0.4, warmup_steps=30)
    source.compile(keras.optimizers.SGD(steps, momentum=0.9, nesterov=True), loss)
    frozen_later = build_classifier(load_backbone("photonet"), 10, dropout=0.3)
    tlcourse.freeze(frozen_later.get_layer("photonet"))
    frozen_later.compile("adam", loss)
    unfrozen = build_classifier(load_backbone("objectnet"), 6)
    tlcourse.unfreeze(unfrozen, "objectnet/stage3")
    unfrozen.compile(keras.optimizers.Adam(1e-4), loss)
    # Batch normalization with random weights, MobileNetV2's in full: no pretraining to be hurt.
    mobile = build_classifier(
        load_backbone("MobileNetV2", weights=None, image_size=64, alpha=0.35), 6
    )
    mobile.compile("adam", loss)
    return {
        "0 frozen": sequential("photonet", faces, 0.1, frozen=True),
        "0 scratch": sequential("photonet", faces, 0.01, frozen=False, weights=None),
        "1 scratch": sequential(
            "photonet", sunglasses, falling(0.03, 240), frozen=False, weights=None
        ),
        "1 transfer": sequential("objectnet", sunglasses, 0.03, frozen=True),
        "3 tuned": reused(2, "tuned", 0.03),
        "4 noise": sequential("noisenet", digits, 0.1, frozen=True),
        "5 source": (source, load_task("objects", train_per_class=20)),
        "5 scratch": reused(0, "tuned", 0.03),
        "5 frozen": reused(4, "frozen", 0.1),
        "5 fine-tuned": reused(4, "tuned", 0.05),
        "5 two stages": reused(2, "frozen", 0.03),
        "frozen, dropout": (frozen_later, digits),
        "unfrozen": (unfrozen, sunglasses),
        "MobileNetV2": (mobile, sunglasses),
    }


def later_models():
    """The same of lessons 6, 10 and 11; of lesson 11, those that are mended."""
    import keras
    from keras import layers

    from tlcourse import build_classifier, load_backbone, unfreeze

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    sgd = keras.optimizers.SGD
    sunglasses = small("sunglasses", 10)

    def frozen(name, optimizer):
        backbone = load_backbone(name)
        backbone.trainable = False
        if name == "objectnet":
            model = build_classifier(backbone, 6)
        else:
            model = keras.Sequential([backbone, layers.Dense(6, name="head")])
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    def tuned(first, optimizer):
        model = frozen("photonet", sgd(0.03, momentum=0.9))
        model.fit(*sunglasses.train, verbose=0)  # the head first, then more of it
        unfreeze(model, first)
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    def falling():
        rate = keras.optimizers.schedules.CosineDecay(0.03, 120)
        return sgd(rate, momentum=0.9, nesterov=True, global_clipnorm=1.0)

    def still(name):
        """Nothing can learn, and no normalization moves: how drift is measured."""
        base = load_backbone(name)
        for layer in base.layers:
            layer.trainable = not isinstance(layer, layers.BatchNormalization)
        image = keras.Input((None, None, 3))
        model = keras.Model(image, layers.Dense(6)(base(image, training=False)))
        model.compile(sgd(0.0), loss)
        return model

    models = {
        "6 frozen": frozen("photonet", sgd(0.03, momentum=0.9)),
        "6 tuned": tuned("stage3", sgd(0.003, momentum=0.9)),
        **{f"6 {first}": tuned(first, falling()) for first in ("stage4", "stage3", "stem")},
        "6 norms frozen": still("photonet"),
        "10 strategy": frozen("photonet", sgd(0.01)),
        "11 exhibits 1, 2": frozen("objectnet", sgd(0.03, momentum=0.9)),
        "11 exhibit 3": frozen("objectnet", sgd(0.1, momentum=0.9)),
        "11 exhibit 5": still("objectnet"),
    }
    return {name: (model, sunglasses) for name, model in models.items()}


@pytest.mark.parametrize("models", [lesson_models, later_models])
def test_no_false_alarm_on_the_models_of_the_lessons(models):
    for name, (model, task) in models().items():
        train = task.as_dataset(batch_size=16, shuffle=True)
        test = task.as_dataset("test", shuffle=True)
        assert audit(model, task, train=train, test=test).names == (), name
        assert audit(model).names == (), name
        model.run_eagerly = True  # two steps are not worth the making of a graph
        model.fit(train.take(2), verbose=0)
        assert audit(model, task).names == (), name


def test_no_false_alarm_on_the_backbones_of_lessons_7_and_8():
    import keras

    from tlcourse import load_backbone
    from tlcourse.recipes.ladder import load_rung

    task = load_task("textures").few_shot(5)
    photonet = load_backbone("photonet")
    maps = photonet.get_layer("stage3").output
    networks = {
        "7 up to stage 3": keras.Model(photonet.input, keras.layers.GlobalAveragePooling2D()(maps)),
        "8 random": load_backbone("photonet", weights=None),
        "8 objectnet": load_backbone("objectnet"),
        "8 noisenet": load_backbone("noisenet"),
        "8 rung": load_rung(8, 1),
        "8 zoo": load_backbone("alexnet", weights=None),
    }
    for name, network in networks.items():
        assert audit(network, task).names == (), name
        assert audit(network).names == (), name


def no_alarm_on_text(model, rate: float, tokens=None):
    """Audit it compiled as lesson 9 does, on the tokens, on the task, and alone."""
    import keras

    texts = load_reviews().few_shot(5)
    labels = texts.train.labels
    if tokens is None:
        tokens = np.random.default_rng(0).integers(1, 999, (len(labels), 32))
    else:
        tokens = tokens(texts.train.texts, 32)
    compiled(model, keras.optimizers.Adam(rate, global_clipnorm=1.0))
    for given in ({}, {"train": (tokens, labels)}, {"task": texts}):
        report = audit(model, **given)
        assert report.names == (), given.keys()
        assert not any("stopped with" in reason for reason in report.skipped), report


def test_no_false_alarm_on_the_small_text_model_of_lesson_9():
    import keras
    from keras import layers

    small = keras.Sequential(
        [
            layers.Embedding(30522, 32, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(2),
        ]
    )
    small.build((None, 32))
    no_alarm_on_text(small, 0.003)


def test_no_false_alarm_on_the_text_encoder_of_lesson_9():
    import keras

    from tlcourse import load_minilm
    from tlcourse.errors import AssetError

    try:
        tokenizer, encoder = load_minilm()
    except AssetError as error:
        pytest.skip(str(error))
    for layer in encoder.layers:
        layer.trainable = layer.name in ("transformer_layer_4", "transformer_layer_5")
    tuned = keras.Sequential([encoder, keras.layers.Dense(2, name="head")])
    no_alarm_on_text(tuned, 1e-4, tokenizer)


def test_no_false_alarm_on_the_office_of_lesson_10(tmp_path):
    import keras
    from keras import layers

    from tlcourse import load_backbone, load_image_folder
    from tlcourse.data.lost_property import write_lost_property

    task = load_image_folder(write_lost_property(tmp_path) / "retaken")
    backbone = load_backbone("photonet")
    backbone.trainable = False
    model = keras.Sequential([keras.Input((64, 64, 3)), backbone, layers.Dense(3)])
    compiled(model, keras.optimizers.Adam(0.003))
    assert audit(model, task).names == ()


def test_no_false_alarm_on_the_heads_of_lesson_11():
    """Heads on features, cut once, with and without dropout (exhibits 4 and 6)."""
    import keras
    import tensorflow as tf
    from keras import layers

    from tlcourse import build_classifier, extract_features, load_backbone

    task = load_task("sunglasses").few_shot(25)
    backbone = load_backbone("objectnet")
    backbone.trainable = False
    features = extract_features(backbone, task.train.images)

    def cut(values):
        data = tf.data.Dataset.from_tensor_slices((values, task.train.labels))
        data = data.shuffle(150, seed=0, reshuffle_each_iteration=False)
        return {"validation": data.take(30).batch(30), "train": data.skip(30).batch(16)}

    for between, rate in (([], 1e-3), ([layers.Dropout(0.5)], 3e-3)):
        hidden = layers.Dense(128, activation="relu")
        head = keras.Sequential([hidden, *between, layers.Dense(6)])
        compiled(head, keras.optimizers.Adam(rate))
        assert audit(head).names == ()  # before it is built
        assert audit(head, train=(features, task.train.labels)).names == ()
        head.fit(cut(features)["train"], verbose=0)
        assert audit(head, **cut(features)).names == ()
    model = compiled(build_classifier(backbone, 6))
    assert audit(model, **cut(task.train.images)).names == ()


def test_no_false_alarm_on_fine_tune():
    from tlcourse import fine_tune, load_backbone

    few = load_task("sunglasses").few_shot(3)
    for from_layer in ("stem_conv", "stage4"):
        model = fine_tune(load_backbone("objectnet"), few, from_layer=from_layer, epochs=1)
        assert audit(model, few).names == ()


@pytest.mark.parametrize("name", ["digits", "faces", "textures", "sunglasses", "objects"])
def test_no_false_alarm_on_the_data_of_the_course(name):
    options = {"train_per_class": 50} if name == "objects" else {}
    task = load_task(name, **options)
    model = compiled(classifier(body(size=None), outputs=task.num_classes))
    model.get_layer("body").trainable = False
    start = time.perf_counter()
    assert audit(model, task).names == ()
    assert time.perf_counter() - start < 20  # about 3 s alone; other tests run beside this one


def test_pretrained_or_not_is_seen_told_or_said_to_be_unknown(task):
    from tlcourse import build_classifier, load_backbone

    known = compiled(build_classifier(load_backbone("photonet"), 2))
    fresh = compiled(build_classifier(load_backbone("photonet", weights=None), 2))
    mine = compiled(classifier())
    for model in (known, fresh, mine):
        model.fit(*task.train, batch_size=12, verbose=0)
    assert "nothing is frozen" in audit(known, task).names
    assert audit(fresh, task).names == ()
    unsure = audit(mine, task)
    assert unsure.names == ()
    assert any("say `pretrained=True`" in reason for reason in unsure.skipped)
    assert "nothing is frozen" in audit(mine, task, pretrained=True).names
    assert audit(known, task, pretrained=False).names == ()
