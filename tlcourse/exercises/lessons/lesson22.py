"""Exercises of lesson 22: a table of real tasks, and features of another series; no photos."""

import numpy as np

from tlcourse.data.studies import load_real_tasks
from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise

TARGETS = ("flowers", "satellite", "blood_cells", "digits")
LEAD = 0.02  # what counts as ahead


def _cells(answer: object) -> str:
    table = load_real_tasks()
    scratch = next(v for k, v in table.items() if k[:3] == ("blood_cells", "none", "scratch")
                   and k[4] == 100)  # fmt: skip
    frozen = table["blood_cells", "MobileNetV2", "frozen", 128, 100]
    tuned = table["blood_cells", "MobileNetV2", "tuned", 128, 100]
    first = frozen[: len(scratch)]
    points = (first - scratch).mean()
    answers.near(
        answer,
        points,
        0.003,
        mistakes=[
            (-points, "The other way round: MobileNetV2 minus from scratch."),
            (100 * points, "Give it as a fraction: 0.05, not 5."),
            (first.mean(), "This is the accuracy of MobileNetV2. Subtract that of from scratch."),
            (scratch.mean(), "This is the accuracy of from scratch. It is to be subtracted."),
            ((tuned - scratch).mean(), "This is the tuned network. The frozen one is asked for."),
        ],
        otherwise="Mean of MobileNetV2, frozen, minus mean of from scratch, both on the cells with "
        "100 pictures of each class, and for the first draws alone, which both have.",
    )
    return (
        f"{100 * points:+.1f} points. A network of a million photographs, against one that has "
        "seen 800 cells."
    )


CELLS = Exercise(
    "22.1",
    "A million photographs against 800 cells",
    _cells,
    hints=(
        "The keys of `table` are (target, source, way, pixels, images of each class). From "
        "scratch has the source `'none'` and the way `'scratch'`; print the keys that begin with "
        "`'blood_cells'` to see its pixels.",
        "From scratch has five draws, the frozen network ten. The first five are the same "
        "pictures: `frozen[:5] - scratch`.",
    ),
)


def ahead_of_random(target: str) -> float:
    """Points that photonet, frozen, is ahead of its own layers with random weights."""
    table = load_real_tasks()
    random = table[target, "random", "frozen", 64, 10]
    return float((table[target, "photonet", "frozen", 64, 10][: len(random)] - random).mean())


def _learned(answer: object) -> str:
    lead = {target: ahead_of_random(target) for target in TARGETS}
    wanted = [target for target in TARGETS if lead[target] < LEAD]
    mistakes = {
        target: f"There photonet is {100 * points:.0f} points ahead of random weights."
        for target, points in lead.items()
    }
    answers.names(answer, wanted, TARGETS, mistakes)
    told = ", ".join(f"{target} {100 * points:+.0f}" for target, points in lead.items())
    return (
        f"Points ahead of random weights: {told}. Where there is no lead, what a frozen network "
        "gives is in its layers, and not in what it has learned."
    )


LEARNED = Exercise(
    "22.2",
    "What has it learned there?",
    _learned,
    hints=(
        "For each target: `table[target, 'photonet', 'frozen', 64, 10]` and the same with "
        "`'random'`. Random weights have fewer draws: compare the first ones.",
        "Put the name of a target into the list if the mean difference is *below* 0.02.",
    ),
)


def _fits(answer: object) -> str:
    call = answers.function(answer)
    rng = np.random.default_rng(0)
    old = rng.normal(3, 2, (40, 5))
    new = rng.normal([10, -4, 0, 2, 5], [1, 3, 0.5, 2, 2], (30, 5))
    rows = new[:7]
    before = rows.copy(), old.copy(), new.copy()
    given = answers.array(call(rows, old, new), (7, 5), "What it gives")
    if any((a != b).any() for a, b in zip(before, (rows, old, new), strict=True)):
        raise AnswerError("It changes what it is given. Work on new arrays.")
    own = (rows - new.mean(0)) / new.std(0)
    wanted = own * old.std(0) + old.mean(0)
    if np.abs(given - wanted).max() <= 0.1:
        return (
            "The new series' features now have the mean and the spread of the old one's, each by "
            "itself. CORAL (B. Sun and others, 2015) does the same with how they go together."
        )
    for wrong, message in (
        (own, "Mean 0 and spread 1: half of the way. Now give them those of the old series."),
        (rows - new.mean(0) + old.mean(0), "The means are right. What about the spread?"),
        (
            (rows - rows.mean(0)) / rows.std(0) * old.std(0) + old.mean(0),
            "The statistics are those of `rows`. Seven pictures say little about a series: take "
            "mean and spread from `new`.",
        ),
        (
            (rows - new.mean()) / new.std() * old.std() + old.mean(),
            "One mean for all features. Each feature has its own: `axis=0`.",
        ),
        (
            (rows - old.mean(0)) / old.std(0) * new.std(0) + new.mean(0),
            "The other way round: `rows` come from the new series.",
        ),
    ):
        if np.abs(given - wrong).max() <= 0.1:
            raise AnswerError(message)
    raise AnswerError(
        "Subtract the mean of `new`, divide by its spread, multiply by the spread of `old`, and "
        "add its mean: each feature (column) by itself."
    )


FITS = Exercise(
    "22.3",
    "Features that fit the probe",
    _fits,
    hints=(
        "First `(rows - new.mean(axis=0)) / new.std(axis=0)`: mean 0 and spread 1 in each "
        "feature, for the new series as a whole.",
        "Then the way back, with the numbers of the old series: times its spread, plus its mean.",
    ),
)

EXERCISES = (CELLS, LEARNED, FITS)
