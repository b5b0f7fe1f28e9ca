"""Answers to the exercises of lesson 5: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import answers_with
from tlcourse.exercises.lessons.lesson05 import quarters


def _reuse(last="stage2", frozen=True, fresh=False, softmax=False, stage=True, scaled=True):
    """The solution of 05.2, or one of the ways to get it wrong."""

    def reuse(source, classes):
        import keras
        from keras import layers

        if fresh:
            source = keras.models.clone_model(source)
        early = keras.Model(source.input, source.get_layer(last).output)
        if not scaled:
            image = x = keras.Input(source.input_shape[1:])
            for layer in early.layers[2:]:
                x = layer(x)
            early = keras.Model(image, x)
        early.trainable = not frozen
        x = early.output
        if stage:
            x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dense(classes, "softmax" if softmax else None)(
            layers.GlobalAveragePooling2D()(x)
        )
        return keras.Model(early.input, x)

    return reuse


def _layer_by_layer(source, classes):
    """A new network, into which the weights of two stages are copied."""
    import keras

    model = keras.models.clone_model(source)
    for layer in model.layers[:-1]:
        if layer.name in ("conv1", "norm1", "conv2", "norm2"):
            layer.set_weights(source.get_layer(layer.name).get_weights())
            layer.trainable = False
    head = keras.layers.Dense(classes, name="new_head")(model.get_layer("features").output)
    return keras.Model(model.input, head)


def _convolutions_frozen(source, classes):
    model = _reuse(frozen=False)(source, classes)
    for name in ("conv1", "conv2"):
        model.get_layer(name).trainable = False
    return model


def _transfer(rates=(0.05, 0.002), learn=("conv", "head"), again=True, first=("head",), epochs=30):
    """The solution of 05.3, or one of the ways to get it wrong."""

    def transfer(network, images, labels):
        import keras

        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for rate, names in zip(rates, (first, learn), strict=False):
            for layer in network.layers:
                layer.trainable = layer.name.startswith(names)
            if again or rate == rates[0]:
                network.compile(keras.optimizers.Adam(rate), loss)
            network.fit(images, labels, batch_size=32, epochs=epochs, verbose=0)
        return network

    return transfer


def _labels():
    from tlcourse import load_task

    return load_task("sunglasses").validation.labels


def _two(trained, untrained):
    return np.stack([answers_with(trained, _labels()), answers_with(untrained, _labels(), seed=1)])


def _loop(maps):
    """The four quarters, one after the other."""
    h, w = maps.shape[1] // 2, maps.shape[2] // 2
    parts = [maps[:, y : y + h, x : x + w] for x in (0, w) for y in (0, h)]
    return np.concatenate([part.mean(axis=(1, 2)) for part in parts], axis=1)


def _layers(maps):
    import keras

    pooled = keras.layers.AveragePooling2D((maps.shape[1] // 2, maps.shape[2] // 2))(maps)
    return keras.layers.Flatten()(pooled)


def _highest(maps):
    n, h, w, c = maps.shape
    return maps.reshape(n, 2, h // 2, 2, w // 2, c).max(axis=(2, 4)).reshape(n, -1)


RIGHT = {
    "05.1": lambda: {
        "as measured": answers_with(0.45, _labels()),
        "another seed": answers_with(0.38, _labels()).tolist(),
        "a column": answers_with(0.52, _labels())[:, None],
    },
    "05.2": lambda: {"functional": _reuse(), "copied": _layer_by_layer},
    "05.3": lambda: {
        "all convolutions": _transfer(),
        "the last stage": _transfer(learn=("conv2", "head")),
        "without the head": _transfer(learn=("conv",)),
    },
    "05.4": lambda: {
        "an array": _two(0.69, 0.26),
        "a list": _two(0.63, 0.2).tolist(),
        "a pair": tuple(_two(0.74, 0.29)),
    },
    "05.5": lambda: {"another order": _loop, "Keras layers": _layers, "NumPy": quarters},
}


def _two_rows(maps):
    parts = (maps[:, :2], maps[:, 2:])
    half = maps.shape[2] // 2
    parts = [part for row in parts for part in (row[:, :, :half], row[:, :, half:])]
    return np.concatenate([part.mean(axis=(1, 2)) for part in parts], axis=1)


WRONG = {
    "05.1": lambda: {
        "the report's": (answers_with(0.18, _labels()), "them up to date"),
        "one thing mended": (answers_with(0.29, _labels()), "More than one"),
        "the labels": (_labels(), "these the labels"),
        "an accuracy": (0.45, "shape (300)"),
        "logits": (np.zeros((300, 6)), "the class alone"),
        "of the test": (np.zeros(600, int), "shape (300)"),
    },
    "05.2": lambda: {
        "not frozen": (_reuse(frozen=False), "has to be frozen"),
        "normalizations learn": (_convolutions_frozen, "`norm1` has changed"),
        "all three stages": (_reuse(last="stage3"), "`conv3`, too"),
        "one stage": (_reuse(last="stage1"), "`conv2`"),
        "new weights": (_reuse(fresh=True), "trained weights"),
        "no new stage": (_reuse(stage=False), "No convolution"),
        "softmax": (_reuse(softmax=True), "logits"),
        "the classes of the source": (lambda source, classes: _reuse()(source, 5), "to (5,)"),
        "not scaled": (_reuse(scaled=False), "scales the pixels"),
        "the source": (lambda source, classes: source, "to (5,)"),
        "its result": (np.zeros(4), "function itself"),
    },
    "05.3": lambda: {
        "never trained": (lambda network, images, labels: network, "has not been trained"),
        "the head alone": (_transfer(rates=(0.05,)), "one training"),
        "everything at once": (_transfer(first=("conv", "head"), epochs=1), "still random"),
        "as fast": (_transfer(rates=(0.01, 0.01), epochs=2), "gentle"),
        "not compiled again": (_transfer(again=False, epochs=2), "compiled again"),
        "normalizations learn": (
            _transfer(learn=("conv", "norm", "head"), epochs=2),
            "stay frozen",
        ),
        "too short": (_transfer(rates=(1e-4, 1e-5), epochs=1), "enough steps"),
        "no return": (lambda *given: print(end=""), "`return` missing"),
        "its result": (np.zeros(4), "function itself"),
    },
    "05.4": lambda: {
        "swapped": (_two(0.26, 0.69), "First objectnet"),
        "the same body twice": (_two(0.69, 0.68), "untrained_backbone"),
        "the labels": (np.stack([_labels(), _two(0.69, 0.26)[1]]), "these the labels"),
        "too few pictures": (_two(0.45, 0.2), "too little"),
        "another trained body": (_two(0.7, 0.62), "random weights give"),
        "accuracies": ((0.69, 0.26), "not the accuracies"),
        "one row": (_two(0.69, 0.26)[0], "shape (2, 300)"),
    },
    "05.5": lambda: {
        "the average over all places": (lambda maps: maps.mean(axis=(1, 2)), "forgets"),
        "every place": (lambda maps: maps.reshape(len(maps), -1), "every place"),
        "not one row": (
            lambda maps: quarters(maps).reshape(len(maps), 2, 2, -1),
            "one row",
        ),
        "the largest": (_highest, "largest"),
        "something else": (lambda maps: quarters(maps) * 2, "numbers are not"),
        "half is always two": (_two_rows, "numbers are not"),
        "the result": (np.zeros((3, 20)), "function itself"),
    },
}
