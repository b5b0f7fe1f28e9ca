"""Answers to the exercises of lesson 3: what its checks must accept, and what not."""

import numpy as np

from tlcourse.exercises.lessons import lesson03


def _head_on(once=True, epochs=30, frozen=True, whole=True, outputs=0):
    """The solution of 03.1, or one of the ways to get it wrong."""
    import keras

    def head_on(backbone, images, labels, classes):
        backbone.trainable = not frozen
        head = keras.Sequential([keras.layers.Dense(outputs or classes)])
        model = keras.Sequential([backbone, head])
        x = backbone.predict(images, verbose=0) if once else images
        learns = head if once else model
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        learns.compile(keras.optimizers.Adam(0.1), loss)
        if epochs:
            learns.fit(x, labels, epochs=epochs, batch_size=24, verbose=0)
        return model if whole else head

    return head_on


def _functional(backbone, images, labels, classes):
    import keras

    features = np.concatenate([backbone(part, training=False) for part in np.split(images, 4)])
    image = x = keras.Input(features.shape[1:])
    head = keras.Model(image, keras.layers.Dense(classes, "softmax")(x))
    head.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    head.fit(features, labels, epochs=30, batch_size=24, verbose=0)
    new = keras.Input((8, 8, 3))
    return keras.Model(new, head(backbone(new)))


def _curve(split="validation", draw=lambda seed: seed, change=np.asarray):
    """The solution of 03.3, or one of the ways to get it wrong."""

    def curve(describe, task, sizes, seeds):
        return change(lesson03.measured_curve(split, tuple(draw(seed) for seed in seeds)))

    return curve


def _ten_draws(spread=0.06, few=0.49, many=0.77) -> np.ndarray:
    dice = np.random.default_rng(0)
    return np.stack([dice.normal(few, spread, 10), dice.normal(many, 0.3 * spread, 10)])


def _measured() -> np.ndarray:
    """Likely numbers, with those that are computed again in their places."""
    table = _ten_draws()
    table[:, lesson03.ASKED] = lesson03.some_draws()
    return table


RIGHT = {
    "03.1": lambda: {"sequential": _head_on(), "functional": _functional},
    "03.2": lambda: {
        "on a logarithmic axis": 53.597,
        "on a linear axis": np.float64(55.01),
        "by the odd seeds": 53.04,
        "rounded up": 54,
        "an array of one": np.array([53.6]),
    },
    "03.3": lambda: {"an array": _curve(), "a list": _curve(change=np.ndarray.tolist)},
    "03.4": lambda: {
        "a float": lesson03.flattery,
        "a NumPy number": lambda table: np.float64(lesson03.flattery(table)),
        "an array of one": lambda table: np.array([lesson03.flattery(table)]),
    },
    "03.5": lambda: {
        "an array": _measured(),
        "a list": _measured().tolist(),
        "three pictures more": (_measured() + 0.01).astype("float32"),
    },
}

WRONG = {
    "03.1": lambda: {
        "in every epoch": (_head_on(once=False, epochs=4), "has looked at"),
        "everything learns": (_head_on(once=False, epochs=2, frozen=False), "backbone has changed"),
        "the head alone": (_head_on(whole=False), "not pictures"),
        "not trained": (_head_on(epochs=0), "been trained"),
        "ten classes": (_head_on(outputs=10, epochs=1), "4 classes"),
        "features": (
            lambda backbone, *others: backbone.predict(others[0], verbose=0),
            "Keras model",
        ),
        "its result": (np.zeros(3), "function itself"),
    },
    "03.2": lambda: {
        "three stages": (200.97, "three"),
        "the accuracy": (0.761, "like an accuracy"),
        "what was given": (300, "frozen network has had"),
        "the point before": (50, "not quite there"),
        "the point after": (100, "well above"),
        "the difference": (246.4, "of no use"),
        "the factor": (5.6, "times fewer"),
        "a curve": (np.arange(6.0), "holds 6"),
    },
    "03.3": lambda: {
        "on the test": (_curve("test"), "test pictures"),
        "on the training": (_curve("train"), "has learned from"),
        "one draw": (_curve(draw=lambda seed: 3), "same draw"),
        "other seeds": (_curve(draw=lambda seed: seed - 3), "seeds 0, 1, 2"),
        "turned round": (_curve(change=np.transpose), "turn it round"),
        "means": (_curve(change=lambda x: x.mean(axis=1)), "every draw"),
        "percent": (_curve(change=lambda x: 100 * x), "fractions"),
        "shuffled labels": (_curve(change=lambda x: x - 0.2), "same draw"),
        "its result": (np.zeros((2, 3)), "function itself"),
    },
    "03.4": lambda: {
        "the wrong way round": (lambda table: -lesson03.flattery(table), "other way round"),
        "her own run counts": (lambda table: lesson03.flattery(table, own=True), "own run"),
        "the best way of all": (
            lambda table: (table.max(axis=0) - table.mean(axis=1).max()).mean(),
            "best over all seeds",
        ),
        "the mean of all ways": (
            lambda table: (table.max(axis=0) - table.mean()).mean(),
            "not with all ways",
        ),
        "other ways in her run": (
            lambda table: (table.max(axis=0) - table.mean(axis=0)).mean(),
            "not with all ways",
        ),
        "rows for columns": (lambda table: lesson03.flattery(table.T), "has a column"),
        "what is reported": (lambda table: table.max(axis=0).mean(), "what they report"),
        "in points": (lambda table: 100 * lesson03.flattery(table), "too large"),
        "a row for each seed": (lambda table: table.max(axis=0), "holds 6"),
        "the number": (0.0432, "function itself"),
    },
    "03.5": lambda: {
        "one seed": (np.repeat([[0.49], [0.77]], 10, axis=1), "seed of its own"),
        "rows swapped": (_ten_draws()[::-1], "first row"),
        "turned round": (_ten_draws().T, "labels × draws"),
        "percent": (100 * _ten_draws(), "0.25, not 25"),
        "5 labels": (_ten_draws(few=0.62), "2 labels"),
        "100 labels": (_ten_draws(many=0.88), "30 labels"),
        "means of ten": (_ten_draws(0.01), "means of several"),
        "likely numbers, made up": (_ten_draws(), "seeds 0 to 9"),
        "seeds 1 to 10": (np.roll(_measured(), -1, axis=1), "in that order"),
        "the second row made up": (
            np.stack([_measured()[0], _ten_draws()[1]]),
            "for 30 labels",
        ),
        "two means": ([0.49, 0.77], "shape (2, 10)"),
    },
}
