"""Exercises of lesson 7: feature extraction."""

from functools import cache

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice

KEPT = choice(
    "07.1",
    "What is gone with the pictures",
    "You have kept photonet's 256 features of each of your 10,000 pictures, and deleted the "
    "pictures. Which of these can you no longer do?",
    {
        "a": (
            "Try a random forest where you had logistic regression",
            "An algorithm sees nothing but the features. You can try as many as you like.",
        ),
        "b": (
            "Put the pictures into heaps that nobody has named",
            "k-means sees nothing but the features either. Afterwards you could not look at a "
            "heap, though.",
        ),
        "c": (
            "Train with random crops, other ones in each pass",
            "Each crop is another picture, and only the network can turn it into features. What is "
            "computed once cannot change from pass to pass: that is the price of method 3.",
        ),
        "d": (
            "Search for what resembles a new picture",
            "The network looks at the new picture alone. The old ones are compared by what was "
            "kept.",
        ),
    },
    right="c",
    hints=(
        "Which of them needs the network to look at something again?",
        "Features are computed once. Which of the four wants them to be different each time?",
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


def _bursts(answer: object) -> str:
    mixed, apart = answers.fractions(answer, 2)
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

EXERCISES = (KEPT, SIMILAR, JOINED, BURSTS)
