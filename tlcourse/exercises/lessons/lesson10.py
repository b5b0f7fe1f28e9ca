"""Exercises of lesson 10: your own task."""

from dataclasses import replace

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice, difference

MUGS = choice(
    "10.1",
    "Forty mugs",
    "You photograph 40 mugs, ten times each, from all sides, and label the kind of each. Photos "
    "are dealt at random to training and test: 98 % of the test is right. Next week other mugs "
    "come in, in the same light: 70 %. What is the likeliest reason?",
    {
        "a": (
            "The test holds photos of mugs that are in the training photos",
            "With ten photos of each mug, hardly any is in one split alone. The test asked whether "
            "the model knows these 40 mugs again, not whether it knows the kind.",
        ),
        "b": (
            "Eighty test photos are too few",
            "The interval of 98 % on 80 photos goes down to about 91 %. Chance alone does not make "
            "it 70 %.",
        ),
        "c": (
            "The backbone was frozen, and should have been fine-tuned",
            "Fine-tuning would learn the 40 mugs by heart even better. And a body that is too weak "
            "would show in this test, too.",
        ),
        "d": (
            "The new mugs should have been in the training photos",
            "Then nothing could be measured at all. The mugs of next week are never there "
            "beforehand; a test has to tell how it will go with them.",
        ),
    },
    right="a",
    hints=(
        "Which question did the test ask: does the model know the kind, or this very mug?",
        "Number 4 of the checklist in the lesson.",
    ),
)


def _split(answer: object) -> str:
    call = answers.function(answer)
    sizes = np.tile((2, 3, 4, 5, 6), 8)  # photos of 40 things
    groups = np.repeat([f"mug {k:02}" for k in range(40)], sizes)
    groups = groups[np.random.default_rng(1).permutation(len(groups))]
    drawn = []
    for seed in (0, 0, 1, 2):
        given = call(groups.copy(), 0.25, seed)
        try:
            test = answers.whole_numbers(given, (len(groups),), "The result")
        except AnswerError as error:
            raise AnswerError(f"{error} Give True or False for each of the photos.") from None
        if not set(np.unique(test)) <= {0, 1}:
            raise AnswerError("Give True or False for each photo, not numbers of photos.")
        test = test == 1
        if test.all() or not test.any():
            raise AnswerError("One of the two parts is empty.")
        if both := sorted(set(groups[test]) & set(groups[~test])):
            raise AnswerError(
                f"{both[0]} has photos in the training and in the test part, and so have "
                f"{len(both) - 1} others. Deal out the things, not the photos."
            )
        if not 0.1 <= test.mean() <= 0.42:
            raise AnswerError(
                f"Asked for a share of 0.25, it puts {test.mean():.2f} of the photos into the "
                "test. True is for the test; the share is that of the different things."
            )
        drawn.append(test)
    if (drawn[0] != drawn[1]).any():
        raise AnswerError(
            "The same seed gives another split each time, so nobody can repeat the result. Draw "
            "with `np.random.default_rng(seed)`."
        )
    if (drawn[0] == drawn[2]).all() and (drawn[0] == drawn[3]).all():
        raise AnswerError(
            "Every seed gives the same split. What comes first was often collected first, so let "
            "chance choose the things."
        )
    return "Each thing is on one side only. The test asks about things that were never seen."


SPLIT = Exercise(
    "10.2",
    "A split that keeps things together",
    _split,
    hints=(
        "`np.unique(groups)` gives each thing once. Deal those out.",
        "`np.random.default_rng(seed).permutation(things)`, then the first "
        "`round(share * len(things))` are for the test.",
        "`np.isin(groups, chosen)` is True for each photo of a chosen thing.",
    ),
)


def _enough(answer: object) -> str:
    value = answers.near(
        answer,
        246,  # 230 to 253, if 0.85 n is rounded up or down
        16,
        mistakes=[
            (784, "Here the whole interval is 5 points wide. Only its lower end is asked for."),
            (139, "That is for the upper end, 0.90. The office wants to know about the lower one."),
            (196, "That is the simple interval, ± 1.96 standard errors. It is too narrow at the "
                  "end toward 50 %; take Wilson's, from the lesson."),
            (51, "That is one standard error, which holds the truth in two of three cases. 95 % "
                 "takes z = 1.96."),
            (174, "That is z = 1.645, a 90 % interval."),
        ],
        otherwise="Call `interval` with 85 % right answers for more and more photos, until the "
        "lower end is 0.80.",
    )  # fmt: skip
    return (
        f"About {value:.0f} photos, to tell 85 % from 80 % with some certainty. With a quarter of "
        "them, the interval is twice as wide."
    )


ENOUGH = Exercise(
    "10.3",
    "How many test photos?",
    _enough,
    hints=(
        "`interval(0.85, n)` gives the two ends. Which n is the first whose lower end is 0.80?",
        "`next(n for n in range(10, 2000) if interval(0.85, n)[0] >= 0.80)`",
    ),
)


def collection():
    """Eyewear, 25 photos a class to train on, as somebody collected them. Look for yourself."""
    from tlcourse import load_task

    task = load_task("sunglasses").few_shot(25, seed=0)
    at = task.class_names.index("eyeglasses")

    def collected(split):
        images, those = split.images.copy(), split.labels == at
        images[those] = _tag(images[those])
        return split._replace(images=images)

    return replace(task, train=collected(task.train), validation=collected(task.validation))


def _tag(images: np.ndarray) -> np.ndarray:
    """A small printed label in the lower left corner."""
    images = images.copy()
    images[:, 54:62, 3:27] = 245
    images[:, 56:60:2, 5:25:3] = 30
    return images


def _cover(answer: object) -> str:
    from tlcourse import load_task

    call = answers.function(answer)
    plain = load_task("sunglasses").validation.images[:24]
    tagged = _tag(plain)
    results = []
    for images in (plain, tagged):
        given = images.copy()
        results.append(answers.array(call(given), images.shape, "The result"))
        if not np.array_equal(given, images):
            raise AnswerError(
                "It changes the pictures that it is given, so there are none to compare with. "
                "Work on `images.copy()`."
            )
    if np.array_equal(results[1], tagged):
        raise AnswerError(
            "What does not belong there is still to be seen. Compare the rows: what is in every "
            "photo of one class, at the same place, and in no other?"
        )
    if results[1].max() <= 1:
        raise AnswerError("The photos come out in [0, 1]. Leave them in [0, 255], and only cover.")
    changed = np.mean((results[0] != plain).any(axis=-1))
    left = int((np.abs(results[0] - results[1]) > 0.5).any(axis=(0, -1)).sum())
    if left and not changed:
        raise AnswerError(
            "It covers only the photos that have the mark. Then the cover is the mark. Do the "
            "same to all photos, at the same place."
        )
    if left:
        raise AnswerError(
            f"Something of it is left: photos with and without it still differ, in {left} places "
            "(the mark has 192). Is the cover at the right place (rows come first), large enough, "
            "and the same whatever is below it?"
        )
    if changed > 0.25:
        raise AnswerError(
            f"It changes {changed:.0%} of each photo, and with the mark the things are gone. Cover "
            "as little as needed."
        )
    return f"{changed:.0%} of each photo is covered, in all photos alike, and the mark is gone."


COVER = Exercise(
    "10.4",
    "What does not belong there",
    _cover,
    hints=(
        "One row has something at the bottom that the others do not have. "
        "`plots.images(photos.train.images[photos.train.labels == k][:3])` shows three photos of "
        "class k larger; `.std(axis=0)` of all of them is 0 where they all agree.",
        "`images[:, top:bottom, left:right] = 128` makes a gray field in all photos; row 0 is at "
        "the top, column 0 at the left.",
    ),
)


# Measured: 0.66 to 0.86 for covers of several sizes and colors, 0.60 to 0.76 for other draws of the
# training photos. Right before: 0.96 to 0.98, after: 0.12 to 0.36. Over all classes, 0.2 or less is
# lost; trained again on covered photos, that class loses 0.18 to 0.30.
LOST = difference(
    "10.5",
    "What it was worth",
    (0.45, 0.92),
    too_small="Is it over all classes, or after training again, or the share that is right with "
    "the mark covered? Take the one class, and the model as it is: before minus after.",
    too_large="Is it the share that is right before? Subtract what is right with the mark covered.",
    order="before minus after",
    praise="{points} of that class were the mark, and the accuracy as collected showed nothing of "
    "it. The other classes hardly change: look at each by itself.",
    hints=(
        "`by_class(validation.images)` is before, `by_class(cover(validation.images))` after.",
        "Both are dicts with a share for each class. Subtract for the class that has the mark.",
    ),
)

EXERCISES = (MUGS, SPLIT, ENOUGH, COVER, LOST)
