"""Exercises of lesson 13: can I trust it?"""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

# By hand. Class 0 is predicted three times, with 0.9, 0.8 and 0.7, mean 0.8, and right once: 0.8 −
# 1/3. Class 1 twice, with 0.6 and 0.6, right both times: 0.6 − 1. Class 2 never: 0.
SHARES = np.array(
    [[0.9, 0.1, 0.0], [0.1, 0.6, 0.3], [0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.7, 0.2, 0.1]]
)
LABELS = np.array([0, 1, 2, 1, 1])
GAPS = np.array([0.8 - 1 / 3, -0.4, 0.0])


def _for_whom(answer: object) -> str:
    call = answers.function(answer)
    with np.errstate(all="ignore"):
        given = np.asarray(call(SHARES.copy(), LABELS.copy()), float)
    if given.shape != (3,):
        raise AnswerError(
            f"With three classes it should give three numbers, one for each, not {given.shape}."
        )
    if np.isnan(given[2]):
        raise AnswerError("A class that is never predicted has no mean. Give 0 for it.")
    by_truth = np.array([0.9 - 1, (0.6 + 0.6 + 0.7) / 3 - 2 / 3, 0.8 - 0])
    if np.allclose(given, by_truth, atol=1e-3):
        raise AnswerError(
            "You went by the true class. Whoever uses the model sees what it *says*: go by the "
            "predicted class."
        )
    if np.allclose(given, -GAPS, atol=1e-3):
        raise AnswerError("The sign is the other way round: above 0 is too sure.")
    if np.allclose(given, np.abs(GAPS), atol=1e-3):
        raise AnswerError("Keep the sign: below 0 is too modest, and that is worth knowing.")
    if np.allclose(given, GAPS * np.array([3, 2, 0]) / 5, atol=1e-3):
        raise AnswerError("Divide by the pictures of which this class was said, not by all.")
    if not np.allclose(given, GAPS, atol=1e-3):
        raise AnswerError(
            f"For five pictures it gives {np.round(given, 3).tolist()}; by hand it is "
            f"{np.round(GAPS, 3).tolist()}. Take the pictures of which a class is said: their mean "
            "confidence minus the share of them that is right."
        )
    return (
        "Over all five pictures the model is 0.12 too sure; by class, it is 0.47 too sure of one "
        "answer and 0.40 too modest in another. One gap for all hides that."
    )


FOR_WHOM = Exercise(
    "13.1",
    "Too sure of what?",
    _for_whom,
    hints=(
        "`said = shares.argmax(axis=1)` is what the model says, `shares.max(axis=1)` how sure it "
        "is, `said == labels` whether it is right.",
        "For each class, `those = said == kind`. If `those.any()`, the gap is "
        "`sure[those].mean() - right[those].mean()`.",
    ),
)


def _net(answer: object) -> str:
    call = answers.function(answer)
    validation = np.arange(100.0)  # at least 90 % have a score from 10 on
    test, unknown = np.arange(0.0, 200, 2), np.arange(-5.0, 15)
    given = answers.array(call(validation, test, unknown, 0.9), (2,), "What it gives")
    kept, passed = 0.95, 5 / 20  # 10, 12, … of 100; 10 to 14 of 20
    if (given > 1).any() or (given < 0).any():
        raise AnswerError("Give two shares from 0 to 1: of the test pictures, and of the unknown.")
    if np.allclose(given, [1 - kept, 1 - passed], atol=0.021):
        raise AnswerError(
            "These are the shares that are stopped. What is let through is asked for."
        )
    if np.allclose(given, [passed, kept], atol=0.021):
        raise AnswerError("First the known, then the unknown: this is the other order.")
    if abs(given[0] - 0.9) <= 0.011:
        raise AnswerError(
            "Exactly as many of the *test* pictures are let through as were asked for: the "
            "threshold was chosen on them. Choose it on validation."
        )
    if abs(given[1] - 0.9) <= 0.011 or abs(given[1] - 0.1) <= 0.011:
        raise AnswerError(
            "The threshold was chosen on the unknown. On the day of the choice, nobody has it: "
            "choose it on validation."
        )
    if given[0] < 0.7:
        raise AnswerError(
            "Most of the known are stopped. A high score means known: 90 % of validation should "
            "lie *above* the threshold, so it is the quantile of 10 %."
        )
    if np.abs(given - [kept, passed]).max() > 0.021:
        raise AnswerError(
            f"It gives {given.round(3).tolist()}; by hand it is {[kept, passed]}. The threshold "
            "lets 90 % of validation through; then count what of the others reaches it."
        )
    # Another share, so that nothing is built in.
    other = answers.array(call(validation, test, unknown, 0.5), (2,), "What it gives")
    if np.abs(other - [0.75, 0.0]).max() > 0.021:
        raise AnswerError("With `keep` = 0.5 it should let 75 % and 0 % through. Is 0.9 built in?")
    return "The two numbers belong together: never report one without the other."


NET = Exercise(
    "13.2",
    "A net, and its meshes",
    _net,
    hints=(
        "The threshold is `np.quantile(validation, 1 - keep)`.",
        "`np.mean(scores >= threshold)` is the share that is let through: of `test`, and of "
        "`unknown`.",
    ),
)


def frozen_network():
    """A small network, frozen, whose two normalizations store what they were made with."""
    import keras

    keras.utils.set_random_seed(3)
    x = image = keras.Input((8, 8, 3))
    for number in (1, 2):
        x = keras.layers.Conv2D(4, 3, use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D(name="features")(x))
    model.trainable = False
    return model


def _statistics(model) -> np.ndarray:
    norms = [model.get_layer(f"norm{number}") for number in (1, 2)]
    return np.concatenate(
        [np.asarray(v).ravel() for n in norms for v in (n.moving_mean, n.moving_variance)]
    )


def _adapt(answer: object) -> str:
    from tlcourse import adabn

    call = answers.function(answer)
    pictures = np.random.default_rng(4).integers(0, 90, (40, 8, 8, 3)).astype("uint8")
    model, expected = frozen_network(), frozen_network()
    start = _statistics(model)
    adabn(expected, pictures)
    try:
        call(model, pictures.copy())
    except AnswerError as error:
        if "gave None" not in str(error):  # it works in place, and need not give anything
            raise
    now, right = _statistics(model), _statistics(expected)
    kernels = [[one.get_layer(f"conv{k}").kernel.numpy() for k in (1, 2)] for one in
               (model, frozen_network())]  # fmt: skip
    if not all(np.array_equal(*pair) for pair in zip(*kernels, strict=True)):
        raise AnswerError("The weights of a convolution have changed. Nothing is to be learned.")
    if np.allclose(now, start, rtol=1e-4):
        raise AnswerError(
            "No statistic has moved. A normalization whose `trainable` is False uses what it has "
            "stored, even when the model is called with `training=True`."
        )
    for times in range(1, 201):
        if np.allclose(now, right + (start - right) * 0.9**times, rtol=1e-2, atol=1e-2):
            if 0.9**times < 0.02:
                break
            raise AnswerError(
                "The statistics have moved only a part of the way: with a momentum of 0.9, one "
                "pass moves them by a tenth. Which momentum moves them all the way?"
            )
    if not np.allclose(now, right, rtol=0.05, atol=0.02):
        raise AnswerError(
            "The statistics have moved, but they are not those of the pictures. All of them go "
            "through the model, as they are, in one call with `training=True`."
        )
    norms = [model.get_layer(f"norm{number}") for number in (1, 2)]
    if any(norm.momentum != 0.9 for norm in norms):
        raise AnswerError("The momentum is still changed. Whoever trains later wants it at 0.9.")
    if any(norm.trainable for norm in norms):
        raise AnswerError(
            "The normalizations are no longer frozen: the next training would move them. Put "
            "`trainable` back."
        )
    return "Nothing was learned, and no label was needed. It is as good as the mix of the pictures."


ADAPT = Exercise(
    "13.3",
    "Adapt what is frozen",
    _adapt,
    hints=(
        "The layers are `[x for x in model.layers if isinstance(x, "
        "keras.layers.BatchNormalization)]`. For each: `trainable = True` and `momentum = 0.0`.",
        'Then one call: `model(pictures.astype("float32"), training=True)`. After it, put both '
        "back as they were.",
    ),
)

WARD = choice(
    "13.4",
    "The new scanner",
    "A network tells five findings in X-ray pictures. A hospital has a new scanner, whose pictures "
    "are paler. There are 200 of them without labels, all from one ward, where nearly everybody "
    "has the same finding. What do you do first?",
    {
        "a": (
            "AdaBN with the 200 pictures: it needs no labels.",
            "The means and variances of these pictures tell about the finding as well as about the "
            "scanner. Taken out, the finding is what is lost: with one kind on a tray, AdaBN was "
            "worse than nothing.",
        ),
        "b": (
            "CORAL with the 200 pictures: it looks at all features together.",
            "CORAL, too, takes the mean and covariance of the mix for those of the style. It must "
            "hold the classes in the shares of the training.",
        ),
        "c": (
            "Choose a temperature on the old validation pictures, and use it with the new scanner.",
            "No answer changes by it, and chosen on other pictures it does not even calibrate: in "
            "the evening, the temperature of the day did not.",
        ),
        "d": (
            "Have some pictures of all five findings labeled, measure on them, and undo what is "
            "known to have changed.",
            "First know what is lost: without labels from the new scanner, nobody can tell whether "
            "a remedy helps. And paleness can be undone picture by picture, whatever the mix, "
            "unless brightness itself is what tells the classes apart.",
        ),
    },
    "d",
    hints=(
        "What did AdaBN do with twenty pictures of one kind?",
        "How would you find out whether what you did has helped?",
    ),
)

EXERCISES = (FOR_WHOM, NET, ADAPT, WARD)
