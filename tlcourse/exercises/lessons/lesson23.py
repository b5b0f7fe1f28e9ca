"""Exercises of lesson 23: groups, an intervention, and a fall with its error. None needs photos."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise

SIZE = 50  # numbers in a block


def _same(groups: np.ndarray) -> np.ndarray:
    return groups[:, None] == groups[None, :]


def _blocks(answer: object) -> str:
    call = answers.function(answer)
    rng = np.random.default_rng(0)
    labels, numbers = rng.integers(0, 3, 60), rng.integers(1, 400, 60)
    given = answers.array(call(labels, numbers), (60,), "What it gives")
    together, wanted = _same(given), _same(1000 * labels + numbers // SIZE)
    if (together == wanted).all():
        return (
            "Each block is a group. `StratifiedGroupKFold` and `GroupShuffleSplit` of "
            "scikit-learn take such groups, and keep each on one side."
        )
    if together.all():
        raise AnswerError("All photographs are in one group; nothing could be split.")
    if (together == _same(numbers // SIZE)).all():
        raise AnswerError(
            "Photographs of two classes share a group: glass 12 has nothing to do with paper 12. "
            "Make the label a part of the group."
        )
    if (together == _same(labels)).all():
        raise AnswerError("Each class is one group: a class would be in training or in the test.")
    if (together & ~wanted).any():
        a, b = np.argwhere(together & ~wanted)[0]
        raise AnswerError(
            f"Class {labels[a]}, number {numbers[a]}, and class {labels[b]}, number {numbers[b]}, "
            f"are in one group. They are not in one block of {SIZE}: 0 to 49, 50 to 99, and so on."
        )
    a, b = np.argwhere(wanted & ~together)[0]
    raise AnswerError(
        f"Numbers {numbers[a]} and {numbers[b]} of class {labels[a]} are in two groups. Both are "
        f"in one block of {SIZE}: 0 to 49, 50 to 99, and so on."
    )


BLOCKS = Exercise(
    "23.1",
    "Neighbors on one side",
    _blocks,
    hints=(
        "`numbers // 50` is the block of each number. Two classes have the same blocks, though.",
        "Any number will do as the name of a group, if no two groups share it: what could be "
        "added to the block that is different for each class?",
    ),
)


def _picture(seed: int) -> np.ndarray:
    """A speckled square on a plain board: uint8 (20, 20, 3)."""
    picture = np.full((20, 20, 3), (200, 180, 160), np.uint8)
    # Pixels of a camera that are dead, or always lit: no color of the board.
    picture[0, 1:4], picture[-1, 2] = 0, 255
    picture[5:15, 5:15] = np.random.default_rng(seed).integers(0, 250, (10, 10, 3))
    return picture


def _light(answer: object) -> str:
    call = answers.function(answer)
    for seed, target in ((0, (100, 90, 80)), (1, (150, 180, 200)), (2, (250, 250, 250))):
        picture, light = _picture(seed), np.array(target, float)
        before = picture.copy()
        raw = call(picture, light)
        if (picture != before).any():
            raise AnswerError("It changes the picture that it is given. Work on a new one.")
        given = answers.array(raw, (20, 20, 3), "What it gives")
        gain = light / np.array([200, 180, 160])
        wanted = np.clip(picture * gain, 0, 255)
        told = f"With a board of (200, 180, 160), to be brought to {target},"
        if np.abs(given - wanted).max() <= 1:
            # What is black stays so, and what is far beyond 255 becomes 255.
            if (given != wanted)[(picture == 0) | (picture * gain > 256)].any():
                raise AnswerError(
                    f"{told} a pixel that is 0 must stay so, and what passes 255 must become 255. "
                    "To which numbers is it clipped?"
                )
            if np.asarray(raw).dtype != np.uint8:
                raise AnswerError(
                    f"The numbers are right. Give uint8, not {np.asarray(raw).dtype}."
                )
            continue
        if np.abs(given - np.clip(picture + light - (200, 180, 160), 0, 255)).max() <= 1:
            raise AnswerError(
                "This adds the difference. Light multiplies: a surface that reflects half of the "
                "red light does so in any light."
            )
        wrapped = (picture * gain).astype(np.int64).astype(np.uint8)
        if np.abs(given - wrapped).max() <= 1:
            raise AnswerError(
                f"{told} some numbers pass 255 and begin again at 0. Clip before `astype`."
            )
        found = np.round(given[0, 0]).astype(int).tolist()
        if np.abs(given[0, 0] - wanted[0, 0]).max() > 1:
            raise AnswerError(f"{told} the board becomes {found}.")
        raise AnswerError(
            f"{told} the board is right, but the thing on it is not: multiply all pixels, channel "
            "by channel, by the same number as the board."
        )
    return "One thing is changed, the light, and all else is as it was: an intervention."


LIGHT = Exercise(
    "23.2",
    "In another light",
    _light,
    hints=(
        "The board's color now: the median, channel by channel, of the pixels of the frame. "
        "`picture[frame]` is (pixels, 3).",
        "The gain of each channel is the wanted color divided by that of the board. Multiply, "
        "`np.clip` to 0 and 255, then `astype('uint8')`.",
    ),
)


# Right with a changed light that says the truth, right with one that lies, by counts of
# photographs: (both, only true, only false, neither); by hand: the fall is (b − c) / n, its
# standard error √((b + c) / n − fall²) / √n.
_COUNTS = ((60, 20, 5, 15), (700, 30, 30, 240), (10, 30, 0, 60))


def _fall(answer: object) -> str:
    call = answers.function(answer)
    for both, only_true, only_false, neither in _COUNTS:
        counts = [both, only_true, only_false, neither]
        n = sum(counts)
        true = np.repeat([True, True, False, False], counts)
        false = np.repeat([True, False, True, False], counts)
        given = answers.array(call(true, false), (2,), "What it gives")
        fall = (only_true - only_false) / n
        error = np.sqrt((only_true + only_false) / n - fall**2) / np.sqrt(n)
        apart = np.sqrt(true.var() / n + false.var() / n)
        told = f"Of {n} photographs, {only_true} are right in the first light only, {only_false} "
        told += "in the second only."
        if abs(given[0] + fall) < 1e-6 < abs(given[0] - fall):
            raise AnswerError("The fall is the other way round: first minus second.")
        if abs(given[0] - fall) > 1e-6:
            raise AnswerError(f"{told} The fall is {fall:.3f}; your function gives {given[0]:.3f}.")
        if abs(given[1] - error) <= 0.02 * error:
            continue
        if abs(given[1] - apart) <= 0.02 * apart:
            raise AnswerError(
                f"{told} Your error, {given[1]:.4f}, is that of two *different* sets of "
                "photographs. These are the same ones, twice: take the difference of each "
                "photograph first."
            )
        if abs(given[1] - error * np.sqrt(n)) <= 0.02 * error * np.sqrt(n):
            raise AnswerError("This is the standard deviation. Divide it by the root of n.")
        raise AnswerError(f"{told} The standard error is {error:.4f}, not {given[1]:.4f}.")
    return (
        "On the same photographs, a fall can be told much more surely than the two accuracies. "
        "A fall that is within two errors of 0 may be none."
    )


FALL = Exercise(
    "23.3",
    "A fall, or none?",
    _fall,
    hints=(
        "`true.astype(int) - false` is 1, 0 or −1 for each photograph. Its mean is the fall.",
        "The standard error of a mean: the standard deviation (`np.std`), divided by `np.sqrt(n)`.",
    ),
)

EXERCISES = (BLOCKS, LIGHT, FALL)
