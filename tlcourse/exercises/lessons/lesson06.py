"""Exercises of lesson 6: use a pretrained model."""

from functools import cache

import numpy as np

from tlcourse.auditing import audit
from tlcourse.auditing.training import peak_rate
from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice
from tlcourse.networks.layers import leaves

WHICH_ONE = choice(
    "06.1",
    "Two networks, and a place outdoors",
    "A camera is to tell six kinds of things apart, outdoors, also at dusk. On your test pictures, "
    "all taken at noon, the network tuned at once gets 79 %, the one probed first 77 %. Which one "
    "do you build in?",
    {
        "a": (
            "The one tuned at once: it is better, and that was measured",
            "It was measured at noon. In the lesson, the order on clean pictures was not the order "
            "in bad light.",
        ),
        "b": (
            "The one probed first: it is always better on pictures of another kind",
            "Mostly, not always: in the lesson, it held in bad light, and on noisy pictures it was "
            "another story. What is it at dusk?",
        ),
        "c": (
            "Neither yet: take pictures at dusk, and measure both on them",
            "A test set can only tell about pictures like its own. A few dozen from the bad hours "
            "tell more than thousands from noon.",
        ),
        "d": (
            "Either: two points are within the noise",
            "Perhaps they are, at noon. At dusk, the two may be far apart, and nothing that was "
            "measured tells which way.",
        ),
    },
    right="c",
    hints=(
        "Go back to step 4 of the lesson. Which question can the clean test set not answer?",
        "What would you have to know, and how could you come to know it?",
    ),
)


def _statistics(answer: object) -> str:
    answers.near(
        answer,
        2880,
        0.5,
        mistakes=[
            (5760, "These are all numbers of the normalization layers. Half of them, scale and "
             "shift, are learned by gradients."),
            (1440, "That is one number for each channel. A layer stores a mean and a variance."),
            (12, "That is the number of layers. Each has a mean and a variance for each channel."),
            (24, "These are the rows of numbers, two a layer. Count what is in them."),
            (1_248_700, "These are the weights that gradients change. The others are asked for."),
            (1_251_580, "These are all numbers of the network, those that gradients change too."),
            (0, "With `trainable = False` on everything, nothing changes. Here everything is "
             "unfrozen: see the section on batch normalization."),
        ],
        otherwise="Keras keeps what no gradient reaches apart: look at the lists of weights that a "
        "model has.",
    )  # fmt: skip
    return (
        "Few, but everything flows through them: each of the 12 layers shifts and scales a "
        "whole map by them."
    )


STATISTICS = Exercise(
    "06.2",
    "What moves without a gradient?",
    _statistics,
    hints=(
        "A batch normalization layer has four numbers for each channel. Which of them are learned, "
        "and which follow the data?",
        "A model has `trainable_weights` and `non_trainable_weights`. With everything unfrozen, "
        "what is left in the second list?",
    ),
)


# ------------------------------------------------------------------ a network from elsewhere


def stranger(before=None, **options):
    """MobileNetV2 with random weights, and something before it."""
    import keras

    options = {"include_top": False, "pooling": "avg", **options}
    body = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.35, weights=None, **options
    )
    image = keras.Input((96, 96, 3))
    return keras.Model(image, body(before(image) if before else image))


@cache
def _reference():
    return stranger()


def _prepared(answer: object) -> str:
    model, reference = answers.model(answer), _reference()
    if [w.shape for w in model.get_weights()] != [w.shape for w in reference.get_weights()]:
        raise AnswerError(
            "Its weights are not those of `stranger`. Put the preprocessing before `stranger`, "
            "and no head behind it: features are asked for."
        )
    # Dark and bright pictures, with a slope, so that ranges are told apart.
    slope = np.linspace(0, 1, 96)[:, None, None] * np.ones((96, 96, 3))
    pictures = np.stack([255 * slope, 60 * slope, 255 - 60 * slope]).astype("uint8")
    if tuple(model.input_shape[1:3]) not in ((96, 96), (None, None)):
        raise AnswerError(f"It takes {model.input_shape}; the pictures are (n, 96, 96, 3).")
    reference.set_weights(model.get_weights())
    given = np.asarray(model(pictures, training=False))
    x = pictures.astype("float32")

    if given.shape != (len(pictures), 1280):
        raise AnswerError(
            f"It gives {given.shape[1:]} for each picture; `stranger` gives 1,280 numbers. Is "
            "something behind it?"
        )

    def same_as(pixels) -> bool:
        expected = np.asarray(reference(pixels, training=False))
        # Random weights make the features tiny, so that only a share of their size is a measure.
        return bool(np.abs(given - expected).max() <= 1e-3 * np.abs(expected).max())

    if same_as(x / 127.5 - 1):
        return (
            "In [−1, 1], as it has learned, and nobody who uses the model can forget it. Each "
            "family has a range of its own: EfficientNet scales inside, DenseNet wants ImageNet's "
            "mean and spread."
        )
    if same_as(x):
        raise AnswerError(
            "`stranger` gets the pixels as they are, up to 255. Which range does it expect?"
        )
    if same_as(x / 255):
        raise AnswerError(
            "`stranger` gets pixels in [0, 1]. That is what some networks take; this one learned "
            "on another range. Its own `preprocess_input` knows which."
        )
    if same_as((x / 127.5 - 1) / 127.5 - 1) or same_as((x / 255) / 127.5 - 1):
        raise AnswerError("The pixels are scaled twice: `stranger` gets nearly −1 everywhere.")
    raise AnswerError(
        "`stranger` gets other numbers than after `preprocess_input` of MobileNetV2. Dark pixels "
        "should arrive as −1, bright ones as 1."
    )


PREPARED = Exercise(
    "06.3",
    "A network from elsewhere",
    _prepared,
    hints=(
        "Each family in `keras.applications` has a module of its own, with a `preprocess_input` "
        "that says what its networks expect.",
        "Make it part of the model: `image = keras.Input((96, 96, 3))`, then what brings [0, 255] "
        "into [−1, 1], then `stranger`, then `keras.Model(image, …)`. Once.",
    ),
)


# ------------------------------------------------------------------ a recipe to mend


def _mended(answer: object) -> str:
    import keras

    model = answers.model(answer)
    learning = {id(weight) for weight in model.trainable_weights}
    late, early, norms, head = [], [], [], []
    for path, layer in leaves(model):
        if not layer.weights:
            continue
        name = path.split("/")[-1]
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        is_body = name.startswith(("stem", "stage"))
        group = norms if is_norm else head if not is_body else late if "stage4" in name else early
        group.append(any(id(weight) in learning for weight in layer.weights))
    if not (late and early and norms and head):
        raise AnswerError("This is not the model of the cell above: photonet and a head on it.")
    if not any(late):
        raise AnswerError("Nothing in stage 4 learns. `body.trainable = True` comes first.")
    if any(norms):
        raise AnswerError(
            f"{sum(norms)} normalization layers learn, and their averages will move. "
            "Set `trainable = False` on each `BatchNormalization`, after `body.trainable = True`."
        )
    if any(early):
        raise AnswerError(
            f"{sum(early)} layers before stage 4 learn, too. Only stage 4 and the head are to."
        )
    if not all(late + head):
        raise AnswerError("Stage 4 and the head should learn all of it; some of it is frozen.")
    if model.optimizer is None:
        raise AnswerError("The model is not compiled.")
    found = audit(model).names
    if "trainable changed after compile" in found:
        raise AnswerError(
            "What learns is right, but the optimizer still trains what learned before: the head "
            "alone. Which call fixes what is trained?"
        )
    is_fast = isinstance(model.optimizer, keras.optimizers.SGD) and (
        peak_rate(model.optimizer) > 0.01
    )
    if is_fast or "learning rate too high" in found:
        raise AnswerError(
            f"The learning rate, {peak_rate(model.optimizer):g}, is one for a new head. Layers "
            "that are good already want smaller steps: a tenth, say."
        )
    return "The right layers, small steps, averages that stay, and compiled after all of that."


MENDED = Exercise(
    "06.4",
    "Mend a recipe",
    _mended,
    hints=(
        "Three things are missing. Which layers should learn? What must stay still among them? "
        "When does `trainable` count?",
        "Go through `body.layers` as step 2 of the lesson does, with another stage; or let "
        "`tlcourse.unfreeze` do it.",
        "Last of all, compile again, with a tenth of the head's learning rate.",
    ),
)


# ------------------------------------------------------------------ an experiment

# Measured, four draws of 20 pictures a class, 5 passes: 0.75 to 0.80 at 0.003, and 0.167, which is
# guessing, at 0.3; the probe that both start from, 0.73 to 0.77. The mistakes, one draw: nothing
# unfrozen 0.73 and 0.66, normalization not frozen 0.72 and 0.62, on the training pictures 1.00.
LEAST_GENTLE, MOST_GENTLE, MOST_HASTY = 0.64, 0.90, 0.30


def _haste(answer: object) -> str:
    gentle, hasty = answers.fractions(answer, 2)
    if gentle <= MOST_HASTY and hasty <= MOST_HASTY:
        raise AnswerError(
            "Both are near guessing. Does the second run go on from what the first one has "
            "spoiled? Call `fresh()` for each."
        )
    if gentle < hasty - 0.02:
        raise AnswerError("The gentle one comes first in the pair, then the hasty one.")
    if hasty > MOST_HASTY:
        raise AnswerError(
            f"{hasty:.2f} at the high learning rate: too little was lost. Did stage 3 really learn "
            "(unfreeze first, then compile)? And was every normalization layer frozen?"
        )
    if gentle > MOST_GENTLE:
        raise AnswerError(
            f"{gentle:.2f} at the low learning rate: is it the accuracy on the training pictures? "
            "`accuracy(model)` measures on those of the validation."
        )
    if gentle < LEAST_GENTLE:
        raise AnswerError(
            f"{gentle:.2f} at the low learning rate is less than the probe had before. Was it "
            "0.003, 5 passes, and from `fresh()`?"
        )
    return (
        f"{gentle:.1%} against {hasty:.1%}, where guessing gets 16.7%: the same pictures, layers "
        "and start, and steps a hundred times as long."
    )


HASTE = Exercise(
    "06.5",
    "What haste costs",
    _haste,
    hints=(
        "For each rate: `model = fresh()`, unfreeze from stage 3 on, compile, fit, measure.",
        "`model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss)`, after `unfreeze`.",
        "Put the two accuracies into a list: first that of 0.003, then that of 0.3.",
    ),
)

EXERCISES = (WHICH_ONE, STATISTICS, PREPARED, MENDED, HASTE)
