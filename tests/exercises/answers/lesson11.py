"""Answers to the exercises of lesson 11: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import forms_of_a_difference, no_difference


def classifier(scale=False, outputs=6, frozen=False, from_logits=True, softmax=False, fresh=False):
    """The solution of 11.2, or one of the ways to get it wrong."""
    import keras

    from tlcourse import load_backbone

    body = load_backbone("objectnet")
    if fresh:
        body = keras.models.clone_model(body)
    steps = [keras.layers.Rescaling(1 / 255)] if scale else []
    head = keras.layers.Dense(outputs, "softmax" if softmax else None)
    model = keras.Sequential([keras.Input((64, 64, 3)), *steps, body, head])
    model.trainable = not frozen
    body.trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(0.003), loss)
    return model


def tuning(from_layer="stage4", rate=1e-4, norms=False, head=True):
    """The solution of 11.3, or one of the ways to get it wrong."""
    import keras

    from tlcourse import unfreeze

    model = classifier()
    unfreeze(model, from_layer)
    for layer in model.layers[0].layers if norms else ():
        layer.trainable = True
    model.layers[-1].trainable = head
    model.compile(keras.optimizers.Adam(rate), model.loss)
    return model


def _by_hand():
    import keras

    model = classifier()
    body = model.layers[0]
    body.trainable = True
    for layer in body.layers:
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name.startswith("stage4") and not norm
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), model.loss)
    return model


def _trained():
    from tlcourse import load_task

    model = tuning()
    model.fit(*load_task("sunglasses").few_shot(2).train, verbose=0)
    return model


def _forgotten():
    from tlcourse import load_task, unfreeze

    model = classifier()
    model.fit(*load_task("sunglasses").few_shot(2).train, verbose=0)
    unfreeze(model, "stage4")
    return model


def broken_cut(images, labels, seed):
    """What 11.4 gives to mend."""
    images = np.concatenate([images, images[:, :, ::-1]])
    labels = np.concatenate([labels, labels])
    order = np.random.default_rng(seed).permutation(len(labels))
    rest, first = order[len(order) // 3 :], order[: len(order) // 3]
    return (images[rest], labels[rest]), (images[first], labels[first])


def cut(images, labels, seed, mirror=lambda x: x[:, :, ::-1], again=None):
    """The solution of 11.4."""
    order = np.random.default_rng(seed).permutation(len(labels))
    rest, first = order[len(order) // 3 :], order[: len(order) // 3]
    train = np.concatenate([images[rest], mirror(images[rest])])
    known = np.concatenate([labels[rest], labels[rest if again is None else again(rest)]])
    return (train, known), (images[first], labels[first])


def _by_scikit_learn(images, labels, seed):
    from sklearn.model_selection import train_test_split

    x, v, y, w = train_test_split(images, labels, test_size=1 / 3, random_state=seed)
    return [np.concatenate([x[:, :, ::-1], x]), [*y, *y]], [v, w]


RIGHT = {
    "11.1": lambda: {"a word": "bcedf", "upper case": "BCEDF", "with commas": "b, c, e, d, f"},
    "11.2": lambda: {
        "logits": classifier(),
        "probabilities": classifier(from_logits=False, softmax=True),
    },
    "11.3": lambda: {"unfreeze": tuning(), "by hand, SGD": _by_hand(), "a rate": tuning(rate=2e-4)},
    "11.4": lambda: {
        "cut, then mirror": cut,
        "scikit-learn": _by_scikit_learn,
        "another seed": lambda images, labels, seed: cut(images, labels, seed + 5),
    },
    "11.5": lambda: forms_of_a_difference({"as measured": 0.33, "another draw": 0.21}),
}

WRONG = {
    "11.1": lambda: {
        "shuffled labels": ("acedf", "Report 1 is not a"),
        "scaled twice first": ("cbedf", "3 of 5 fit"),
        "shuffled for scaled": ("baedf", "learned by heart"),
        "at work for the split": ("bcdef", "shows at work alone"),
        "compile for scaling": ("bfedc", "do not change at all"),
        "four letters": ("bced", "five letters"),
        "a letter too far": ("bcedg", "from a to f"),
        "a list": (["b", "c", "e", "d", "f"], "in quotes"),
    },
    "11.2": lambda: {
        "as it was": (classifier(True, 20, True, False), "nothing learns, input range"),
        "still scaled twice": (classifier(scale=True), "input range"),
        "20 outputs": (classifier(outputs=20), "outputs and classes"),
        "everything frozen": (classifier(frozen=True), "nothing learns"),
        "a loss for probabilities": (classifier(from_logits=False), "from_logits"),
        "a softmax too many": (classifier(softmax=True), "from_logits"),
        "random weights": (classifier(fresh=True), "random body"),
        "the function": (classifier, "Call it"),
    },
    "11.3": lambda: {
        "no step": (tuning(rate=0.0), "rate is 0"),
        "the rate of a head": (tuning(rate=0.003), "learning rate too high"),
        "statistics that move": (tuning(norms=True), "statistics will move"),
        "not compiled again": (_forgotten(), "trainable changed after compile"),
        "only the head": (classifier(), "feature extraction"),
        "from stage 3 on": (tuning("stage3"), "only stage4"),
        "the head frozen": (tuning(head=False), "the head is frozen"),
        "trained along": (_trained(), "do not train it"),
        "a word": ("model", "Keras model"),
    },
    "11.4": lambda: {
        "as it was": (broken_cut, "went different ways"),
        "upside down": (lambda *a: cut(*a, mirror=lambda x: x[:, ::-1]), "Left and right"),
        "labels in another order": (lambda *a: cut(*a, again=lambda r: r[::-1]), "of another one"),
        "only the training part": (lambda *a: cut(*a)[0], "two pairs"),
        "no mirror images": (
            lambda *a: (tuple(part[:20] for part in cut(*a)[0]), cut(*a)[1]),
            "it would have 40",
        ),
        "twice, and not mirrored": (lambda *a: cut(*a, mirror=lambda x: x), "not mirrored"),
        "the same for all seeds": (lambda i, k, seed: cut(i, k, 0), "Every seed"),
        "no return": (lambda *a: print(end=""), "gave None"),
    },
    "11.5": lambda: (
        no_difference(0.33)
        | {
            "the same cut twice": (0.0, "same cut"),
            "the broken one": (0.89, "one of the two"),
            "the mended one": (0.56, "one of the two"),
        }
    ),
}
