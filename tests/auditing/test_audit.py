"""Each mistake is found by its name, and gone when the report's own line has been followed."""

import random
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import tlcourse
from tlcourse import audit
from tlcourse.auditing import Finding, Report
from tlcourse.auditing.inputs import expected_range, fits
from tlcourse.auditing.splits import near_pairs
from tlcourse.data import Split, Task, load_reviews, load_task

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


def pictures(count: int, seed: int = 0, classes: int = 2, size: int = 16) -> Split:
    """Soft blobs on a ground, all different."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    images = np.empty((count, size, size, 3), np.uint8)
    for at in range(count):
        spots = rng.uniform(0, size, (4, 2))
        blobs = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b in spots)
        colored = blobs[..., None] * rng.uniform(80, 250, 3) + rng.integers(0, 40)
        images[at] = np.clip(colored, 0, 255)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    return Split(images, np.arange(count) % classes)


@pytest.fixture(scope="module")
def task():
    return Task("blobs", ("red", "blue"), pictures(24, 1), pictures(12, 2), pictures(20, 3))


def body(name: str = "body", *, trained: bool = True, scale: bool = True, size: int | None = 16):
    """A small backbone whose normalizations have seen pictures in [0, 255]."""
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(image) if scale else image
    for stage in (1, 2):
        x = keras.layers.Conv2D(8, 3, strides=2, use_bias=False, name=f"conv{stage}")(x)
        x = keras.layers.BatchNormalization(momentum=0.2, name=f"norm{stage}")(x)
        x = keras.layers.ReLU(name=f"stage{stage}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(image, x, name=name)
    if trained:
        for _ in range(8):
            model(pictures(24).images.astype("float32"), training=True)
    return model


def classifier(backbone=None, outputs: int = 2, *, activation=None, before=None):
    import keras

    backbone = body() if backbone is None else backbone
    image = keras.Input(backbone.input_shape[1:], name="image")
    x = image if before is None else before(image)
    head = keras.layers.Dense(outputs, activation=activation, name="head")
    return keras.Model(image, head(backbone(x)), name="classifier")


def compiled(model, optimizer=None, loss=None):
    import keras

    loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), loss)
    return model


def frozen_body():
    model = classifier()
    model.get_layer("body").trainable = False
    return model


def frozen_flat():
    """The layers of the body, frozen, and a head, with no model inside."""
    import keras

    backbone = body()
    backbone.trainable = False
    logits = keras.layers.Dense(2, name="head")(backbone.output)
    return keras.Model(backbone.input, logits)


def tuned_body():
    """All convolutions learn, no normalization does."""
    import keras

    model = classifier()
    for layer in model.get_layer("body").layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


def follow(report: Report, name: str, **names) -> dict:
    """Run the line that mends a finding; gives the names that it left."""
    import pathlib

    import keras

    finding = next(finding for finding in report if finding.name == name)
    space = {"keras": keras, "np": np, "pathlib": pathlib, **names}
    exec(finding.mend, space)
    return space


# ------------------------------------------------------------------ what learns


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


# ------------------------------------------------------------------ what goes in


def test_scaled_pictures_for_a_network_that_scales_inside(task):
    import keras

    small = task.train.images / np.float32(255)
    for given, mend in ((small, "Rescaling(255.0)"), (2 * small - 1, "Rescaling(127.5, offset")):
        model = compiled(classifier(body("photonet", trained=False)))
        report = audit(model, train=(given, task.train.labels))
        assert report.names == ("input range",)
        assert "photonet gets numbers from" in report.findings[0].found
        assert mend in report.findings[0].mend

        def before(image, report=report):
            return follow(report, "input range", x=image, keras=keras)["x"]

        right = compiled(classifier(body("photonet", trained=False), before=before))
        assert audit(right, train=(given, task.train.labels)).names == ()


def test_pictures_scaled_twice(task):
    import keras

    scaled = keras.layers.Rescaling(1 / 255)
    for name in ("photonet", "efficientnetb0", "MobileNetV2"):
        model = compiled(classifier(body(name, trained=False), before=scaled))
        report = audit(model, task)
        assert report.names == ("input range",)
        assert "scales them once more inside" in report.findings[0].found

        def before(image, report=report):
            return follow(report, "input range", image=image)["x"]

        model = compiled(classifier(body(name, trained=False), before=before))
        assert audit(model, task).names == ()


WITHOUT_PREPROCESSING = [
    ("resnet50", "resnet"),
    ("vgg16", "vgg16"),
    ("densenet121", "densenet"),
    ("mobilenetv2_0.35_224", "mobilenet_v2"),
    ("inception_v3", "inception_v3"),
    ("xception", "xception"),
]


@pytest.mark.parametrize(("name", "home"), WITHOUT_PREPROCESSING)
@pytest.mark.parametrize("wrong", ["raw", "divided by 255"])
def test_preprocessing_that_is_missing_or_another_one(name, home, wrong, task):
    import keras

    def build(before):
        return compiled(classifier(body(name, trained=False, scale=False), before=before))

    before = None if wrong == "raw" else keras.layers.Rescaling(1 / 255)
    report = audit(build(before), task)
    assert report.names == ("input range",)
    assert f"keras.applications.{home}.preprocess_input(image)" in report.findings[0].mend
    right = build(lambda image: follow(report, "input range", image=image)["x"])
    assert audit(right, task).names == ()


def test_preprocessing_done_twice(task):
    import keras

    function = keras.applications.densenet.preprocess_input
    model = classifier(
        body("densenet121", trained=False, scale=False), before=lambda x: function(function(x))
    )
    assert audit(compiled(model), task).names == ("input range",)


def test_the_first_normalization_remembers_the_range(task):
    import keras

    def build(before=None):
        model = classifier(body("mine"), before=before)
        model.get_layer("mine").trainable = False
        return compiled(model)

    assert audit(build(), task).names == ()
    small = task.train.images / np.float32(255)
    report = audit(build(), train=(small, task.train.labels))
    assert report.names == ("input range",)
    assert "1/255 of" in report.findings[0].found or "1/2" in report.findings[0].found
    model = build(lambda image: follow(report, "input range", x=image, keras=keras)["x"])
    assert audit(model, train=(small, task.train.labels)).names == ()


@pytest.mark.parametrize(
    ("got", "expected", "fit"),
    [
        ((0, 255), (0, 255), True),
        ((3, 90), (0, 255), True),
        ((0, 1), (0, 255), False),
        ((-1, 1), (0, 255), False),
        ((-1, 1), (-1, 1), True),
        ((0, 1), (-1, 1), False),
        ((-1.0, -0.99), (-1, 1), False),
        ((0, 255), (-123.68, 151.06), False),
        ((-120, 140), (-123.68, 151.06), True),
    ],
)
def test_ranges(got, expected, fit):
    assert fits(got, expected) is fit


def test_every_application_is_known_by_the_name_that_keras_gives_it():
    import inspect

    import keras
    from keras import applications

    for factory in [getattr(applications, n) for n in dir(applications) if n[0].isupper()]:
        default = inspect.signature(factory).parameters["name"].default
        if default is not None:
            assert expected_range(default) is not None, default
    for factory in (applications.MobileNet, applications.MobileNetV2):
        model = factory(input_shape=(32, 32, 3), weights=None, include_top=False)
        assert expected_range(model.name) == (-1, 1)
    assert expected_range("vgg16") == pytest.approx((-123.68, 151.061))
    assert expected_range("efficientnetb0") == expected_range("MobileNetV2") == (0, 255)
    assert expected_range("convnext_tiny") == (0, 255)
    assert expected_range("functional_3") is None
    keras.backend.clear_session()


def test_input_size(task):
    import keras

    model = compiled(frozen_body())
    big = keras.ops.convert_to_numpy(keras.ops.image.resize(task.train.images, (24, 20)))
    report = audit(model, train=(big, task.train.labels))
    assert "input size" in report.names
    assert "24×20×3; the model takes 16×16×3" in report.findings[0].found
    images = follow(report, "input size", images=big)["images"]
    assert audit(model, train=(np.asarray(images), task.train.labels)).names == ()

    gray = task.train.images.mean(axis=-1, keepdims=True)
    report = audit(model, train=(gray, task.train.labels))
    assert "input size" in report.names
    images = follow(report, "input size", images=gray)["images"]
    assert audit(model, train=(images, task.train.labels)).names == ()


# ------------------------------------------------------------------ what comes out


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


# ------------------------------------------------------------------ the data


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


# ------------------------------------------------------------------ no false alarm


def lesson_models():
    """name → (model before `fit`, task), as lessons 0 to 5 build them."""
    import keras
    from keras import layers

    from tlcourse import build_classifier, load_backbone
    from tlcourse.recipes import surface

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    sunglasses = load_task("sunglasses").few_shot(10)
    digits, faces = load_task("digits").few_shot(10), load_task("faces").few_shot(2)
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
    sunglasses = load_task("sunglasses").few_shot(10)

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
        assert audit(model, task).names == (), name
        assert audit(model, task, train=train, test=test).names == (), name
        assert audit(model).names == (), name
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
    assert time.perf_counter() - start < 5


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


# ------------------------------------------------------------------ it changes nothing


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
