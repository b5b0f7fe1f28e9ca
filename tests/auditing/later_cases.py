"""A third part of the cases, written with the findings that they are for; see `cases`."""

import keras
import numpy as np
from keras import layers

from tests.auditing.cases import (
    SPARSE,
    _all_but_norms,
    _enlarged,
    _splits,
    build,
    finds,
    network,
    right,
    task,
)
from tests.auditing.more_cases import frozen, own
from tests.helpers.audited import body, classifier, pictures

# ------------------------------------------------------------------ labels


def telling(count: int, seed: int, strength: float = 1.0, classes: int = 2, size: int = 16):
    """Pictures whose color tells a part of their label."""
    images, labels = pictures(count, seed, classes, size)
    rng = np.random.default_rng(seed)
    shift = strength * 40 * (labels == 1) + rng.normal(0, 40, count)
    images = images.astype("float32")
    images[..., 0] += shift[:, None, None]
    return np.clip(images, 0, 255).astype("uint8"), labels


@finds("labels by chance")
def labels_in_another_order_than_the_pictures():
    images, labels = telling(300, 1)
    shuffled = np.random.default_rng(5).permutation(labels)
    return build(frozen()), {"train": (images, shuffled), "pretrained": True}


@finds("labels by chance")
def pictures_shuffled_alone_and_labels_sorted():
    images, labels = telling(240, 2, classes=4)
    order = np.random.default_rng(6).permutation(240)
    return build(frozen(4)), {"train": (images[order], np.sort(labels)), "pretrained": True}


@right
def labels_that_color_tells():
    return build(frozen()), {"train": telling(300, 1), "pretrained": True}


@right
def labels_that_color_hardly_tells():
    return build(frozen()), {"train": telling(400, 3, 0.5), "pretrained": True}


@right
def too_few_pictures_to_ask():
    return build(frozen()), {"train": tuple(pictures(60)), "pretrained": True}


@right
def a_quantity_that_nothing_tells():
    years = np.random.default_rng(0).integers(20, 70, 300)
    model = build(frozen(1), loss="mse")
    return model, {"train": (pictures(300).images, years), "pretrained": True}


@finds("labels")
def words_for_labels():
    data = task()
    words = np.array(["cat", "dog"])[data.train.labels]
    return build(frozen()), {"train": (data.train.images, words)}


@finds("not a number")
def a_label_is_missing():
    data = task()
    labels = data.train.labels.astype("float32")
    labels[7] = np.nan
    return build(frozen()), {"train": (data.train.images, labels)}


@finds("contradicting labels")
def one_picture_in_two_folders():
    data = task()
    images, labels = data.train.images.copy(), data.train.labels
    images[11], images[14] = images[10], images[3]
    return build(frozen()), {"train": (images, labels)}


@right
def one_picture_twice_with_one_label():
    data = task()
    images, labels = data.train.images.copy(), data.train.labels
    images[12] = images[10]
    return build(frozen()), {"train": (images, labels)}


@finds("activation of the head")
def five_sigmoids_for_one_of_five():
    return build(frozen(5, "sigmoid"), loss=SPARSE()), {"task": task(classes=5)}


# ------------------------------------------------------------------ red and blue


def warm(count: int, seed: int, size: int = 64):
    images, labels = pictures(count, seed, size=size)
    tint = np.random.default_rng(seed).normal([40, 10, -25], 12, (count, 3))
    images = images + 60 + tint[:, None, None]
    return np.clip(images, 0, 255).astype("uint8"), labels


@finds("red and blue exchanged")
def exchanged_before_resnets_preprocessing():
    model = network("ResNet50", 64, before=lambda x: own("resnet")(x[..., ::-1]))
    return model, {"train": warm(40, 1), "pretrained": True}


@finds("red and blue exchanged")
def imagenets_means_without_the_exchange():
    means = np.array([123.68, 116.779, 103.939], "float32")
    model = network("VGG16", 64, before=lambda x: x - means)
    return model, {"train": warm(40, 1), "pretrained": True}


@finds("red and blue exchanged")
def validation_read_by_opencv():
    images, labels = warm(40, 2)
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    given = {"train": warm(60, 1), "validation": (images[..., ::-1], labels)}
    return model, {**given, "pretrained": True}


@right
def warm_pictures_for_vgg():
    model = network("VGG16", 64, before=own("vgg16"))
    return model, {"train": warm(40, 1), "validation": warm(30, 2), "pretrained": True}


@right
def validation_at_another_hour():
    images, labels = warm(40, 2)
    cold = np.clip(images - np.array([60, 20, -5]), 0, 255).astype("uint8")
    model = network("MobileNetV2", 64, before=own("mobilenet_v2"), alpha=0.35)
    given = {"train": warm(60, 1), "validation": (cold, labels)}
    return model, {**given, "pretrained": True}


# ------------------------------------------------------------------ a body in parts, rates


def two_stages(fresh: int | None = None):
    """A body of two trained stages, of which one may be as it was made."""
    backbone = body()
    rng = np.random.default_rng(0)
    for stage in (1, 2):
        kernel = backbone.get_layer(f"conv{stage}").kernel
        if stage != fresh:
            kernel.assign(rng.normal(0, 0.2, kernel.shape))
            continue
        norm = backbone.get_layer(f"norm{stage}")
        norm.moving_mean.assign(np.zeros(8))
        norm.moving_variance.assign(np.ones(8))
    return backbone


@finds("partly random body")
def the_second_stage_was_not_loaded():
    backbone = two_stages(fresh=2)
    backbone.trainable = False
    return build(classifier(backbone)), {"task": task()}


@right
def a_second_stage_that_is_new_and_learns():
    backbone = two_stages(fresh=2)
    for layer in backbone.layers:
        layer.trainable = layer.name in ("conv2", "norm2")
    return build(classifier(backbone), keras.optimizers.Adam(1e-4)), {"task": task()}


@right
def both_stages_were_loaded():
    backbone = two_stages()
    backbone.trainable = False
    return build(classifier(backbone)), {"task": task()}


@right
def a_head_with_its_own_normalization():
    backbone = body()
    backbone.trainable = False
    x = layers.BatchNormalization()(layers.Dense(64)(backbone.output))
    x = layers.Dense(2)(layers.ReLU()(x))
    return build(keras.Model(backbone.input, x), "adam"), {"task": task()}


@finds("learning rate too high")
def adagrad_at_a_third():
    return _all_but_norms(keras.optimizers.Adagrad(0.3))


@finds("learning rate too high")
def adafactor_at_a_tenth():
    return _all_but_norms(keras.optimizers.Adafactor(0.1))


@finds("learning rate too high")
def lamb_at_a_tenth():
    return _all_but_norms(keras.optimizers.Lamb(0.1))


@right
def adagrad_at_a_hundredth():
    return _all_but_norms(keras.optimizers.Adagrad(0.01))


@right
def adadelta_at_one():
    return _all_but_norms(keras.optimizers.Adadelta(1.0))


@right
def adafactor_at_a_thousandth():
    return _all_but_norms(keras.optimizers.Adafactor(0.001))


@right
def lamb_at_a_thousandth():
    return _all_but_norms(keras.optimizers.Lamb(0.001))


# ------------------------------------------------------------------ copies


@finds("shared pictures")
def upside_down():
    return _splits(lambda images: images[:, ::-1, ::-1])


@finds("shared pictures")
def turned_by_a_quarter():
    return _splits(lambda images: np.rot90(images, axes=(1, 2)))


@finds("shared pictures")
def copies_without_a_margin_of_8_percent():
    return _splits(_enlarged)


def scenes(count: int, seed: int, size: int = 48) -> np.ndarray:
    """Gray pictures whose detail is as much as that of photographs."""
    rng = np.random.default_rng(seed)
    square = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.fftfreq(size) ** 2
    square[0, 0] = 1
    noise = np.fft.fft2(rng.normal(size=(count, size, size)))
    made = np.fft.ifft2(noise / square).real
    made -= made.mean(axis=(1, 2), keepdims=True)
    made = 128 + 50 * made / made.std(axis=(1, 2), keepdims=True)
    return np.clip(made, 0, 255).astype("uint8")[..., None].repeat(3, axis=-1)


def two_splits(train, validation):
    """A small network from scratch, and pictures in two splits."""
    model = build(classifier(body(size=48, trained=False)), keras.optimizers.Adam(1e-3))
    splits = {"train": train, "validation": validation}
    return model, {name: (images, np.arange(len(images)) % 2) for name, images in splits.items()}


@finds("shared pictures")
def cut_at_the_top_and_the_left():
    import PIL.Image

    train, validation = scenes(60, 1), scenes(40, 2)
    for at in range(8):
        picture = PIL.Image.fromarray(train[at]).resize((48, 48), box=(3, 4, 48, 48))
        validation[at] = np.asarray(picture)
    return two_splits(train, validation)


@right
def scenes_that_are_all_different():
    return two_splits(scenes(60, 1), scenes(40, 2))


@right
def pictures_of_one_wall():
    """All alike: a bright half and a dark one, with noise of their own."""
    rng = np.random.default_rng(1)
    wall = np.where(np.arange(48) < 24, 60, 190)[None, :, None, None]
    images = np.clip(wall + rng.normal(0, 25, (80, 48, 48, 3)), 0, 255).astype("uint8")
    return two_splits(images[:50], images[50:])
