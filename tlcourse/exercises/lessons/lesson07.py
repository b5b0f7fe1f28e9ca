"""Exercises of lesson 7: feature extraction."""

from functools import cache

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise


class Corners:
    """What answers as a backbone does: the mean of each quarter of a picture, in NumPy."""

    def __init__(self):  # noqa: D107
        self.seen = 0

    def predict(self, images, **named) -> np.ndarray:
        """Features (n, 4) of images (n, height, width, 3)."""
        images = np.asarray(images, float)
        self.seen += len(images)
        n, height, width, _ = images.shape
        parts = images.reshape(n, 2, height // 2, 2, width // 2, 3)
        return parts.mean(axis=(2, 4, 5)).reshape(n, 4)

    __call__ = predict


def _both_ways(answer: object) -> str:
    call, backbone = answers.function(answer, "`with_mirrored`"), Corners()
    dice = np.random.default_rng(0)
    images = dice.integers(0, 256, (5, 4, 8, 3)).astype("uint8")
    labels = np.array([2, 0, 1, 4, 3])
    pair = call(backbone, images.copy(), labels.copy())
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise AnswerError("It must give two things: the features, and a label for each row.")
    eye = Corners()
    plain, mirrored = eye.predict(images), eye.predict(images[:, :, ::-1])
    if np.shape(pair[0]) == plain.shape:
        raise AnswerError(
            "There are as many rows as pictures. The pictures as they are *and* the mirrored ones "
            "were asked for: twice as many."
        )
    rows = answers.array(pair[0], (10, 4), "The features of 5 pictures and 5 mirrored ones")
    named = answers.whole_numbers(pair[1], (10,), "The labels")
    wanted = {
        tuple(np.round(row, 6)): k
        for row, k in zip([*plain, *mirrored], [*labels] * 2, strict=True)
    }
    found = [tuple(row) for row in np.round(rows, 6)]
    if set(found) != set(wanted):
        added = [row for row in found if row not in {tuple(x) for x in np.round(plain, 6)}]
        turned = {tuple(x) for x in np.round(plain[:, ::-1], 6)}
        upside = {tuple(x) for x in np.round(eye.predict(images[:, ::-1]), 6)}
        if not added:
            raise AnswerError(
                "Every row is there twice: nothing has been mirrored. `images[::-1]` turns the "
                "order of the *pictures* round."
            )
        if set(added) <= turned and backbone.seen < 10:
            raise AnswerError(
                "You have turned the rows of *features* round. Feature 1 of a mirrored picture is "
                "not the last feature of the picture: only the network can tell what it is."
            )
        if set(added) <= upside:
            raise AnswerError(
                "The pictures stand on their heads. The axes are pictures, height, width, channels."
            )
        raise AnswerError(
            "These are not the features of the pictures and of the mirrored pictures. Let the "
            "backbone look at both."
        )
    if [wanted[row] for row in found] != named.tolist():
        raise AnswerError(
            "The rows are right, and some labels belong to other rows. A mirrored picture has the "
            "label of its picture; are both in the same order?"
        )
    return (
        "Twice the features, twice the work of the network, once. That is the price of method 3: "
        "whatever augmentation you want, the network has to see it before the pictures are put "
        "away. Of stored features, none can be made."
    )


BOTH_WAYS = Exercise(
    "07.1",
    "Augmentation comes first",
    _both_ways,
    hints=(
        "What can still be changed once a picture is a row of features, and what has to happen "
        "before?",
        "`images[:, :, ::-1]` mirrors left and right. The backbone has to look at both.",
        "`np.concatenate([one, other])` puts rows below each other; the labels need the same.",
    ),
)


# ------------------------------------------------------------------ look-alike search

# Long rows and short ones, so that cosine, dot product and distance disagree.
QUERY = np.array([1.0, 0.1])
ROWS = np.array([[10, 10], [2, 0], [0, 1], [-1, 0], [0.9, 0.1], [3, 1]])


def _order(answer, query, rows, count) -> list[int]:
    found = np.asarray(answer(query.copy(), rows.copy(), count))
    if found.dtype.kind == "f" and (found != np.round(found)).any():
        raise AnswerError(
            "Your function gives similarities, distances, or the rows themselves. Their positions "
            "were asked for: `np.argsort` gives them."
        )
    found = found[0] if found.ndim == 2 and len(found) == 1 else found
    if found.ndim == 1 and len(found) == len(rows) > count:
        raise AnswerError(f"Your function gives all {len(rows)} rows, not the first {count}.")
    if found.ndim == 1 and 0 < len(found) != count:
        raise AnswerError(f"Your function gives {len(found)} positions where `count` is {count}.")
    return answers.whole_numbers(found, (count,), "What your function gives").tolist()


def cosine(query, rows):
    """How much each row points where the query does, from -1 to 1."""
    return rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)


def _similar(answer: object) -> str:
    call = answers.function(answer, "`most_similar`")
    found = _order(call, QUERY, ROWS, 3)
    distance = np.linalg.norm(ROWS - QUERY, axis=1)
    mistakes = {
        (0, 5, 1): "Long rows win: this is the product alone. Divide by the lengths of the rows.",
        tuple(np.argsort(distance)[:3]): "This goes by distance. Two rows can be far apart and "
        "point the same way: cosine similarity looks at the direction.",
        tuple(np.argsort(cosine(QUERY, ROWS))[:3]): "These are the least similar ones. A high "
        "cosine means alike, and `np.argsort` begins with the lowest.",
        (5, 1, 4): "The right rows, the least similar of them first. The most similar was asked "
        "for first.",
        (4, 1, 3): "With `abs`, a row that points the opposite way counts as alike.",
        (5, 2, 6): "Positions count from 0: the first row is at 0, not at 1.",
        (1, 5, 0): "The most similar row is left out. The picture that is looked for is not among "
        "these rows, so there is none to leave out.",
    }
    if tuple(found) in mistakes:
        raise AnswerError(mistakes[tuple(found)])
    if found != [4, 1, 5]:
        raise AnswerError(
            f"For the query {QUERY.tolist()} and the rows {ROWS.tolist()}, your function gives "
            f"{found}. Work out the cosine of each row by hand, and compare."
        )
    rng = np.random.default_rng(0)
    query, rows = rng.normal(size=8), rng.normal(size=(50, 8))
    if _order(call, query, rows, 5) != np.argsort(-cosine(query, rows))[:5].tolist():
        raise AnswerError("It works on six rows of 2 numbers, and not on 50 rows of 8.")
    return "The direction counts, not the length. This is all that a search for look-alikes needs."


SIMILAR = Exercise(
    "07.2",
    "The most similar pictures",
    _similar,
    hints=(
        "The cosine of two rows: their product (the sum of what is multiplied number by number), "
        "divided by the lengths of both.",
        "`features @ query` gives all products at once; `np.linalg.norm(features, axis=1)` the "
        "lengths.",
        "`np.argsort` sorts from low to high and gives positions. With a minus before the "
        "cosines, the most similar comes first.",
    ),
)


# ------------------------------------------------------------------ two parts of a network


def two_parts(parts=("stage2", "stage4"), pool="GlobalAveragePooling2D", weights="imagenet"):
    """photonet's maps at these layers, each pooled, side by side."""
    import keras

    from tlcourse import load_backbone

    backbone = load_backbone("photonet", weights=weights)
    maps = [backbone.get_layer(part).output for part in parts]
    rows = [getattr(keras.layers, pool)()(x) if pool else x for x in maps]
    joined = keras.layers.Concatenate()(rows) if len(rows) > 1 else rows[0]
    return keras.Model(backbone.input, joined)


@cache
def expected_parts() -> tuple[np.ndarray, ...]:
    """Pictures, and what the averages and the maxima of both parts are."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype("uint8")
    pools = ("GlobalAveragePooling2D", "GlobalMaxPooling2D")
    return pictures, *(np.asarray(two_parts(pool=p)(pictures, training=False)) for p in pools)


def _joined(answer: object) -> str:
    model = answers.model(answer)
    pictures, average, highest = expected_parts()
    given = model(pictures, training=False)
    if isinstance(given, (list, tuple, dict)):
        raise AnswerError(
            f"It has {len(given)} outputs. Put them side by side: one row for each picture."
        )
    given = np.asarray(given)
    if given.ndim == 4:
        raise AnswerError(
            f"It gives maps, {given.shape[1:]} for each picture. Average each over its places."
        )
    if given.shape != average.shape:
        raise AnswerError(
            f"It gives {given.shape[-1]} numbers for each picture. Stage 2 has 64 channels, "
            "stage 4 has 256: one number for each."
        )
    for order in (slice(None), np.roll(np.arange(320), -64)):  # stage 4 may come first
        if np.allclose(given, average[:, order], 1e-3, 1e-4):
            return (
                "320 numbers from one pass through the network. Patterns of stage 2 beside things "
                "of stage 4: the algorithm takes what it needs."
            )
        if np.allclose(given, highest[:, order], 1e-3, 1e-4):
            raise AnswerError(
                "It takes the highest value of each map. That is a way, too; the average was "
                "asked for."
            )
    raise AnswerError(
        "The number of outputs is right, their values are not those of photonet's stages 2 and 4. "
        "Use `photonet` as it was loaded, and hand the pictures to `photonet.input` as they are: "
        "it scales them inside."
    )


JOINED = Exercise(
    "07.3",
    "Two parts side by side",
    _joined,
    hints=(
        "`photonet.get_layer('stage2').output` is the map of stage 2. A model may end anywhere.",
        "Each map through `keras.layers.GlobalAveragePooling2D()`, both into "
        "`keras.layers.Concatenate()`, and `keras.Model(photonet.input, …)` around it.",
    ),
)


# ------------------------------------------------------------------ an experiment

# Measured, eight draws: 0.95 to 0.99 by pictures and 0.63 to 0.78 by things (one split alone 0.59
# to 0.83, the nearest neighbor 0.48 to 0.62).
LEAST_RANDOM, LEAST_APART, MOST_APART = 0.90, 0.45, 0.85
# With classes dealt out at random: 0.73 by pictures and 0.19 by things; guessing gives 0.17.
LEAST_KNOWN, MOST_NEW = 0.6, 0.4


@cache
def bursts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and things of the shots, (480, 256) and twice (480,), as in the notebook."""
    from tlcourse import load_backbone, load_task

    few = load_task("sunglasses").few_shot(20, seed=0).train
    thing = np.repeat(np.arange(len(few.labels)), 4)
    dice = np.random.default_rng(0)
    shots = np.stack([np.roll(few.images[t], dice.integers(-4, 5, 2), axis=(0, 1)) for t in thing])
    shots = shots * dice.uniform(0.8, 1.2, (len(shots), 1, 1, 1)) + dice.normal(0, 8, shots.shape)
    images = np.clip(shots, 0, 255).astype("uint8")
    return load_backbone("photonet").predict(images, verbose=0), few.labels[thing], thing


def _bursts(answer: object) -> str:
    call = answers.function(answer, "`both_splits`")
    features, labels, thing = bursts()
    mixed, apart = answers.fractions(call(features.copy(), labels.copy(), thing.copy()), 2)
    if apart >= 0.995:
        raise AnswerError(
            "Every picture right, with the things kept apart? Is it measured on the pictures of "
            "the training?"
        )
    if abs(mixed - apart) < 0.06:
        raise AnswerError(
            "Both splits give nearly the same. In the first, any picture may go to either side; in "
            "the second, all four shots of a thing stay on one."
        )
    if apart > MOST_APART:
        raise AnswerError(
            "The split of the pictures comes first in the pair, then that of the things."
        )
    if apart < 0.2:
        raise AnswerError(
            f"{apart:.2f} is no better than guessing. Were whole *classes* kept apart, so that the "
            "test has classes that the training had not? It is things that stay together."
        )
    if mixed < LEAST_RANDOM:
        raise AnswerError(
            f"{mixed:.2f} for the split of the pictures is too low. Is it made at random (they "
            "lie sorted by class), and do three quarters of them train?"
        )
    if apart < LEAST_APART:
        raise AnswerError(
            f"{apart:.2f} for the split of the things is too low. Do three quarters of the things "
            "train, and is it the mean of five splits?"
        )
    # With classes dealt out to the things by chance, a thing can be known, but no class learned.
    dealt = np.random.default_rng(1).permutation(labels[::4])[thing]
    known, new = answers.fractions(call(features.copy(), dealt, thing.copy()), 2)
    if known < LEAST_KNOWN or new > MOST_NEW:
        raise AnswerError(
            f"With classes dealt out to the things at random, it gives {known:.2f} and {new:.2f}: "
            "but then a shot of a known thing can be named, and no new thing. Is everything "
            "computed from the `features`, `labels` and `thing` that the function gets?"
        )
    return (
        f"{mixed:.1%} if the pictures are split, {apart:.1%} if the things are. Only the second "
        "tells about new things: the first also asks about things that were seen in training."
    )


BURSTS = Exercise(
    "07.4",
    "Four shots of each thing",
    _bursts,
    hints=(
        "`sklearn.model_selection.ShuffleSplit(5, test_size=0.25, random_state=0).split(features)` "
        "gives five pairs: positions to train on, positions to test on.",
        "`GroupShuffleSplit` does the same with groups that stay together: "
        "`.split(features, groups=…)`. What are the groups?",
        "For each pair: fit `logistic()` on the first positions, `score` on the second; then the "
        "mean of the five.",
    ),
)

EXERCISES = (BOTH_WAYS, SIMILAR, JOINED, BURSTS)
