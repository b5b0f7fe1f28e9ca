"""Exercises of lesson 21: real photographs. None of the checks needs the photographs."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, difference

# Measured at 96 pixels, 25 photographs of each class, three draws: 74.3 % with the network's own
# preprocessing, 38.6 % on pixels in [0, 255], 70.0 % on pixels in [0, 1].
FORGOTTEN = difference(
    "21.1",
    "The line that was forgotten",
    (0.25, 0.5),
    too_small="Does the second network get pixels in [0, 255], as they are? (In [0, 1] it would "
    "lose some points only.)",
    too_large="Is it the accuracy of one of the two? The loss is what lies between them.",
    order="with preprocessing minus without",
    praise="{points} are lost, and nothing warns you: no error, no NaN. Divide by 255 instead, as "
    "many tutorials do, and it is some 4 points: a bug that nobody sees.",
    hints=(
        "`network(True)` and `network(False)` are the two. A probe is `linear_probe(features, "
        "labels)`; the features are `extract_features(model, pictures)`.",
        "For each of the three draws `few`: the probe learns from `few.train`, and "
        "`probe.score(features of task.test.images, task.test.labels)` is the accuracy.",
    ),
)


def multiply_adds(layer) -> int:
    """Multiplications of one convolution for one picture; 0 for other layers."""
    if not type(layer).__name__.endswith("Conv2D"):
        return 0
    places = int(np.prod(layer.output.shape[1:3]))
    return places * int(np.prod(layer.kernel.shape))


def _share(answer: object) -> str:
    import keras

    body = keras.applications.MobileNetV2((160, 160, 3), 0.35, include_top=False, weights=None)
    layers = body.layers
    cut = [layer.name for layer in layers].index("block_5_add") + 1
    first, whole = (sum(map(multiply_adds, part)) for part in (layers[:cut], layers))
    weights = [sum(layer.count_params() for layer in part) for part in (layers[:cut], layers)]
    kernels = [
        sum(int(np.prod(one.kernel.shape)) for one in part if multiply_adds(one))
        for part in (layers[:cut], layers)
    ]
    share = first / whole
    answers.near(
        answer,
        share,
        0.01,
        mistakes=[
            (1 - share, "This is the share of the second part. Which is asked for?"),
            (100 * share, "Give it as a fraction: 0.25, not 25."),
            (weights[0] / weights[1], "This is the share of the parameters. A weight of a "
             "convolution is used at each place of its output: multiply by the places."),
            (kernels[0] / kernels[1], "This is the share of the convolutions' weights. Each is "
             "used at each place of the output: multiply by the places."),
            (cut / len(layers), "This is the share of the layers. They are not equally large."),
            (first, "This is the work of the first part. Divide by that of the whole network."),
        ],
        otherwise="Add up the places of the output times the size of the kernel, for each "
        "convolution: up to and with `block_5_add`, and for all.",
    )  # fmt: skip
    return (
        f"{share:.0%} of the work for {weights[0] / weights[1]:.0%} of the parameters. The first "
        "layers look at large maps. To compute them once, and not in every pass, is worth most."
    )


SHARE = Exercise(
    "21.2",
    "Where the work is",
    _share,
    hints=(
        "`layer.kernel.shape` is the size of a convolution's kernel, `layer.output.shape[1:3]` "
        "are height and width of what it gives.",
        "`type(layer).__name__` is `Conv2D` or `DepthwiseConv2D` for those that count. "
        "`np.prod(shape)` multiplies all numbers of a shape.",
        "`body.layers` is in the order of the computation; the first part ends with the layer "
        "named `block_5_add`.",
    ),
)


# By hand: 10 photographs that only one of the two names, 9 against 1: 2 (1 + 10) / 1024. 6 against
# 2: 2 (1 + 8 + 28) / 256. 5 against none: 2 / 32. Level or nothing to tell: 1.
_PAIRS = (
    (9, 1, 22 / 1024), (1, 9, 22 / 1024), (6, 2, 74 / 256), (5, 0, 2 / 32), (0, 5, 2 / 32),
    (4, 4, 1.0), (0, 0, 1.0),
)  # fmt: skip


def _luck(answer: object) -> str:
    call = answers.function(answer)
    for only_a, only_b, expected in _PAIRS:
        both = np.repeat([True, False], [40, 10])
        right_a = np.concatenate([both, np.repeat([True, False], [only_a, only_b])])
        right_b = np.concatenate([both, np.repeat([False, True], [only_a, only_b])])
        value = answers.number(call(right_a, right_b))
        told = f"{only_a} photographs that only the first gets right, {only_b} only the second"
        if abs(value - expected) <= 1e-3:
            continue
        if only_a == only_b:
            raise AnswerError(
                f"With {told}, it gives {value:.3f}. Nothing speaks for either: it should be 1."
            )
        if abs(value - expected / 2) <= 1e-3:
            raise AnswerError(
                f"With {told}, it gives {value:.3f}, half of {expected:.3f}. You did not know "
                "before which one would be ahead: count both ends (`two-sided`)."
            )
        raise AnswerError(
            f"With {told}, it gives {value:.3f}; by hand it is {expected:.3f}. Photographs that "
            "both get right, or both wrong, tell nothing: leave them out."
        )
    return (
        "Now two models can be compared on the same photographs. Of 300, a lead of one point is "
        "three photographs: mostly luck."
    )


LUCK = Exercise(
    "21.3",
    "Better, or lucky?",
    _luck,
    hints=(
        "Count how often `right_a & ~right_b`, and how often `right_b & ~right_a`.",
        "If both were equally good, each of these photographs would be a coin that is tossed: "
        "`scipy.stats.binomtest(heads, tosses, 0.5).pvalue`. It wants at least one toss.",
    ),
)

EXERCISES = (FORGOTTEN, SHARE, LUCK)
