"""Exercises of lesson 4: when transfer works."""

import numpy as np

from tlcourse.data.photographs import load_photographs, middle
from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

# Option c, measured with objectnet, six draws of 10 labels a class, validation accuracy: sunglasses
# 0.65 to 0.71, divided on both sides 0.18 to 0.28; digits 0.83 to 0.89, and 0.83 to 0.88.
TWICE = choice(
    "04.1",
    "Scaled twice",
    "A published network takes pictures in [0, 255] and scales them inside. A colleague divides "
    "them by 255 first, when he trains a head on the frozen network and when he tests it. What "
    "will he see?",
    {
        "a": (
            "An error, since the range is wrong",
            "A network multiplies and adds; it takes any numbers. Nothing in Keras knows what "
            "range the weights were trained with.",
        ),
        "b": (
            "Nothing unusual: training and test are treated alike, so it does not matter",
            "Alike is better than unlike, but the frozen layers have learned on other "
            "numbers: to them all his pictures are nearly black, and nearly the same.",
        ),
        "c": (
            "No error, a falling loss, and an accuracy below what the network could give",
            "That is what makes it dangerous. With objectnet, nearly all is lost on the "
            "sunglasses, and next to nothing on the digits: an easy task does not even show it.",
        ),
        "d": (
            "A loss that becomes infinite or NaN",
            "Small numbers do not make a loss explode; numbers far too large might. Here, "
            "everything looks well.",
        ),
    },
    right="c",
    hints=(
        "Item 3 under *Your turn* in the lesson is this case. Try it.",
        "Does the network know in which range its pictures should be?",
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


def _for_gray(answer: object) -> str:
    from tlcourse import load_backbone

    model = answers.model(answer)
    if model.input_shape[-1] != 1:
        raise AnswerError(
            f"It takes pictures of shape {model.input_shape[1:]}. They have one channel: "
            "`keras.Input((28, 28, 1))`."
        )
    gray = np.random.default_rng(0).random((6, 4, 4, 1)).repeat(7, axis=1).repeat(7, axis=2)
    gray = (gray * np.linspace(0.2, 1, 6)[:, None, None, None]).astype("float32")
    objectnet = load_backbone("objectnet")
    found = np.asarray(model(gray, training=False))
    if found.shape != (6, 256):
        raise AnswerError(
            f"It gives numbers of shape {found.shape[1:]} for a picture; objectnet's features are "
            "256."
        )

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
    features = [np.asarray(objectnet(pictures, training=False)) for pictures, _ in meant]
    away = [np.linalg.norm(found - one) / np.linalg.norm(one) for one in features]
    nearest = int(np.argmin(away))
    if away[nearest] < 0.1 and nearest:
        raise AnswerError(meant[nearest][1])
    if away[nearest] < 0.1:
        return (
            "It takes the pictures as they come, and nobody who uses it can forget a step: the "
            "preprocessing is a part of the model."
        )
    if len(model.weights) > len(objectnet.weights):
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

# Accuracies of five pairs of runs, with transfer and from scratch -> what they say, and what is
# told to whom it was something else.
PAIRS = (
    (
        ((0.70, 0.58, 0.81, 0.66, 0.75), (0.66, 0.55, 0.74, 0.63, 0.70)),
        "helps",
        "transfer is ahead in every pair, though its worst run is below the other's best. Compare "
        "pair by pair: both runs of a pair have had the same pictures.",
    ),
    (
        ((0.52, 0.61, 0.90), (0.51, 0.58, 0.55)),
        "helps",
        "transfer is ahead in every pair. By how much does not count here.",
    ),
    (
        ((0.31, 0.28, 0.40), (0.45, 0.41, 0.43)),
        "harms",
        "transfer is behind in every pair. That is negative transfer, and the word for it here is "
        '`"harms"`.',
    ),
    (
        ((0.90, 0.45, 0.88, 0.91), (0.50, 0.65, 0.51, 0.49)),
        "open",
        "one pair of four says the opposite of the others. The mean hides that.",
    ),
    (
        ((0.90, 0.50, 0.70), (0.40, 0.60, 0.65)),
        "open",
        "one pair says the opposite. Leave the runs in their order: sorted, they are no pairs any "
        "more.",
    ),
    (
        ((0.60, 0.70, 0.80), (0.60, 0.65, 0.70)),
        "open",
        "one pair is even. *In every pair* is not fulfilled.",
    ),
)


def _judged(answer: object) -> str:
    call = answers.function(answer, "`judge`")
    for (transfer, scratch), wanted, why in PAIRS:
        said = call(np.array(transfer), np.array(scratch))
        if not isinstance(said, str) or said.strip().lower() not in ("helps", "harms", "open"):
            raise AnswerError('It must give one of the texts `"helps"`, `"harms"` and `"open"`.')
        if said.strip().lower() != wanted:
            raise AnswerError(
                f"With {list(transfer)} against {list(scratch)} it says `{said}`, but {why}"
            )
    return (
        "By luck alone, five pairs agree once in sixteen times, three pairs once in four. So make "
        "a few pairs before you trust it."
    )


JUDGED = Exercise(
    "04.4",
    "Helps, harms, or open",
    _judged,
    hints=(
        "`difference = transfer - scratch` has one number for each pair.",
        "`(difference > 0).all()` asks whether it is above 0 in every pair.",
    ),
)


# Measured, ten draws: photonet is right on 0.995 to 0.997 of the textures and 0.62 to 0.73 of the
# sunglasses, six numbers on 0.85 to 0.97 and 0.20 to 0.30.
TEXTURES, SUNGLASSES = (0.0, 0.20), (0.28, 0.58)


def _gains(answer: object) -> str:
    textures, sunglasses = answers.array(answer, (2,), "The two gains")
    if max(abs(textures), abs(sunglasses)) > 1:
        raise AnswerError("Give fractions: 0.25, not 25 for 25 points.")
    if sunglasses < 0:
        raise AnswerError("The other way round: the network's accuracy, less that of six numbers.")
    if textures > 0.7:
        raise AnswerError(
            "Are these accuracies? The gain is a difference: what the network has above the six "
            "numbers."
        )
    if textures > SUNGLASSES[0] and sunglasses < TEXTURES[1]:
        raise AnswerError("Is the order right? First the textures, then the sunglasses.")
    if not TEXTURES[0] <= textures <= TEXTURES[1]:
        raise AnswerError(
            f"{100 * textures:.1f} points on the textures is not what six numbers leave. Are they "
            "the means *and* the standard deviations of the three colors, for each picture?"
        )
    if not SUNGLASSES[0] <= sunglasses <= SUNGLASSES[1]:
        raise AnswerError(
            f"{100 * sunglasses:.1f} points on the sunglasses is not what comes out. Is it the "
            "difference of two accuracies, with 10 labels of each kind in both?"
        )
    return (
        f"{100 * textures:.1f} points on the textures, {100 * sunglasses:.1f} on the sunglasses. "
        "photonet names almost every texture, but so do six numbers, nearly: little is left that "
        "it could have brought along. On the sunglasses it is wrong more often, and nearly all "
        "that it can do comes from its source. An accuracy alone does not tell; a plain baseline "
        "does."
    )


GAINS = Exercise(
    "04.5",
    "Is it transfer at all?",
    _gains,
    hints=(
        "`images.mean(axis=(1, 2))` has three numbers for each picture, and so has "
        "`images.std(axis=(1, 2))`. `np.concatenate([…, …], axis=1)` puts them side by side.",
        "`accuracy(network, task) - accuracy(six_numbers, task)`, for each of the two tasks.",
    ),
)

EXERCISES = (TWICE, MENDED, FOR_GRAY, JUDGED, GAINS)
