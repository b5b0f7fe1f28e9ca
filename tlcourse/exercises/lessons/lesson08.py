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
            "That is what Kornblith and others found: mostly, a better source transfers better. "
            "A probe of both costs minutes.",
        ),
        "c": (
            "Nothing: top-1 has nothing to do with screws",
            "In the lesson, the order by source accuracy was nearly the order by transfer. A guide "
            "that is mostly right is worth something.",
        ),
        "d": (
            "Take the one with more parameters: it has room for screws as well",
            "VGG16 has 26 times the parameters of EfficientNetB0, and the lower top-1. Size alone "
            "says little.",
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
        "this is how MobileNet fits into a telephone."
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


# ------------------------------------------------------------------ under constraints

TIMES = {"snail": 90, "ox": 40, "horse": 20, "hare": 8, "goat": 30}
RIGHT = {"snail": 80, "ox": 78, "horse": 75, "hare": 60, "goat": 70}


def _best_ones(answer: object) -> str:
    call = answers.function(answer, "`worthwhile`")

    def judge(times: dict, right: dict, wanted: set, mistakes: dict) -> None:
        found = call(dict(times), dict(right))
        if isinstance(found, dict):
            found = list(found)
        try:
            answers.names(found, wanted, tuple(times), mistakes)
        except AnswerError as error:
            shown = ", ".join(f"{n} {times[n]} ms {right[n]} %" for n in times)
            raise AnswerError(f"For {shown}: {error}") from None

    judge(
        TIMES,
        RIGHT,
        {"snail", "ox", "horse", "hare"},
        {"goat": "The horse is faster and has more right."},
    )
    judge(
        TIMES | {"mule": 20},
        RIGHT | {"mule": 71},
        {"snail", "ox", "horse", "hare"},
        {"goat": "", "mule": "The horse takes the same time and has more right."},
    )
    judge(TIMES | {"twin": 20}, RIGHT | {"twin": 75}, {"snail", "ox", "horse", "hare", "twin"}, {})
    return (
        "What is left is the upper left edge of the chart. Your limit, in milliseconds, picks one "
        "of them."
    )


WORTHWHILE = Exercise(
    "08.3",
    "Which ones are a choice at all?",
    _best_ones,
    hints=(
        "A network is out if some other one is at least as fast *and* has at least as many right, "
        "and is better in one of the two.",
        "Two loops: for each name, is there `any(…)` other one that beats it?",
        "Two networks that are equal in both do not beat each other. Nor does one beat itself.",
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

EXERCISES = (TOP1, RATIO, WORTHWHILE, CHOOSER, DRAWS)
