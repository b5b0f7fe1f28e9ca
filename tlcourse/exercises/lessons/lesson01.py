"""Exercises of lesson 1: what transfer learning is."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

WHAT_IS_IT = choice(
    "01.1",
    "What counts as transfer",
    "You have 60 labeled pictures of mushrooms. Which of these is transfer learning?",
    {
        "a": (
            "You train a network on them, save its weights, and go on from the saved weights "
            "tomorrow",
            "Weights are kept here, but from the mushrooms to the mushrooms. Transfer needs "
            "two tasks: a source, and another one as the target.",
        ),
        "b": (
            "You copy the layers of a famous network, and train them from random weights",
            "The layers alone know nothing, whoever has designed them. In the lesson, `scratch` "
            "and `transfer` had the same ones.",
        ),
        "c": (
            "You turn, shift and mirror the pictures, and train on all 600 that you get",
            "That is augmentation, and often a good idea. But all that is learned comes from "
            "the 60 pictures; no other task has a part in it.",
        ),
        "d": (
            "You take a network that names birds, and train a new head for it on the pictures",
            "The birds are the source task, the mushrooms the target. Not one class is shared; "
            "what carries over are the weights below the head.",
        ),
    },
    right="d",
    hints=(
        "Count the tasks. Where does the knowledge come from, and where is it used?",
        "The knowledge is in the weights. In which of the four do they come from another task?",
    ),
)

METHODS = (2, 0, 3, 1)
PROJECTS = (
    (
        "roofs",
        "Who trained the source network here? The team took over weights that were there, and "
        "trained them further.",
    ),
    (
        "coins",
        "Where do the first weights come from here? A known architecture with random weights "
        "holds no knowledge.",
    ),
    (
        "birdsong",
        "What learns here? No weight of the network changes, and there is no new head: it turns "
        "sounds into numbers, and something else decides.",
    ),
    (
        "leaves",
        "Who trained the source network here? The lab did, for a task with plenty of data, and "
        "reuses it for another.",
    ),
)


def _methods(answer: object) -> str:
    given = answers.whole_numbers(answer, (4,), "The answer")
    if not np.isin(given, (0, 1, 2, 3)).all():
        raise AnswerError("The methods are 1, 2 and 3; 0 says that nothing is transferred.")
    wrong = np.flatnonzero(given != METHODS)
    if len(wrong):
        name, why = PROJECTS[wrong[0]]
        raise AnswerError(f"So far, {4 - len(wrong)} of 4. Think again about the {name}. {why}")
    return "Ask two things of any project: who trained the source, and what still learns?"


WHICH_METHOD = Exercise(
    "01.2",
    "Which method is it?",
    _methods,
    hints=(
        "First ask whether any weights come from another task. If not, it is 0.",
        "Then ask who trained the source network, they themselves (1) or somebody else (2), and "
        "whether it only gives features to a classical algorithm (3).",
    ),
)


def network(classes: int, seed: int, rescale: bool = False):
    """A tiny network whose every weight, stored averages too, is a number of its own."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            *([layers.Rescaling(1 / 255, name="rescale")] if rescale else []),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(name="features"),
            layers.Dense(classes, name="head"),
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
    return "All that fits came along, the stored averages too, and the new head stayed new."


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
    old, new = answers.fractions(answer, 2, "The two accuracies")
    if old > new:
        raise AnswerError("Is the order right? First the old head, then the new one.")
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
        "The old head is `head`: judge it with `head.score(validation[:, order], labels)`.",
        "The new one is `linear_probe(train[:, order], few.train.labels)`, judged on the same "
        "`validation[:, order]`.",
    ),
)

EXERCISES = (WHAT_IS_IT, WHICH_METHOD, HAND_OVER, ORDER)
