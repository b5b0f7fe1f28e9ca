"""Small models as tutorials build them, wrong ones and right ones. A new case is one function.

Each gives a compiled model and what `audit` is given besides. `@finds` names what is to be found,
`@right` what has to pass in silence.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from tests.helpers.audited import body, classifier, pictures
from tlcourse.data import Task

WRONG: dict[str, tuple[Callable, str]] = {}
RIGHT: dict[str, Callable] = {}
SPARSE = keras.losses.SparseCategoricalCrossentropy


def finds(name: str):
    """The case has to be found under this name."""

    def add(case):
        WRONG[case.__name__] = (case, name)
        return case

    return add


def right(case):
    """The case has to pass without a finding."""
    RIGHT[case.__name__] = case
    return case


def task(size: int = 16, classes: int = 2) -> Task:
    names = tuple(f"class {number}" for number in range(classes))
    return Task("blobs", names, *(pictures(n, seed, classes, size) for n, seed in PARTS))


PARTS = ((24, 1), (12, 2), (20, 3))


def build(model, optimizer=None, loss=None):
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), loss or SPARSE(True))
    return model


def network(name: str, size: int, before=None, **options):
    """A network of Keras, frozen, with a head. Its weights are random: say `pretrained=True`."""
    options = {"include_top": False, "weights": None, "pooling": "avg", **options}
    backbone = getattr(keras.applications, name)(input_shape=(size, size, 3), **options)
    backbone.trainable = False
    image = keras.Input((size, size, 3))
    x = image if before is None else before(image)
    return build(keras.Model(image, layers.Dense(2)(backbone(x))))


def flat(name: str, size: int):
    """The same, its layers in the model itself, as `Model(base.input, …)` has them."""
    base = getattr(keras.applications, name)(
        input_shape=(size, size, 3), include_top=False, weights=None, pooling="avg"
    )
    base.trainable = False
    return build(keras.Model(base.input, layers.Dense(2)(base.output)))


def scaled(split, factor=1 / 255):
    return split.images * np.float32(factor), split.labels


# ------------------------------------------------------------------ what learns, and how fast


@finds("random body")
def weights_forgotten():
    backbone = body(trained=False)
    backbone.trainable = False
    return build(classifier(backbone)), {"task": task()}


@finds("random body")
def vgg16_without_its_weights():
    prepared = keras.applications.vgg16.preprocess_input
    return network("VGG16", 32, before=prepared), {"task": task(32), "pretrained": None}


@finds("trainable changed after compile")
def unfrozen_after_a_fit_with_plain_sgd():
    backbone = body()
    backbone.trainable = False
    model, data = build(classifier(backbone), keras.optimizers.SGD(0.01)), task()
    model.fit(*data.train, verbose=0)
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    backbone.trainable = True
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return model, {"task": data, "pretrained": True}


def _all_but_norms(optimizer):
    backbone = body()
    for layer in backbone.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return build(classifier(backbone), optimizer), {"task": task()}


@finds("learning rate too high")
def lion_at_adams_rate():
    return _all_but_norms(keras.optimizers.Lion(1e-3))


@finds("learning rate too high")
def adamax_at_a_heads_rate():
    return _all_but_norms(keras.optimizers.Adamax(1e-2))


@finds("statistics will move")
def called_with_training_false_at_a_gentle_rate():
    backbone = body()
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, layers.Dense(2)(backbone(image, training=False)))
    return build(model, keras.optimizers.SGD(0.003, momentum=0.9)), {"task": task()}


@right
def full_fine_tuning_as_bit_does_it():
    return build(classifier(), keras.optimizers.SGD(0.003, momentum=0.9)), {"task": task()}


@right
def full_fine_tuning_with_adamw():
    return build(classifier(), keras.optimizers.AdamW(1e-5)), {"task": task()}


@right
def lion_at_its_own_rate():
    return _all_but_norms(keras.optimizers.Lion(3e-5))


@right
def a_head_with_rmsprop_as_a_book_has_it():
    backbone = body()
    backbone.trainable = False
    return build(classifier(backbone), keras.optimizers.RMSprop(2e-5)), {"task": task()}


@right
def a_small_network_that_goes_on():
    """Trained, saved, loaded, compiled anew: it is no transfer."""
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    data = task()
    build(model, keras.optimizers.Adam(1e-2)).fit(*data.train, verbose=0)
    again = keras.models.clone_model(model)
    again.set_weights(model.get_weights())
    return build(again, keras.optimizers.Adam(1e-2)), {"task": data}


@right
def from_scratch_with_nothing_frozen():
    return build(classifier(body(trained=False)), keras.optimizers.Adam(1e-3)), {"task": task()}


# ------------------------------------------------------------------ pictures


@finds("input range")
def densenet_with_mobilenets_preprocessing():
    between = layers.Rescaling(1 / 127.5, offset=-1)
    return network("DenseNet121", 64, before=between), {"task": task(64), "pretrained": True}


@finds("input range")
def resnet_with_mobilenets_preprocessing():
    between = layers.Rescaling(1 / 127.5, offset=-1)
    return network("ResNet50", 64, before=between), {"task": task(64), "pretrained": True}


@finds("input range")
def flat_vgg16_with_pictures_divided_by_255():
    data = task(64)
    return flat("VGG16", 64), {"train": scaled(data.train), "pretrained": True}


@finds("input range")
def flat_mobilenet_with_pictures_divided_by_255():
    data = task(64)
    return flat("MobileNetV2", 64), {"train": scaled(data.train), "pretrained": True}


@finds("splits scaled differently")
def training_scaled_and_validation_not():
    data = task()
    model = build(classifier(body(scale=False, trained=False)), keras.optimizers.Adam(1e-3))
    return model, {"train": scaled(data.train), "validation": tuple(data.validation)}


@finds("splits scaled differently")
def only_the_test_was_left_raw():
    data = task()
    model = build(classifier(body(scale=False, trained=False)), keras.optimizers.Adam(1e-3))
    given = {"train": scaled(data.train), "validation": scaled(data.validation)}
    return model, {**given, "test": tuple(data.test)}


@finds("small pictures")
def an_imagenet_network_on_32_pixels():
    between = layers.Rescaling(1 / 127.5, offset=-1)
    model = network("MobileNetV2", 32, before=between, alpha=0.35)
    return model, {"task": task(32), "pretrained": True}


@finds("not a number")
def nan_in_a_picture():
    data = task()
    images, labels = scaled(data.train)
    images[5, 3, 3] = np.nan
    return build(classifier(body(scale=False, trained=False)), "adam"), {"train": (images, labels)}


@right
def dark_pictures_for_efficientnet():
    data = task(64)
    dark = (data.train.images // 13, data.train.labels)
    return network("EfficientNetB0", 64), {"train": dark, "pretrained": True}


@right
def densenet_with_its_own_preprocessing():
    between = keras.applications.densenet.preprocess_input
    return network("DenseNet121", 64, before=between), {"task": task(64), "pretrained": True}


@right
def resnet_with_its_own_preprocessing():
    between = keras.applications.resnet.preprocess_input
    return network("ResNet50", 64, before=between), {"task": task(64), "pretrained": True}


@right
def flat_vgg16_with_its_own_preprocessing():
    data = task(64)
    images = keras.applications.vgg16.preprocess_input(data.train.images.astype("float32"))
    return flat("VGG16", 64), {"train": (images, data.train.labels), "pretrained": True}


@right
def augmented_and_enlarged_before_mobilenet():
    between = keras.Sequential(
        [
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.Resizing(96, 96),
            layers.Rescaling(1 / 127.5, offset=-1),
        ]
    )
    backbone = keras.applications.MobileNetV2((96, 96, 3), 0.35, include_top=False, weights=None)
    backbone.trainable = False
    image = keras.Input((32, 32, 3))
    x = layers.GlobalAveragePooling2D()(backbone(between(image)))
    return build(keras.Model(image, layers.Dense(2)(x))), {"task": task(32), "pretrained": True}


# ------------------------------------------------------------------ outputs, loss, labels


def _head(activation, loss, classes=2, more=(), **given):
    backbone = body()
    backbone.trainable = False
    x = layers.Dense(classes, activation=activation)(backbone.output)
    for layer in more:
        x = layer(x)
    return build(keras.Model(backbone.input, x), loss=loss), given or {"task": task()}


@finds("softmax twice")
def softmax_and_once_more():
    return _head("softmax", SPARSE(), more=[layers.Softmax()])


@finds("activation of the head")
def relu_in_the_head():
    return _head("relu", SPARSE(from_logits=True))


@finds("loss and labels")
def binary_loss_for_one_of_five():
    data = task(classes=5)
    labels = keras.utils.to_categorical(data.train.labels, 5)
    return _head("softmax", "binary_crossentropy", 5, train=(data.train.images, labels))


@right
def binary_loss_for_several_at_once():
    data, rng = task(classes=5), np.random.default_rng(0)
    labels = rng.integers(0, 2, (len(data.train.labels), 5)).astype("float32")
    labels[0] = 1
    return _head("sigmoid", "binary_crossentropy", 5, train=(data.train.images, labels))


@right
def age_in_years():
    data, rng = task(), np.random.default_rng(0)
    ages = rng.integers(18, 80, len(data.train.labels))
    return _head(None, "mse", 1, train=(data.train.images, ages))


@right
def one_against_all_with_sigmoids():
    data = task(classes=5)
    labels = keras.utils.to_categorical(data.train.labels, 5)
    return _head("sigmoid", "binary_crossentropy", 5, train=(data.train.images, labels))


# ------------------------------------------------------------------ copies across splits


def _splits(change):
    """Some pictures of training come again in validation, changed."""
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (60, 6, 6, 3)).astype("uint8").repeat(8, 1).repeat(8, 2)
    images = (images * np.linspace(0.6, 1, 48)[:, None]).astype("uint8")
    labels = np.arange(60) % 2
    validation = images[40:].copy()
    validation[:6] = change(images[:6])
    model = build(classifier(body(size=48, trained=False)), keras.optimizers.Adam(1e-3))
    given = {"train": (images[:40], labels[:40]), "validation": (validation, labels[40:])}
    return model, given


def _enlarged(images, margin=2):
    import PIL.Image

    box = (margin, margin, images.shape[2] - margin, images.shape[1] - margin)
    size = images.shape[2], images.shape[1]
    return np.stack([np.asarray(PIL.Image.fromarray(i).resize(size, box=box)) for i in images])


@finds("shared pictures")
def mirrored_copies():
    return _splits(lambda images: images[:, :, ::-1])


@finds("shared pictures")
def copies_without_a_margin_of_5_percent():
    return _splits(lambda images: _enlarged(images, 1))


@finds("shared pictures")
def brighter_copies():
    return _splits(lambda images: np.clip(images * 1.15, 0, 255).astype("uint8"))


@right
def other_pictures_of_the_same_kind():
    return _splits(lambda images: np.roll(images, 17, axis=1)[:, :, ::-1] // 2 + 60)
