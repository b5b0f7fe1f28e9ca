"""Exercises of lesson 4: when transfer works."""

from functools import cache

import numpy as np

from tlcourse.data.photographs import load_photographs, middle
from tlcourse.exercises import answers, hidden
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise

# Measured on digits, four draws of 10 labels a class: objectnet frozen, averaged, with a probe 0.84
# to 0.88; pixels in 16 × 16 cells 0.91 to 0.94; HOG 0.96 to 0.98; on scans that were not brought
# into the network's range, it sees black. This draw: 0.84, 0.93, 0.94.
DRAW, NEW_SCANS = 23, 180
AT_LEAST_READ = 0.90


def scanned(images: np.ndarray) -> np.ndarray:
    """Digits as the scanner gives them: float32 (n, 64, 64), gray, in [0, 1]."""
    return (images[..., 0] / 255).astype("float32")


def _read(answer: object) -> str:
    call = answers.function(answer, "`read`")
    images, labels, new_images, new_labels = hidden.draw("digits", 10, DRAW, NEW_SCANS)
    given = call(scanned(images), labels.copy(), scanned(new_images))
    right = answers.share_right(given, new_labels, 10, "What `read` gives")
    if right < 0.5:
        raise AnswerError(
            f"On other scans, {right:.0%} of {NEW_SCANS} new digits are right. Something goes in "
            "that does not fit, or the answers belong to other scans. Which row of the guide comes "
            "before all others?"
        )
    if right < AT_LEAST_READ:
        raise AnswerError(
            f"On other scans, {right:.0%} of {NEW_SCANS} new digits are right. Another way does "
            "better, with the same labels. How far is the source? And how many things does that "
            "row of the guide ask you to measure?"
        )
    return (
        f"On scans that you have not seen, {right:.0%} are right. The guide names no winner for "
        "few labels and a far source: it says *measure*, and here the frozen network, averaged "
        "over all places, comes last."
    )


READ = Exercise(
    "04.1",
    "Decide from the guide, then measure",
    _read,
    hints=(
        "Ten labels of each class are few, drawings of things are far from handwriting, and the "
        "scans are neither in color nor in [0, 255]. Two rows of the guide apply.",
        "The row *few, far* names three candidates. The lesson has code for all of them; measure "
        "each on `task.validation`, and take the best.",
        "The quickest one needs no network and no color: HOG of each scan, and a `linear_probe`. "
        "For a network: `np.repeat(255 * scans[..., None], 3, axis=-1)`.",
    ),
)


def strange_photographs() -> np.ndarray:
    """The seven photographs of lesson 2, as some other program has left them.

    Returns:
        float32, seven pictures; what range and order they are in is for the learner to find out.
    """
    return (_photographs()[..., ::-1] / 127.5 - 1).transpose(0, 3, 1, 2).astype("float32")


def _photographs() -> np.ndarray:
    return np.stack([middle(photograph) for photograph in load_photographs().values()])


def _mended(answer: object) -> str:
    shape = np.shape(answer) if hasattr(answer, "shape") else ()
    if tuple(shape) == (7, 3, 64, 64):
        raise AnswerError(
            "The channels still come before height and width. The course has them last: "
            "(7, 64, 64, 3)."
        )
    found = answers.array(answer, (7, 64, 64, 3), "The pictures").astype(float)
    right = _photographs().astype(float)

    def like(pictures: np.ndarray) -> bool:
        return np.allclose(pictures, right, atol=2)  # some cut fractions off, others round

    if like(found):
        return "Range, axes and colors: three things that no error message would have told."
    if found.max() <= 1.01:
        low = "[0, 1]" if found.min() >= -0.01 else "[-1, 1]"
        raise AnswerError(f"The values lie in {low}; the course has [0, 255].")
    if found.min() < -2 or found.max() > 257:
        raise AnswerError(
            f"The values go from {found.min():.0f} to {found.max():.0f}; the course has 0 to 255. "
            "Which numbers bring -1 to 0 and 1 to 255?"
        )
    if like(found[..., ::-1]):
        raise AnswerError(
            "Look at the colors of the first picture: the suit is orange, not blue. Which channel "
            "comes first?"
        )
    if like(found.swapaxes(1, 2)) or like(found.swapaxes(1, 2)[..., ::-1]):
        raise AnswerError(
            "The pictures lie on their side. Move the channels to the end, and leave height and "
            "width in their order."
        )
    if like(found[::-1]) or like(found[::-1, ..., ::-1]):
        raise AnswerError(
            "The order of the *pictures* is turned round. The colors are the last axis: "
            "`[..., ::-1]`."
        )
    if like(255 - found) or like(255 - found[..., ::-1]):
        raise AnswerError("They are negatives: what is dark should be light.")
    if np.allclose(np.sort(found, axis=None), np.sort(right, axis=None), atol=2):
        raise AnswerError(
            "All the numbers are there, but not in their places. `reshape` cuts the row of numbers "
            "anew; `np.transpose` or `np.moveaxis` turn the axes."
        )
    raise AnswerError(
        "Range and shape fit, but these are not the photographs. Look at them with "
        "`plots.images`. Were numbers turned into uint8 before they were in [0, 255]?"
    )


MENDED = Exercise(
    "04.2",
    "Strange pictures",
    _mended,
    hints=(
        "Look at `strange.shape`, `strange.min()` and `strange.max()` first.",
        "`np.moveaxis(strange, 1, -1)` brings the channels to the end. `(x + 1) * 127.5` brings "
        "[-1, 1] to [0, 255].",
        "`plots.images` wants uint8: `mended.astype('uint8')`. Then look at the astronaut's suit. "
        "`[..., ::-1]` turns the order of the channels round.",
    ),
)


@cache
def _gray_features() -> tuple[np.ndarray, int, tuple[tuple[np.ndarray, str], ...]]:
    """Gray pictures, how many weights objectnet has, and its features of what may be meant."""
    from tlcourse import load_backbone

    gray = np.random.default_rng(0).random((6, 4, 4, 1)).repeat(7, axis=1).repeat(7, axis=2)
    gray = (gray * np.linspace(0.2, 1, 6)[:, None, None, None]).astype("float32")
    color = gray.repeat(3, axis=-1)
    meant = (
        (255 * color, ""),
        (color, "objectnet gets numbers in [0, 1] here; it takes [0, 255]."),
        (
            2 * color - 1,
            "objectnet gets numbers in [-1, 1] here. Many networks want that; this one takes "
            "[0, 255] and does the rest inside.",
        ),
        (
            255 * np.concatenate([gray, 0 * gray, 0 * gray], axis=-1),
            "The picture is red now. For gray, all three channels are equal.",
        ),
    )
    objectnet = load_backbone("objectnet")
    features = [np.asarray(objectnet(pictures, training=False)) for pictures, _ in meant]
    return (
        gray,
        len(objectnet.weights),
        tuple(zip(features, (why for _, why in meant), strict=True)),
    )


def _for_gray(answer: object) -> str:
    model = answers.model(answer)
    if model.input_shape[-1] != 1:
        raise AnswerError(
            f"It takes pictures of shape {model.input_shape[1:]}. They have one channel: "
            "`keras.Input((28, 28, 1))`."
        )
    gray, count, meant = _gray_features()
    found = np.asarray(model(gray, training=False))
    if found.shape != (6, 256):
        raise AnswerError(
            f"It gives numbers of shape {found.shape[1:]} for a picture; objectnet's features are "
            "256."
        )
    away = [np.linalg.norm(found - one) / np.linalg.norm(one) for one, _ in meant]
    nearest = int(np.argmin(away))
    if away[nearest] < 0.1 and nearest:
        raise AnswerError(meant[nearest][1])
    if away[nearest] < 0.1:
        return (
            "It takes the pictures as they come, and nobody who uses it can forget a step: the "
            "preprocessing is a part of the model."
        )
    if len(model.weights) > count:
        raise AnswerError(
            "There are new weights in it, random ones. A layer in front that has not learned "
            "spoils the input; repeat the channel instead."
        )
    raise AnswerError(
        "The features are not those of the same picture with three equal channels in [0, 255]. "
        "Is objectnet loaded with its weights, the factor 255 used once, and the resizing left to "
        "objectnet?"
    )


FOR_GRAY = Exercise(
    "04.3",
    "A door for gray pictures",
    _for_gray,
    hints=(
        "Start with `image = keras.Input((28, 28, 1))`. Two things have to happen before the "
        "backbone; the size is not one of them, since the backbone resizes inside.",
        "`keras.layers.Rescaling(255)` mends the range, `keras.layers.Concatenate()([x, x, x])` "
        "makes three equal channels of one.",
        "`model = keras.Model(image, objectnet(x))`",
    ),
)


def t_interval(
    differences: np.ndarray, factor: float | None = None, ddof: int = 1
) -> tuple[float, float]:
    """The 95 % interval of a mean; `factor` and `ddof` other than those are mistakes."""
    from scipy.stats import t

    n = len(differences)
    factor = t.ppf(0.975, n - 1) if factor is None else factor
    half = factor * differences.std(ddof=ddof) / np.sqrt(n)
    return float(differences.mean() - half), float(differences.mean() + half)


# Accuracies of pairs of runs, with transfer and from scratch.
PAIRS = (
    ((0.70, 0.58, 0.81, 0.66, 0.75), (0.66, 0.55, 0.74, 0.63, 0.70)),
    ((0.90, 0.45, 0.88, 0.91), (0.50, 0.65, 0.51, 0.49)),
    ((0.31, 0.28, 0.40), (0.45, 0.41, 0.43)),
    ((0.66, 0.64, 0.69, 0.70, 0.65, 0.68, 0.71), (0.63, 0.62, 0.64, 0.66, 0.66, 0.63, 0.65)),
)


def _mistaken(a: np.ndarray, b: np.ndarray) -> tuple[tuple[tuple[float, float], str], ...]:
    """Other intervals that one may come to, and what is wrong with them."""
    from scipy.stats import t

    d, n = a - b, len(a)
    factor = float(t.ppf(0.975, n - 1))
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
    pooled, wide = float(t.ppf(0.975, 2 * n - 2)), factor * d.std(ddof=1)
    return (
        (t_interval(-d), "That is scratch minus transfer: turn the difference round."),
        (t_interval(d, ddof=0), "The standard deviation divides by n here: of a few runs it comes "
         "out too small. Divide by n - 1 (`ddof=1`)."),
        (t_interval(d, factor=1.96), "The factor 1.96 is for many runs. A few runs do not know "
         "their own spread so well: take Student's t, with n - 1 degrees of freedom."),
        (t_interval(d, factor=float(t.ppf(0.95, n - 1))), "That is a 90 % interval: 2.5 % are left "
         "out on either side, so ask for 0.975."),
        (t_interval(d, factor=float(t.ppf(0.975, n))), "n differences have n - 1 degrees of "
         "freedom, not n."),
        ((d.mean() - wide, d.mean() + wide), "That is where *single* runs lie. The mean of n runs "
         "is steadier: divide by the square root of n."),
        ((d.mean() - pooled * spread, d.mean() + pooled * spread), "Both runs of a pair have had "
         "the same pictures. Take the difference of each pair first, and then its spread."),
        ((d.mean() - factor * spread, d.mean() + factor * spread), "Both runs of a pair have had "
         "the same pictures. Take the difference of each pair first, and then its spread."),
        ((d.min(), d.max()), "That is the least and the largest difference. With more runs, they "
         "move apart, while the mean gets steadier."),
        (tuple(np.percentile(d, (2.5, 97.5))), "That is where single differences lie, not where "
         "their mean does."),
    )  # fmt: skip


def _interval(answer: object) -> str:
    call = answers.function(answer, "`interval`")
    for transfer, scratch in PAIRS:
        a, b = np.array(transfer), np.array(scratch)
        found = answers.array(call(a.copy(), b.copy()), (2,), "What `interval` gives")
        if np.allclose(found, t_interval(a - b), atol=2e-4):
            continue
        if found[0] > found[1]:
            raise AnswerError("The lower end comes first, then the upper one.")
        for wrong, why in _mistaken(a, b):
            if np.allclose(found, wrong, atol=2e-4):
                raise AnswerError(why)
        raise AnswerError(
            f"With {list(transfer)} against {list(scratch)}, it gives {found[0]:.3f} to "
            f"{found[1]:.3f}. Mean of the differences, and on either side t times their standard "
            "deviation, divided by the square root of their number."
        )
    return (
        "All above 0: transfer helps. All below: it harms. Otherwise it is open, and the interval "
        "says how large the gain or the loss may still be. Three pairs that all agree can leave "
        "it open, and one pair that disagrees need not: what counts is the mean, and how well it "
        "is known."
    )


INTERVAL = Exercise(
    "04.4",
    "Helps, harms, or open",
    _interval,
    hints=(
        "`difference = transfer - scratch` has one number for each pair. You need its `mean()`, "
        "its `std(ddof=1)`, and how many there are.",
        "The standard error of the mean is the standard deviation divided by `np.sqrt(n)`.",
        "`scipy.stats.t.ppf(0.975, n - 1)` standard errors to either side of the mean.",
    ),
)


# Measured, ten draws of two faces and two other pictures, test accuracy: photonet 0.97 to 1.00, on
# average 0.99; lesson 0's two numbers 0.95 to 1.00, 0.98; mean brightness and its deviation 0.70,
# two percentiles 0.59, two colors 0.59. The hidden draws: blocks 0.99, jumps of gray 1.00,
# brightness 0.65.
FACE_DRAWS = (100, 101, 102, 103, 104)
AT_LEAST_NUMBERS = 0.90


def lesson_numbers(images: np.ndarray) -> np.ndarray:
    """Lesson 0's pair: how much gray changes sideways and downward, (n, 2)."""
    gray = images.astype(float).mean(axis=-1)
    return np.stack([np.abs(np.diff(gray, axis=axis)).mean(axis=(1, 2)) for axis in (2, 1)], 1)


def _numbers(answer: object) -> str:
    from tlcourse import load_task

    call = answers.function(answer, "`two_numbers`")
    task = load_task("faces")

    def numbers(images: np.ndarray) -> np.ndarray:
        return answers.array(call(images.copy()), (len(images), 2), "What `two_numbers` gives")

    one, *_ = numbers(task.train.images[:1])
    train, test = numbers(task.train.images), numbers(task.test.images)
    if not np.allclose(one, train[0], rtol=1e-3):
        raise AnswerError(
            "The numbers of a picture change with the pictures around it. Each picture has to be "
            "described by itself."
        )
    if (train.std(axis=0) < 1e-9).any():
        raise AnswerError("One of the two numbers is the same for all pictures. What differs?")
    known = lesson_numbers(task.train.images)
    if abs(np.corrcoef(np.hstack([train, known]).T)[:2, 2:]).max() > 0.9999:
        raise AnswerError(
            "That works: it is how much neighbors differ, from lesson 0. Now find two of your own, "
            "in which neither of those is."
        )
    right, network = (
        hidden.judged(task, train, test, 2, FACE_DRAWS),
        hidden.by_photonet("faces", 2, FACE_DRAWS),
    )
    if right < AT_LEAST_NUMBERS:
        raise AnswerError(
            f"In five hidden draws of two pictures a class, these two numbers get {right:.0%} of "
            f"new pictures right; photonet {network:.0%}. Look at pictures without a face: what "
            "have most of them in common that no face has?"
        )
    other = load_task("sunglasses")
    there = hidden.judged(
        other, numbers(other.train.images), numbers(other.test.images), 10, FACE_DRAWS[:1]
    )
    sunglasses = hidden.by_photonet("sunglasses", 10, FACE_DRAWS[:1])
    return (
        f"Faces, from two of each: your two numbers {right:.0%}, photonet {network:.0%}. So faces "
        "show nothing about what photonet has learned. Sunglasses, from ten of each: your numbers "
        f"{there:.0%}, photonet {sunglasses:.0%}. There, it does know something."
    )


NUMBERS = Exercise(
    "04.5",
    "Is it transfer at all?",
    _numbers,
    hints=(
        "`plots.images(task.train.images[::4])`: a blurred wall, a dark corner, a gray patch. A "
        "face has detail in it. How can detail be counted?",
        "Brightness or color will not do: they differ from face to face. Look at small places: "
        "how much does gray vary within a block of 8 × 8 pixels?",
        "`gray.reshape(n, 8, 8, 8, 8).std(axis=(2, 4))` has that for each of 64 blocks; their mean "
        "and their median are two numbers.",
    ),
)

EXERCISES = (READ, MENDED, FOR_GRAY, INTERVAL, NUMBERS)
