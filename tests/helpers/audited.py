"""Small pictures and models for the audit, right ones and others, and the way to follow it."""

import pathlib

import keras
import numpy as np

from tlcourse.auditing import Report
from tlcourse.data import Split

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


def body(name: str = "body", *, trained: bool = True, scale: bool = True, size: int | None = 16):
    """A small backbone whose normalizations have seen pictures in [0, 255]."""
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
    backbone = body() if backbone is None else backbone
    image = keras.Input(backbone.input_shape[1:], name="image")
    x = image if before is None else before(image)
    head = keras.layers.Dense(outputs, activation=activation, name="head")
    return keras.Model(image, head(backbone(x)), name="classifier")


def compiled(model, optimizer=None, loss=None):
    loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), loss)
    return model


def frozen_body():
    model = classifier()
    model.get_layer("body").trainable = False
    return model


def frozen_flat():
    """The layers of the body, frozen, and a head, with no model inside."""
    backbone = body()
    backbone.trainable = False
    logits = keras.layers.Dense(2, name="head")(backbone.output)
    return keras.Model(backbone.input, logits)


def tuned_body():
    """All convolutions learn, no normalization does."""
    model = classifier()
    for layer in model.get_layer("body").layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


def follow(report: Report, name: str, **names) -> dict:
    """Run the line that mends a finding; gives the names that it left."""
    finding = next(finding for finding in report if finding.name == name)
    space = {"keras": keras, "np": np, "pathlib": pathlib, **names}
    exec(finding.mend, space)
    return space
