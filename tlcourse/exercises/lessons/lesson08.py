"""Exercises of lesson 8: the model zoo."""

from functools import cache

import numpy as np

from tlcourse.data import Split, Task
from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

TOP1 = choice(
    "08.1",
    "Four points of top-1",
    "You want to tell eight kinds of screws apart. In the table of models, A has a top-1 of 80 %, "
    "B one of 76 %; both are fast enough. What do you know about your screws?",
    {
        "a": (
            "A will get about 4 points more of them right",
            "Top-1 was measured on photographs of a thousand kinds of things. How much of a "
            "difference is left on screws, or which way it goes, the table does not say.",
        ),
        "b": (
            "A is the better bet, and a probe on your own validation pictures will tell",
            "That is what Kornblith and others found: mostly, a better source transfers better. On "
            "fine differences between similar things, and screws are that, pretraining gained "
            "little. A probe of both costs minutes.",
        ),
        "c": (
            "Nothing: top-1 has nothing to do with screws",
            "In the lesson, the order by source accuracy was nearly the order by transfer. A guide "
            "that is mostly right is worth something.",
        ),
        "d": (
            "Take the one with more parameters: it has room for screws as well",
            "Most of VGG16's 138 million parameters are in its head, which you do not take over. "
            "And size says little: EfficientNetB0's body has a quarter of VGG16's, and the higher "
            "top-1.",
        ),
    },
    right="b",
    hints=(
        "How far does it hold that a better model transfers better: never, mostly, always?",
        "What is cheap, and measures on *your* pictures?",
    ),
)


def _ratio(answer: object) -> str:
    whole, places, channels = 9 * 128 * 256, 9 * 128, 128 * 256
    answers.near(
        answer,
        whole / (places + channels),
        0.02,
        mistakes=[
            (
                whole / channels,
                "Nearly. The 1×1 part alone is nine times smaller; the 3×3 part, one filter for "
                "each channel, has weights, too.",
            ),
            (
                whole / places,
                "The split one has two parts. After the 3×3 part, something has to mix the "
                "channels.",
            ),
            ((places + channels) / whole, "The other way round: the usual one by the split one."),
            ((whole + 256) / (places + channels + 384), "Nearly. Leave the biases out."),
            (whole, "These are the weights of the usual one. Divide by those of the split one."),
            (places + channels, "These are the weights of the split one. Divide by them."),
        ],
        otherwise="The usual one has a 3×3 filter for each pair of channels in and out. The split "
        "one has a 3×3 filter for each channel in, and then a 1×1 filter for each pair.",
    )
    return (
        "Nearly nine times, and as many times fewer multiplications at each place of the map: "
        "this is how MobileNet fits into a phone."
    )


RATIO = Exercise(
    "08.2",
    "Split a convolution",
    _ratio,
    hints=(
        "The usual one: 3 × 3 × channels in × channels out.",
        "The split one: 3 × 3 × channels in, for the places; and channels in × channels out, for "
        "the mixing.",
        "Keras can count: `SeparableConv2D` is the split one, with `use_bias=False`.",
    ),
)


# ------------------------------------------------------------------ body and head

BODY, NEW_HEAD = 14_714_688, 512 * 6 + 6


def _kept(answer: object) -> str:
    total, learning = answers.whole_numbers(answer, (2,), "The two counts")
    if total == 138_357_544:
        raise AnswerError(
            "138,357,544 is the whole network, with the head for a thousand classes. Transfer "
            "leaves that away: `include_top=False`."
        )
    if total == BODY:
        raise AnswerError("The body is counted. The new head, of six classes, comes on top.")
    if total == BODY + 7 * 7 * 512 * 6 + 6 or learning == 7 * 7 * 512 * 6 + 6:
        raise AnswerError(
            'Your head looks at all 7 × 7 places of the last map. With `pooling="avg"`, it looks '
            "at their average: 512 numbers."
        )
    if (total, learning) == (NEW_HEAD, BODY + NEW_HEAD):
        raise AnswerError("The other way round: first all parameters, then those that learn.")
    if total != BODY + NEW_HEAD:
        raise AnswerError(
            f"{total:,} parameters are not what is left. Build it: VGG16 with `weights=None`, "
            '`include_top=False` and `pooling="avg"`, a `Dense(6)` on it, and `count_params()`.'
        )
    if learning == total:
        raise AnswerError("With the body frozen, not all of them learn. Which ones do?")
    if learning == 512 * 6:
        raise AnswerError("Nearly: a `Dense` layer has a bias for each class as well.")
    if learning != NEW_HEAD:
        raise AnswerError(f"{learning:,} do not learn. Only the new head does: count its weights.")
    return (
        "Nine in ten of VGG16's parameters were its head. What is left is smaller than ResNet50's "
        "body, and all that learns are 3,078 numbers."
    )


KEPT = Exercise(
    "08.3",
    "What transfer keeps of VGG16",
    _kept,
    hints=(
        'What does `include_top=False` leave away, and what does `pooling="avg"` make of the last '
        "map?",
        '`body = keras.applications.VGG16(include_top=False, pooling="avg", weights=None)` has a '
        "method `count_params()`.",
        "The new head has a weight for each feature and class, and a bias for each class.",
    ),
)


# ------------------------------------------------------------------ choose, and by what


@cache
def _trial(telling: int, misleading: int):
    """A task where one channel tells the classes, and another one does so in the test alone.

    Gives the task and three backbones: the mean of red, that of green, and all pixels, which are
    many enough to learn any training pictures by heart.
    """
    import keras

    rng = np.random.default_rng(0)

    def split(count: int, channel: int) -> Split:
        labels = np.arange(count) % 2
        pictures = rng.normal(128, 50, (count, 8, 8, 3))
        pictures += 128 - pictures.mean(axis=(1, 2), keepdims=True)
        pictures += rng.normal(0, 14, (count, 1, 1, 3))
        pictures[..., channel] += 18 * (2 * labels - 1)[:, None, None]
        return Split(np.clip(pictures, 0, 255).astype("uint8"), labels)

    def mean_of(channel: int, name: str):
        image = keras.Input((8, 8, 3))
        mean = keras.layers.GlobalAveragePooling2D()(image)
        return keras.Model(image, mean[:, channel : channel + 1], name=name)

    image = keras.Input((8, 8, 3))
    pixels = keras.Model(image, keras.layers.Flatten()(image), name="pixels")
    candidates = {"green": mean_of(1, "green"), "pixels": pixels, "red": mean_of(0, "red")}
    splits = split(40, telling), split(100, telling), split(100, misleading)
    return Task("trial", ("dark", "bright"), *splits), candidates


def _chooser(answer: object) -> str:
    call = answers.function(answer, "`choose_backbone`")
    for telling, wanted, other in ((0, "red", "green"), (1, "green", "red")):
        task, candidates = _trial(telling, 1 - telling)
        name = call(dict(candidates), task)
        if name not in [*candidates] if isinstance(name, str) else True:
            raise AnswerError(
                "The name of one candidate was asked for, a key of `candidates`; your function "
                f"gives a {type(name).__name__}."
            )
        if name == other:
            raise AnswerError(
                "On a trial task, your function takes a backbone that is good on the *test* "
                "pictures and poor on the validation pictures. Whoever chooses by the test "
                "pictures has none left to measure with."
            )
        if name == "pixels":
            raise AnswerError(
                "On a trial task, your function takes a backbone with so many numbers that a probe "
                "learns the *training* pictures by heart. Measure on pictures that it has not seen."
            )
        assert name == wanted
    return "By the validation pictures. The test pictures are still there to say how good it is."


CHOOSER = Exercise(
    "08.4",
    "Choose a backbone",
    _chooser,
    hints=(
        "For each candidate: features of the training pictures, a probe on them, and its score. On "
        "which pictures?",
        "`extract_features(backbone, images)`, `linear_probe(features, labels)`, "
        "`probe.score(features, labels)`: as in the lesson's `probe_scores`.",
        "Keep the scores in a dict by name; `max(scores, key=scores.get)` is the best name.",
    ),
)


# ------------------------------------------------------------------ an experiment

# Measured, sixty draws of 3 pictures a class: objectnet is 0.060 better on average, and that
# difference has a standard deviation of 0.056; in 12 % of the draws it was below 0.
LEAST_MEAN, MOST_MEAN, LEAST_SPREAD, MOST_SPREAD = 0.02, 0.11, 0.025, 0.10


def _draws(answer: object) -> str:
    gains = answers.array(answer, (20,), "The list of differences")
    mean, spread = float(gains.mean()), float(gains.std())
    if np.abs(gains).max() > 1:
        raise AnswerError("Give fractions: 0.05, not 5, for five points.")
    if gains.min() > 0.2:
        raise AnswerError("These look like accuracies. Subtract: objectnet's minus photonet's.")
    if spread < 1e-6:
        raise AnswerError(
            "All twenty are the same: was each drawn with the same seed? `few_shot(3, seed=…)`."
        )
    if mean < -LEAST_MEAN:
        raise AnswerError(
            f"The mean is {mean:.3f}: subtract the other way round, objectnet's minus photonet's."
        )
    if len(np.unique(gains)) < 5 or not LEAST_SPREAD <= spread <= MOST_SPREAD:
        raise AnswerError(
            f"The differences have a standard deviation of {spread:.3f}, which is not what twenty "
            "draws of 3 pictures a class give. Does each draw have a seed of its own, and do both "
            "backbones get the same pictures?"
        )
    if not LEAST_MEAN <= mean <= MOST_MEAN:
        raise AnswerError(
            f"The mean is {mean:.3f}, which is not what twenty draws of 3 pictures a class give. "
            "Did both backbones get the same draw?"
        )
    return (
        f"objectnet is ahead by {100 * mean:.1f} points on average, and a single draw is off by "
        f"{100 * spread:.1f} points (standard deviation). In {np.mean(gains <= 0):.1%} of these "
        "draws, it did not come out ahead."
    )


DRAWS = Exercise(
    "08.5",
    "One draw, or twenty?",
    _draws,
    hints=(
        "For each seed from 0 to 19: `few = sunglasses.few_shot(3, seed=seed)`, the same for both "
        "backbones.",
        "`score(objectnet, few) - score(photonet, few)`, twenty times, in a list.",
    ),
)

# ------------------------------------------------------------------ read before you take

LINES = ("license", "learned from", "input", "accuracy", "size", "speed", "faces")
AGAINST = ("license", "learned from", "input")


def _card(answer: object) -> str:
    answers.names(
        answer,
        AGAINST,
        LINES,
        mistakes={
            "accuracy": "The accuracy is not what your plan rests on: you measure your own. (What "
            "it is worth, another line tells.)",
            "size": "22 million parameters, and a body that stays frozen: nothing against it.",
            "speed": "25 ms are less than the 100 that you have.",
            "faces": "Nobody is to be recognized: your pictures show birds.",
        },
    )
    return (
        "License: the code may be used for anything, the *weights* may not be sold with an app. "
        "Learned from: it has seen the pictures that you want to test it on. Input: your pixels "
        "from 0 to 255 are not what it has learned from, and no error will say so (lesson 4)."
    )


CARD = Exercise(
    "08.6",
    "Read the card",
    _card,
    hints=(
        "Three lines speak against the plan. One is about the law, one about an honest test, one "
        "about pixels.",
        "Code and weights may have licenses of their own. Which of the two do you put into the "
        "app?",
        "Which pictures has the network seen before you test it on them? And what are the numbers "
        "that it expects in them?",
    ),
)

EXERCISES = (TOP1, RATIO, KEPT, CHOOSER, DRAWS, CARD)
