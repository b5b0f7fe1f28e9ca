"""Mistakes about the labels: what they are, and whether they belong to their pictures."""

from collections.abc import Callable, Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from tlcourse.auditing.data import Pictures, class_numbers, digests, is_class_labels
from tlcourse.auditing.facts import Facts
from tlcourse.auditing.hearing import features
from tlcourse.auditing.outputs import predicts_a_quantity
from tlcourse.auditing.report import Finding

FEWEST, MOST = 200, 600  # pictures by which labels are asked,
INSIDE = 200  # and of them, with what a network makes of them: that may take long
EACH = 10  # the fewest of a class
CHANCE = 0.03  # a share of shuffles above this that do as well: no better than chance
SHUFFLES = 59
AT_A_TIME = 32  # pictures as floating-point numbers: 32 of 224 pixels a side are 19 MB


def labels_are_numbers(facts: Facts) -> Iterator[Finding]:
    """Labels that are words, or NaN."""
    for name, split in facts.data.splits.items():
        labels = split.labels
        if labels is None or not len(labels):
            continue
        if labels.dtype.kind in "USO":
            yield Finding(
                "error",
                "labels",
                f"The labels of {name} are no numbers; the first is {str(labels.ravel()[0])!r}.",
                "A loss compares numbers. Keras stops with an error that speaks of types.",
                "names = sorted(set(labels))\n"
                f"labels = np.array([names.index(label) for label in labels])  # of {name}",
            )
        elif labels.dtype.kind == "f" and not np.isfinite(labels).all():
            bad = ~np.isfinite(labels.reshape(len(labels), -1)).all(axis=1)
            yield Finding(
                "error",
                "not a number",
                f"{bad.sum()} of {len(bad)} labels of {name} are NaN or infinite, number "
                f"{int(np.argmax(bad))} the first.",
                "One of them makes the loss NaN, and with it every weight that learns.",
                "keep = np.isfinite(labels.reshape(len(labels), -1)).all(axis=1)\n"
                f"images, labels = images[keep], labels[keep]  # of {name}",
            )


def contradictions(facts: Facts) -> Iterator[Finding]:
    """The same picture with two labels."""
    known: dict[bytes, tuple[str, int, int]] = {}
    clashes = []
    for name, split in facts.data.splits.items():
        if split.images is None or not is_class_labels(split.labels) or predicts_a_quantity(facts):
            continue
        for at, (digest, label) in enumerate(
            zip(digests(split), class_numbers(split.labels), strict=True)
        ):
            first = known.setdefault(digest, (name, at, int(label)))
            if first[2] != label:
                clashes.append((first, (name, at, int(label))))
    if clashes:
        (a, i, x), (b, j, y) = clashes[0]
        plural = "s have" if len(clashes) > 1 else " has"
        many = len(clashes) > 0.01 * len(known)
        yield Finding(
            "error" if many else "warning",
            "contradicting labels",
            f"{len(clashes)} picture{plural} two labels: number {i} of {a} is {x}, and the same "
            f"picture, number {j} of {b}, is {y}.",
            "Not both can be right. Whatever the model says, it is wrong once, and what it learns "
            "from one it unlearns from the other.",
            f"plt.imshow(images[{j}].astype('uint8'))  # of {b}: look, and keep the right one",
        )


# ------------------------------------------------------------------ do they fit their pictures?


def labels_by_chance(facts: Facts) -> Iterator[Finding]:
    """Labels that nothing in the pictures tells, by a probe."""
    for name, split in facts.data.splits.items():
        asked = to_ask(facts, split)
        if asked is None:
            continue
        labels = class_numbers(split.labels)[asked]
        images = split.images[asked]
        if any(_share_as_good(look(images), labels) <= CHANCE for look in (_colors, _plain)):
            continue  # colors and edges suffice to see that labels and pictures belong together
        asked, labels = asked[:INSIDE], labels[:INSIDE]
        inside = features(facts.model, facts.head[0], split.images[asked])
        if _share_as_good(inside, labels) <= CHANCE:
            continue
        yield Finding(
            "error",
            "labels by chance",
            f"Of {len(asked)} pictures of {name}, neither colors and edges nor the features of "
            "this network tell the label better than chance: labels that are shuffled do as well.",
            "Mostly, pictures and labels were put into an order of their own: one was shuffled or "
            "sorted, and the other was not. Or the pictures do not show what is asked.",
            "order = np.random.default_rng(0).permutation(len(labels))\n"
            "images, labels = images[order], labels[order]  # both, where you shuffle",
        )
        return


def to_ask(facts: Facts, split: Pictures) -> np.ndarray | None:
    """Numbers of the pictures by which labels are asked; None where that would not tell."""
    images, labels = split.images, split.labels
    if images is None or images.ndim != 4 or not is_class_labels(labels):
        return None
    if not facts.pretrained or not facts.head or facts.output is None:
        return None
    if images.dtype.kind not in "uif" or predicts_a_quantity(facts):
        return None
    counts = np.bincount(class_numbers(labels))
    counts = counts[counts > 0]
    if len(counts) < 2 or len(labels) < FEWEST or counts.min() < EACH:
        return None
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        return None
    order = np.random.default_rng(0).permutation(len(labels))  # as Keras has them: often sorted
    return order[:MOST]


def _share_as_good(features: np.ndarray, labels: np.ndarray) -> float:
    """Share of shuffled labels that a linear probe, leaving one out, predicts as well as these."""
    x = features.reshape(len(features), -1).astype("float64")
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    x = x[:, x.std(axis=0) > 0]
    if not x.shape[1]:
        return 1.0
    with threadpool_limits(1, "blas"):  # where other programs compute, threads wait for each other
        return _as_good(x, labels)


def _as_good(x: np.ndarray, labels: np.ndarray) -> float:
    vectors, lengths, _ = np.linalg.svd(x, full_matrices=False)
    values = lengths**2
    rng = np.random.default_rng(0)
    trials = np.stack([labels, *(rng.permutation(labels) for _ in range(SHUFFLES))])
    wanted = np.eye(labels.max() + 1, dtype="float32")[trials.T]  # (n, trials, classes)
    flat = wanted.reshape(len(labels), -1)
    best = np.zeros(len(trials))
    for strength in (0.03, 0.3, 3.0):  # of the ridge; the same choice is open to the shuffles
        kept = values / (values + strength * values.sum() / len(x) + 1e-12)
        hat = ((vectors * kept) @ vectors.T).astype("float32")
        own = np.diag(hat)[:, None]
        left_out = ((hat @ flat - own * flat) / (1 - own)).reshape(wanted.shape)
        best = np.maximum(best, (left_out.argmax(axis=2) == trials.T).mean(axis=0))
    return float(np.mean(best[1:] >= best[0]))


def _colors(images: np.ndarray) -> np.ndarray:
    """Mean and spread of each color: few numbers, so that a weak sign is seen in them."""
    return _by_parts(
        lambda part: np.concatenate([part.mean(axis=(1, 2)), part.std(axis=(1, 2))], axis=1), images
    )


def _plain(images: np.ndarray) -> np.ndarray:
    """Colors of 6×6 places, and how strong edges of four directions are in 4×4 places."""

    def look(part: np.ndarray) -> np.ndarray:
        down, across = np.gradient(part.mean(axis=-1), axis=(1, 2))
        edges = np.abs(np.stack([across, down, across + down, across - down], axis=-1))
        both = _places(part, 6), _places(edges, 4)
        return np.concatenate([found.reshape(len(part), -1) for found in both], axis=1)

    return _by_parts(look, images)


def _by_parts(look: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Numbers of pictures, a few of which are floating-point numbers at a time: for memory."""
    starts = range(0, len(images), AT_A_TIME)
    return np.concatenate([look(images[at : at + AT_A_TIME].astype("float32")) for at in starts])


def _places(maps: np.ndarray, count: int) -> np.ndarray:
    """The sum of each of count × count places of a map."""
    for axis in (1, 2):
        starts = np.unique(np.linspace(0, maps.shape[axis], count, endpoint=False).astype(int))
        maps = np.add.reduceat(maps, starts, axis=axis)
    return maps


CHECKS = (labels_are_numbers, contradictions, labels_by_chance)
