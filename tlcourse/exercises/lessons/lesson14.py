"""Exercises of lesson 14: teachers without labels."""

import numpy as np
from scipy.special import log_softmax, softmax

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

TEACHER = np.array([[4.0, 2.0, 0.0], [1.0, 1.0, 5.0], [0.0, 3.0, 2.0]])
STUDENT = np.array([[2.0, 2.0, 1.0], [0.0, 2.0, 3.0], [1.0, 1.0, 1.0]])


def divergence(student, teacher, temperature, *, of_student=None, of_teacher=None):
    """Mean over pictures of the sum of p log(p / q), without the square of the temperature."""
    p = softmax(teacher / (of_teacher or temperature), axis=1)
    q = log_softmax(student / (of_student or temperature), axis=1)
    return float(np.mean(np.sum(p * (np.log(p) - q), axis=1)))


def _of_bare_logits(temperature: float) -> float:
    p, q = (np.clip(z / temperature, 1e-7, 1.0) for z in (TEACHER, STUDENT))
    return float(np.mean(np.sum(p * np.log(p / q), axis=1)))


def _soft(answer: object) -> str:
    call = answers.function(answer)
    at = 3.0
    given = answers.number(call(STUDENT.copy(), TEACHER.copy(), at))
    right = at**2 * divergence(STUDENT, TEACHER, at)
    p = softmax(TEACHER / at, axis=1)
    entropy = at**2 * float(-np.mean(np.sum(p * np.log(p), axis=1)))

    def near(value: float) -> bool:
        return bool(np.isclose(given, value, rtol=1e-3, atol=1e-5))

    if near(right / at**2):
        raise AnswerError(
            "The square of the temperature is missing: without it, the gradient shrinks to a ninth "
            "at T = 3, and another T needs another learning rate."
        )
    if near(_of_bare_logits(at)):
        raise AnswerError(
            "That is the divergence of the bare logits, without softmax and square: what Keras "
            "3.15 gives with its default. Give it `loss=keras.losses.KLDivergence()`."
        )
    if near(right + entropy) or near((right + entropy) / at**2):
        raise AnswerError(
            "That is the cross-entropy. The divergence is less by the entropy of the teacher's "
            "shares: take p · log(p / q), and it is 0 where both agree."
        )
    if near(at**2 * divergence(STUDENT, TEACHER, at, of_student=1.0)):
        raise AnswerError("The student's logits are not divided by T: both sides are, or the "
                          "student is asked to be as unsure as the softened teacher.")  # fmt: skip
    if near(at**2 * divergence(STUDENT, TEACHER, at, of_teacher=1.0)):
        raise AnswerError("The teacher's logits are not divided by T: its shares stay sharp.")
    if near(at**2 * divergence(TEACHER, STUDENT, at)):
        raise AnswerError(
            "The two are exchanged: p, before the logarithm, are the *teacher's* shares."
        )
    if near(right * 3):
        raise AnswerError("Take the mean over the pictures, not the sum.")
    if near(right / 3):
        raise AnswerError("Take the sum over the classes; the mean is over the pictures only.")
    if not near(right):
        raise AnswerError(
            f"For three pictures at T = 3 it gives {given:.4f}; by hand it is {right:.4f}. Soften "
            "both, then T² times the mean over pictures of the sum of p · log(p / q)."
        )
    other = answers.number(call(STUDENT.copy(), TEACHER.copy(), 1.0))
    if not np.isclose(other, divergence(STUDENT, TEACHER, 1.0), rtol=1e-3):
        raise AnswerError("At T = 1 it is wrong. Is another temperature built in?")
    fewer = answers.number(call(STUDENT[:2].copy(), TEACHER[:2].copy(), 1.0))
    if not np.isclose(fewer, divergence(STUDENT[:2], TEACHER[:2], 1.0), rtol=1e-3):
        raise AnswerError(
            "For two pictures of three classes it is wrong: sum over the classes (axis 1), then "
            "take the mean over the pictures."
        )
    return (
        "It is what `keras.distillation.LogitsDistillation(temperature=T, "
        "loss=keras.losses.KLDivergence())` computes."
    )


SOFT = Exercise(
    "14.1",
    "The loss of a student",
    _soft,
    hints=(
        "`p = softmax(teacher / temperature, axis=1)`, and `q` likewise for the student.",
        "`temperature**2 * np.mean(np.sum(p * np.log(p / q), axis=1))`.",
    ),
)


def _pretext(answer: object) -> str:
    call = answers.function(answer)
    # Six pictures of 8 × 8: turned about the wrong axes, they are no batch of six any more.
    images = np.random.default_rng(5).integers(0, 256, (6, 8, 8, 3)).astype("uint8")
    try:
        turned, turns = call(images.copy())
    except AnswerError as error:
        if "dimension" in str(error):
            raise AnswerError(
                f"{error} `np.rot90` turns the first two axes, and the first is the batch: give "
                "it `axes=(1, 2)`."
            ) from error
        raise
    except (TypeError, ValueError) as error:
        raise AnswerError(
            f"It should give two things: the turned pictures, and their turns ({error})."
        ) from error
    turned = answers.array(turned, (24, 8, 8, 3), "The turned pictures")
    turns = answers.array(turns, (24,), "The turns")
    if not set(np.unique(turns)) <= {0, 1, 2, 3}:
        raise AnswerError("A turn is 0, 1, 2 or 3: a number of quarters, not of degrees.")
    found = []
    for picture in turned:
        matches = [
            (number, quarter)
            for number, image in enumerate(images)
            for quarter in range(4)
            if np.array_equal(picture, np.rot90(image, quarter))
        ]
        if not matches:
            raise AnswerError(
                "A picture is there that is none of the given ones turned. Is it mirrored, or are "
                "its colors exchanged? Turn the axes of height and width: `axes=(1, 2)`."
            )
        found.append(matches[0])
    if len(set(found)) < 24:
        raise AnswerError("Each picture should be there four times, once in each of the turns.")
    real = np.array([quarter for _, quarter in found])
    if np.array_equal(turns, (-real) % 4) and not np.array_equal(turns, real):
        raise AnswerError(
            "Quarters to the right and to the left are exchanged: 1 is to the left, as `np.rot90` "
            "turns. (A network would not mind; whoever reads its answers would.)"
        )
    if not np.array_equal(turns, real):
        raise AnswerError(
            f"{np.mean(turns != real):.0%} of the turns do not fit their pictures. After "
            "`np.concatenate` all pictures of one turn lie together: `np.repeat`, not `np.tile`."
        )
    return "24 labels, and nobody has labeled anything."


PRETEXT = Exercise(
    "14.2",
    "Labels for nothing",
    _pretext,
    hints=(
        "`np.rot90(images, quarter, axes=(1, 2))` turns a whole batch.",
        "`np.concatenate` of the four, and `np.repeat(np.arange(4), len(images))`.",
    ),
)


def classes_of_words():
    """Twelve classes: words, means of features that follow from them, six pictures of the last."""
    rng = np.random.default_rng(8)
    words = rng.normal(size=(12, 5))
    means = words @ rng.normal(size=(5, 7)) + 0.5
    pictures = means[[9, 10, 11, 11, 9, 10]] + 0.05 * rng.normal(size=(6, 7))
    return words, means, pictures, np.arange(9), np.array([9, 10, 11])


def _zero_shot(answer: object) -> str:
    call = answers.function(answer)
    words, means, pictures, seen, unseen = classes_of_words()
    hidden = means.copy()
    hidden[unseen] = np.nan  # nobody has pictures of them to learn from
    try:
        given = call(words, hidden, seen, unseen, pictures)
    except AnswerError as error:
        if any(word in str(error) for word in ("NaN", "nan", "infs")):
            raise AnswerError(
                "It learns from the means of the unseen classes: here they are not a number, since "
                "nobody has pictures of them. Use `words[seen]` and `means[seen]`."
            ) from error
        raise
    try:
        lost = bool(np.isnan(np.asarray(given, float)).any())
    except (TypeError, ValueError):
        lost = False  # no numbers at all: the next line says so
    if lost:
        raise AnswerError("Not a number: it has used the means of the unseen classes.")
    given = answers.array(given, (len(pictures),), "What it gives")
    expected = np.array([9, 10, 11, 11, 9, 10])
    if np.array_equal(given, expected - 9):
        raise AnswerError(
            "These are places among the unseen classes. Give the classes: `unseen[places]`."
        )
    if not set(given.astype(int)) <= set(unseen.tolist()):
        raise AnswerError(
            f"It names classes {sorted(set(given.astype(int)) - set(unseen.tolist()))}, which are "
            "not among the choices. Compare with the places of the unseen classes only."
        )
    if not np.array_equal(given, expected):
        raise AnswerError(
            f"It gives {given.astype(int).tolist()}; by hand it is {expected.tolist()}. Ridge from "
            "words to features on the seen classes; its prediction for the words of the unseen "
            "ones is where their pictures ought to lie; the nearest is the answer."
        )
    # Other choices, in another order.
    turned = answers.array(
        call(words, hidden, seen, unseen[::-1].copy(), pictures), (len(pictures),), "What it gives"
    )
    if not np.array_equal(turned, expected):
        raise AnswerError("With the unseen classes in another order, the answers change.")
    return "No picture of these classes was learned from; their words said where to look."


ZERO_SHOT = Exercise(
    "14.3",
    "Name what was never named",
    _zero_shot,
    hints=(
        "`ridge = Ridge(alpha=0.1).fit(words[seen], means[seen])`, and "
        "`places = ridge.predict(words[unseen])`: one row for each unseen class.",
        "Distances: `((pictures[:, None] - places) ** 2).sum(axis=2)`; the class of the smallest "
        "is `unseen[distances.argmin(axis=1)]`.",
    ),
)

LICENSE = choice(
    "14.4",
    "A model for the shop",
    "A shop wants to name photographs of its goods by their descriptions, for money, with weights "
    "of the kind of CLIP. A colleague has found a copy of the weights on some page, with another "
    "license than the one that the lesson names. What do you do?",
    {
        "a": (
            "Go by the lesson's table: it says MIT.",
            "The table says what the makers stated when it was written. Licenses change: DINOv2 "
            "began with one that forbade commercial use, and has another now.",
        ),
        "b": (
            "Go by the copy's license, since that is the file you load.",
            "Whoever made the copy may have changed the weights or the code, or be wrong. What the "
            "makers of the weights allow stands with them; and then there is what the copy adds.",
        ),
        "c": (
            "Load the weights from their makers, read the license beside them, keep a copy with "
            "the date; and measure on photographs of the shop before anything is built on it.",
            "License and fitness are two questions. CLIP's own card calls any deployed use out of "
            "scope, since its answers vary with the classes asked for: whoever deploys it must "
            "test it for that use, under any license.",
        ),
        "d": (
            "Ask who owns the pictures that the model was trained on; the license of the weights "
            "covers them.",
            "It does not: a license of weights speaks of the weights. The rights in hundreds of "
            "millions of pictures lie with as many people.",
        ),
    },
    "c",
    hints=(
        "Who can allow the use of the weights: who made them, or who copied them?",
        "And is a model that may be used good enough for these goods?",
    ),
)

EXERCISES = (SOFT, PRETEXT, ZERO_SHOT, LICENSE)
