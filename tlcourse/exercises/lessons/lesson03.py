"""Exercises of lesson 3: why transfer."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

ONE_RUN = choice(
    "03.1",
    "One point better",
    "A report says: with transfer, 84 % of the test pictures are right, from scratch 83 %; 100 "
    "test pictures, one run each. What does it show?",
    {
        "a": (
            "Transfer is better, by one point",
            "One point of 100 pictures is one picture. In the lesson's table, with 10 labels of "
            "each kind, the ten runs of one method lie 8 to 16 points apart.",
        ),
        "b": (
            "Transfer does not pay on this task",
            "Not that either. One run each can hide a gain as well as feign one. How far apart "
            "are two runs of the same method?",
        ),
        "c": (
            "Nothing yet: two runs of one method may differ by as much",
            "Without the spread, a difference means nothing. Several seeds a method, and the same "
            "drawn pictures for both, would tell.",
        ),
        "d": (
            "Transfer is better, if the same network was used in both",
            "The same network is fair, and needed. But two runs of it with other seeds would not "
            "give the same accuracy either.",
        ),
    },
    right="c",
    hints=(
        "How many pictures make one point here?",
        "Look at the band around each curve in the lesson: what is it made of?",
    ),
)


# The curve of training from scratch, all ten seeds, reaches the accuracy at 53.6 labels between
# its points on a logarithmic axis, at 55.0 on a linear one, and at 53.0 with the odd seeds alone.
def _cage(answer: object) -> str:
    answers.near(
        answer,
        54,
        3.5,
        mistakes=[
            (201, "These are the labels for *three* frozen stages. Keep four: `('frozen', 4)`."),
            (0.761, "This looks like an accuracy. How many labels does scratch need for it?"),
            (246, "These are the labels that were of no use. How many does scratch need?"),
            (300, "300 labels is what the frozen network has had. What does scratch need?"),
            (100, "By 100 labels, scratch is well above. Read off between the points."),
            (50, "With 50 labels, scratch is not quite there. Read off between the points."),
            (5.5, "This is how many times fewer. Give the labels."),
        ],
        otherwise="Take the mean of the ten seeds, `accuracy['frozen', 4][-1].mean()`, and go "
        "along the curve of scratch until it is as high.",
    )
    return (
        "More than four fifths of the 300 labels did nothing: the frozen stages cannot learn from "
        "them. That is the cage, in labels."
    )


CAGE = Exercise(
    "03.2",
    "The cage, in labels",
    _cage,
    hints=(
        "First the accuracy that you look for: row `-1` of `accuracy['frozen', 4]` is 300 labels.",
        "`accuracy['scratch', 0].mean(axis=1)` is the curve. `np.interp(x, curve, values)` reads "
        "off between its points.",
        "`np.interp(target, curve, sizes)` does, or with `np.log` and `np.exp`, as in the lesson.",
    ),
)

COUNTS = (9, 16, 12)


def _draw(answer: object) -> str:
    call = answers.function(answer, "`draw`")
    labels = np.random.default_rng(0).permutation(np.repeat(range(3), COUNTS))

    def drawn(n: int, seed: int) -> np.ndarray:
        what = f"What `draw` gives for n = {n} and 3 classes"
        found = answers.whole_numbers(call(labels.copy(), n, seed), (3 * n,), what)
        if found.min() < 0 or found.max() >= len(labels):
            raise AnswerError("There are numbers that are no place in `labels`.")
        if set(found) <= {0, 1, 2}:
            raise AnswerError("These are labels. Give the places where they stand in `labels`.")
        if len(set(found)) < len(found):
            raise AnswerError(
                "Some places come twice. Draw without putting back (`replace=False`, or the "
                "beginning of a permutation), and give places in `labels`, not within a class."
            )
        counts = np.bincount(labels[found], minlength=3)
        if (counts != n).any():
            raise AnswerError(
                f"{n} of each class were asked for; this draw has {counts.tolist()}. Draw within "
                "each class, so that no class is left to luck."
            )
        return np.sort(found)

    draws = [drawn(4, seed) for seed in range(60)]
    if (drawn(4, 0) != draws[0]).any() or (drawn(4, 7) != draws[7]).any():
        raise AnswerError(
            "The same seed must give the same pictures again, or no result can be repeated: "
            "`np.random.default_rng(seed)`, inside the function."
        )
    if all((one == draws[0]).all() for one in draws):
        raise AnswerError("Every seed gives the same pictures. Let the seed decide.")
    if len(np.unique(draws)) < len(labels):
        raise AnswerError(
            "Some pictures are never drawn, whatever the seed. Every picture of a class must have "
            "its chance."
        )
    return "Balanced, without putting back, and the same for the same seed: a fair draw."


DRAW = Exercise(
    "03.3",
    "A fair draw",
    _draw,
    hints=(
        "`np.flatnonzero(labels == k)` are the places of class k.",
        "`dice = np.random.default_rng(seed)`, then `dice.choice(places, n, replace=False)` for "
        "each class.",
        "`np.concatenate` joins the classes.",
    ),
)


def _flattery(answer: object) -> str:
    if answers.number(answer) > 1:
        raise AnswerError("As a fraction, please: 0.01 is one point.")
    value = answers.near(
        answer,
        0.0432,
        0.0006,
        mistakes=[
            (0.04, "Near. Give the number as it was computed, or at least three digits of it."),
            (-0.0432, "The other way round: what was reported, less what the others find."),
            (0.0389, "Her own run is in the mean that you compare with. Leave it out."),
            (
                0.0235,
                "Two mistakes lead near this: the row of 10 labels (5 labels are row 0), and the "
                "mean of the best way of all, in the place of the one that she has chosen.",
            ),
            (0.0584, "Compare with the way that she has chosen, not with all eight."),
            (0.1525, "This is the worst of the ten. Take the mean over them."),
            (0.0018, "This is the first of the ten alone. Take the mean over them."),
        ],
        otherwise="For each seed: the highest of the eight accuracies, less the mean of that way's "
        "nine others. Then the mean over the ten seeds.",
    )
    return (
        f"{100 * value:.1f} points out of nothing: nobody has cheated, the winner of one draw is "
        "simply in part a lucky one. With the validation pictures to choose by, and the test only "
        "for the report, there is no such gift."
    )


FLATTERY = Exercise(
    "03.4",
    "The luck of the winner",
    _flattery,
    hints=(
        "`table = np.stack([accuracy[way][0] for way in ways])` has eight ways as rows and ten "
        "seeds as columns.",
        "`table[:, seed].argmax()` is what she chooses.",
        "`np.delete(table[way], seed).mean()` is what nine others find for the same way.",
    ),
)


# Measured, two times ten draws: 2 labels a class give 0.49 on average, and 0.18 from the worst draw
# to the best (standard deviation 0.053 and 0.060); 30 labels give 0.77, and 0.04 to 0.07 (0.013
# and 0.025).
MEANS = ((0.41, 0.57), (0.72, 0.83))


def _luck(answer: object) -> str:
    found = answers.array(answer, (2, 10), "The table (labels × draws)")
    answers.fractions(found.ravel(), 20)
    spread = np.ptp(found, axis=1)
    if (spread < 1e-6).any():
        raise AnswerError("All ten draws give the same. Does each have a seed of its own?")
    if found[0].mean() > found[1].mean():
        raise AnswerError("The first row is for 2 labels of each kind, the second for 30.")
    for row, (n, (low, high)) in enumerate(zip((2, 30), MEANS, strict=True)):
        if not low <= found[row].mean() <= high:
            side = "more" if found[row].mean() > high else "less"
            raise AnswerError(
                f"With {n} labels of each kind, the mean is {found[row].mean():.2f}: {side} than "
                "ten fair draws give. Use `accuracy_of(n, seed)` as it is, with n = 2 and n = 30."
            )
    if spread[0] < 0.08:
        raise AnswerError(
            f"With 2 labels of each kind, only {100 * spread[0]:.1f} points lie between the worst "
            "and the best draw. Are these ten draws, or means of several?"
        )
    return (
        f"From the worst draw to the best: {100 * spread[0]:.1f} points with 2 labels of each "
        f"kind, {100 * spread[1]:.1f} points with 30. The fewer the labels, the more repetitions a "
        "comparison needs. Nothing but the drawn pictures has differed."
    )


LUCK = Exercise(
    "03.5",
    "The luck of the draw",
    _luck,
    hints=(
        "`accuracy_of(2, 0)`, `accuracy_of(2, 1)`, and so on, are the first row.",
        "`[[accuracy_of(n, seed) for seed in range(10)] for n in (2, 30)]`",
    ),
)

EXERCISES = (ONE_RUN, CAGE, DRAW, FLATTERY, LUCK)
