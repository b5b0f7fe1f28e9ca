"""Exercises of lesson 1: what transfer learning is."""

from collections.abc import Mapping

import numpy as np

from tlcourse.exercises import answers, hidden
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise

# Measured, four draws of 60 pictures, test accuracy: pixels with a probe 0.22 to 0.34, HOG in large
# cells 0.47 to 0.53, in small ones 0.42 to 0.47, a new head on objectnet 0.68 to 0.74. This draw:
# nearest by pixels 0.33, HOG 0.45 and 0.44.
DRAW, NEW_IMAGES = 23, 200
AT_LEAST_RIVAL, AT_MOST_RIVAL = 0.36, 0.58


def _rival(answer: object) -> str:
    call = answers.function(answer, "`rival`")
    drawn = ("sunglasses", 10, DRAW, NEW_IMAGES)
    images, labels, new_images, new_labels = hidden.draw(*drawn)
    given = call(images.copy(), labels.copy(), new_images.copy())
    right = answers.share_right(given, new_labels, 6, "What `rival` gives")
    if right < 0.21:
        raise AnswerError(
            f"Tried on 60 other pictures, it names {right:.0%} of {NEW_IMAGES} new ones: hardly "
            "better than guessing, and no better than the report's. Does each answer belong to its "
            "own new picture?"
        )
    if right < AT_LEAST_RIVAL:
        raise AnswerError(
            f"Tried on 60 other pictures, it names {right:.0%} of {NEW_IMAGES} new ones. That is "
            "not the best that one can do without another task. What describes a picture better "
            "than its pixels? What learns from 60 examples better than a large network?"
        )
    if right > AT_MOST_RIVAL:
        raise AnswerError(
            f"{right:.0%}, from 60 pictures and nothing else? Is there a network in it that "
            "somebody has trained before? The rival has to do without."
        )
    transfer = hidden.by_objectnet(*drawn)
    return (
        f"On 60 other pictures, your rival names {right:.0%} of the new ones, and a new head on "
        f"objectnet {transfer:.0%}. Left for transfer: {100 * (transfer - right):.0f} points. "
        "That is less than the report says, and it is true."
    )


RIVAL = Exercise(
    "01.1",
    "A fair rival",
    _rival,
    hints=(
        "The report's rival goes by pixels: a thing that has moved a little is another thing to "
        "it. And nothing is fitted, while objectnet has a head that is.",
        "The lesson has two better ways, *by hand* and *from scratch*. The first one is quicker.",
        "Describe all pictures by HOG (`gradients` in the lesson), fit a `linear_probe` on the "
        "labeled ones, and give `probe.predict(...)` of the new ones.",
    ),
)


def states(
    seed: int, copied: tuple[str, ...] = (), learned: tuple[str, ...] = ()
) -> tuple[object, object, object]:
    """A source network, a new one before its training, and the same one after it.

    Args:
        seed: of the random weights.
        copied: layers that the new one has from the source.
        learned: layers that the training has changed.
    """
    source, start, end = network(20, seed), network(6, seed + 1), network(6, seed + 2)
    for name in copied:
        start.get_layer(name).set_weights(source.get_layer(name).get_weights())
    for layer in start.layers:
        moved = 0.01 * (layer.name in learned)
        end.get_layer(layer.name).set_weights([w + moved for w in layer.get_weights()])
    return source, start, end


def _shuffled(seed: int) -> tuple[object, object, object]:
    """A new network whose convolution has the source's numbers at other places."""
    source, start, end = states(seed, ("norm",), ("conv", "head"))
    kernel, bias = source.get_layer("conv").get_weights()
    kernel = np.random.default_rng(0).permutation(kernel.ravel()).reshape(kernel.shape)
    start.get_layer("conv").set_weights([kernel, bias])
    end.get_layer("conv").set_weights([kernel + 0.01, bias + 0.01])
    return source, start, end


def _only_averages(seed: int) -> tuple[object, object, object]:
    """A copied normalization that is frozen, but whose stored averages have moved."""
    source, start, end = states(seed, ("conv", "norm"), ("head",))
    gamma, beta, mean, variance = start.get_layer("norm").get_weights()
    end.get_layer("norm").set_weights([gamma, beta, mean + 0.01, variance])
    return source, start, end


def _new_name(seed: int) -> tuple[object, object, object]:
    """A new network whose head has a name that the source does not have."""
    source = network(20, seed)
    start, end = (network(6, seed + step, head="kinds") for step in (1, 2))
    for name in ("conv", "norm"):
        for model in (start, end):
            model.get_layer(name).set_weights(source.get_layer(name).get_weights())
    return source, start, end


def _without_bias(seed: int) -> tuple[object, object, object]:
    """A new network with the kernel of the source, whose convolution has no bias."""
    source = network(20, seed, bias=False)
    start, end = network(6, seed + 1), network(6, seed + 2)
    kernel = source.get_layer("conv").get_weights()[0]
    for model in (start, end):
        model.get_layer("conv").set_weights([kernel, np.ones(len(kernel[0, 0, 0]))])
        model.get_layer("norm").set_weights(source.get_layer("norm").get_weights())
    return source, start, end


def _accounts() -> tuple[tuple, ...]:
    """Networks, and for each layer whether it came from the source, and whether it has changed."""
    kept, tuned, new, idle = (True, False), (True, True), (False, True), (False, False)
    return (
        (
            "with a new head on frozen layers",
            states(1, ("conv", "norm"), ("head",)),
            {"conv": kept, "norm": kept, "head": new},
        ),
        (
            "where the copied layers learn on",
            states(4, ("conv", "norm"), ("conv", "norm", "head")),
            {"conv": tuned, "norm": tuned, "head": new},
        ),
        (
            "with the same layers as the source, and weights of its own",
            states(7, (), ("conv", "norm", "head")),
            {"conv": new, "norm": new, "head": new},
        ),
        (
            "where one layer came along, and one was never trained",
            states(10, ("conv",), ("head",)),
            {"conv": kept, "norm": idle, "head": new},
        ),
        (
            "whose convolution has the source's numbers in another order",
            _shuffled(13),
            {"conv": new, "norm": kept, "head": new},
        ),
        (
            "whose normalization has moved its stored averages, and nothing else",
            _only_averages(16),
            {"conv": kept, "norm": tuned, "head": new},
        ),
        (
            "whose head has a name that the source does not have",
            _new_name(19),
            {"conv": kept, "norm": kept, "kinds": new},
        ),
        (
            "whose convolution has the source's kernel, and a bias that the source does not have",
            _without_bias(22),
            {"conv": idle, "norm": kept, "head": new},
        ),
    )


def _account(answer: object) -> str:
    call = answers.function(answer, "`account`")
    for what, (source, start, end), wanted in _accounts():
        found = call(source, start, end)
        if not isinstance(found, Mapping):
            raise AnswerError("It must give a dict: layer name → (came from the source, changed).")
        if extra := sorted(set(map(str, found)) - set(wanted)):
            raise AnswerError(f"It names `{extra[0]}`, which has no weights: leave it out.")
        if missing := sorted(set(wanted) - set(found)):
            raise AnswerError(f"It misses `{missing[0]}`, a layer of the target with weights.")
        for name, pair in wanted.items():
            given = answers.array(found[name], (2,), f"What it gives for `{name}`").astype(bool)
            for said, true, question in zip(
                given, pair, ("came from the source", "has changed in the training"), strict=True
            ):
                if said != true:
                    word = "it says that" if said else "it does not see that"
                    raise AnswerError(f"For a network {what}, {word} `{name}` {question}.")
    return (
        "These are the two questions to ask of any project: which weights came from another task, "
        "and which of them still learn? Layers alone are no transfer, whoever has designed them."
    )


ACCOUNT = Exercise(
    "01.2",
    "What came along, and what has learned",
    _account,
    hints=(
        "Go through `start.layers`; leave out those without weights. `end.get_layer(layer.name)` "
        "is the same layer after the training.",
        "Two layers are the same if their lists of arrays are: as many, of the same shapes, and "
        "`np.array_equal` for each pair. `get_weights()` has the stored averages, too.",
        "The source may have no layer of that name: `{layer.name: layer.get_weights() for layer in "
        "source.layers}`, and `.get(name, [])`.",
    ),
)


def network(classes: int, seed: int, rescale: bool = False, head: str = "head", bias: bool = True):
    """A tiny network whose every weight, stored averages too, is a number of its own."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            *([layers.Rescaling(1 / 255, name="rescale")] if rescale else []),
            layers.Conv2D(4, 3, name="conv", use_bias=bias),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(name="features"),
            layers.Dense(classes, name=head),
        ],
        name="network",
    )
    dice = np.random.default_rng(seed)
    model.set_weights([dice.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    return model


def _hand_over(answer: object) -> str:
    import keras

    source, target = network(20, seed=1), network(6, seed=2, rescale=True)
    weights = source.get_weights()
    head = target.get_layer("head").get_weights()
    result = answers.function(answer, "`hand_over`")(source, target)
    if any((a != b).any() for a, b in zip(weights, source.get_weights(), strict=True)):
        raise AnswerError("The source has changed. Copy from `source` into `target`.")
    if result is source or not isinstance(result, keras.Model):
        raise AnswerError("Give `target` back: `return target`.")
    if [layer.name for layer in result.layers] != [layer.name for layer in target.layers]:
        raise AnswerError("The target has lost or gained layers. Only weights are handed over.")
    for name in ("conv", "norm"):
        pairs = zip(
            source.get_layer(name).weights, result.get_layer(name).get_weights(), strict=True
        )
        missing = [wanted.name for wanted, got in pairs if not np.allclose(wanted.numpy(), got)]
        if missing and all(part.startswith("moving") for part in missing):
            raise AnswerError(
                "The averages that batch normalization has stored did not come along: they are "
                "not in `trainable_weights`. `get_weights()` of a layer has all of its weights."
            )
        if missing:
            raise AnswerError(
                f"`{name}` of the target does not hold the source's weights ({missing[0]}). Find "
                "the layer by its name: the target may have more layers, and then places differ."
            )
    if any((a != b).any() for a, b in zip(head, result.layers[-1].get_weights(), strict=True)):
        raise AnswerError(
            "The head of the target has changed. Its shape is not that of the source's head: "
            "leave such layers as they are."
        )
    return (
        "All that fits came along, the stored averages too, and the new head stayed new. From a "
        "file, Keras does it in one line: `model.load_weights(file, skip_mismatch=True)`."
    )


HAND_OVER = Exercise(
    "01.3",
    "Hand the weights over",
    _hand_over,
    hints=(
        "Go through the layers of the target. Does the source have one of that name? "
        "`{layer.name: layer for layer in source.layers}` helps to look it up.",
        "`layer.get_weights()` is a list of arrays. Compare their shapes before `set_weights`.",
        "`[w.shape for w in …]` of both layers must be equal; then one `set_weights` hands all "
        "over. At the end, `return target`.",
    ),
)


# Measured, ten draws of pictures and orders: the old head 0.11 to 0.29 (guessing: 0.17), the new
# one 0.65 to 0.73, as on features in their own order.
AT_MOST_OLD, NEW = 0.40, (0.55, 0.84)


def _order(answer: object) -> str:
    from tlcourse import load_task

    labels = load_task("sunglasses").validation.labels
    rows = answers.two_rows(answer, len(labels))
    old, new = (answers.share_right(row, labels, 6, "The answers of a head") for row in rows)
    if old > new:
        raise AnswerError(
            f"{old:.0%} of the first row are right, {new:.0%} of the second. First the old head, "
            "then the new one."
        )
    if old > AT_MOST_OLD:
        raise AnswerError(
            f"{old:.2f} is too much for the old head. Has it been given the features in their new "
            "order? `validation[:, order]` deals the columns anew."
        )
    if new < NEW[0]:
        raise AnswerError(
            f"{new:.2f} is too little for the new head. It must learn from `train[:, order]` and "
            "be judged on `validation[:, order]`: the same order for both, and for all pictures."
        )
    if new > NEW[1]:
        raise AnswerError(
            f"{new:.2f} is too much for the new head. Was it judged on the pictures that it has "
            "learned from?"
        )
    return (
        f"The old head: {old:.0%}; the new one: {new:.0%}. "
        "The features are all there, and a new head finds them wherever they are: which one is "
        "the first is only a matter of naming. The old head knows them by their places. So a head "
        "fits its own body, and no other."
    )


ORDER = Exercise(
    "01.4",
    "When order does not matter",
    _order,
    hints=(
        "`order` is a list of column numbers. `train[:, order]` has the same columns in that "
        "order.",
        "The old head is `head`: `head.predict(validation[:, order])` are its answers.",
        "The new one is `linear_probe(train[:, order], few.train.labels)`, asked about the same "
        "`validation[:, order]`.",
    ),
)

EXERCISES = (RIVAL, ACCOUNT, HAND_OVER, ORDER)
