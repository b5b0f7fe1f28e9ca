"""Red and blue exchanged: in front of a network, or in one split."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.preprocessing import AS_IT_SHOULD, SURELY_NOT, application, backbones
from tlcourse.auditing.report import Finding
from tlcourse.machine.limits import one_by_one
from tlcourse.networks.backbones import preprocess_input

FEWEST = 20  # pictures of a split
SURE = 1e-4  # probability that two splits of one kind differ so much

WHY = (
    "Shapes look the same, so nothing looks wrong, and no error tells. But the network knows "
    "its colors: sky and skin, leaves and lips look strange to it."
)


def exchanged_inside(facts: Facts) -> Iterator[Finding]:
    """The order of the colors that a network of Keras gets, where pictures are as in the file."""
    sample = facts.data.sample
    if sample is None or sample.ndim != 4 or sample.shape[-1] != 3:
        return
    if sample.min() < 0 or sample.max() <= 2:
        return
    for path, name in backbones(facts):
        arriving, right = facts.arriving.get(path), application(name)
        if right is None or arriving is None or arriving.ndim != 4 or arriving.shape[-1] != 3:
            continue
        prepare = (lambda x: x) if name == right else preprocess_input(right)
        pictures = sample.astype("float32")
        made = np.asarray(prepare(pictures.copy()))
        backwards = np.asarray(prepare(pictures[..., ::-1].copy()))
        wrong = min(_apart(backwards, arriving), _apart(made[..., ::-1], arriving))
        if wrong < AS_IT_SHOULD and _apart(made, arriving) > SURELY_NOT:
            yield Finding(
                "error",
                "red and blue exchanged",
                f"{name} gets its colors in the wrong order: the means of what arrives are those "
                "of its own preprocessing, with red and blue exchanged.",
                WHY,
                "x = x[..., ::-1]  # once more, or leave out the exchange that is there; for "
                f"{name}, keras.applications does all of it",
            )
        return


def _apart(made: np.ndarray, arriving: np.ndarray) -> float:
    """As `preprocessing` measures it: of means and spreads, in spreads."""
    a, b = made.reshape(-1, 3), arriving.reshape(-1, 3)
    apart = np.abs(a.mean(axis=0) - b.mean(axis=0)) + np.abs(a.std(axis=0) - b.std(axis=0))
    return float(np.max(apart / np.maximum(a.std(axis=0), 1e-6)))


def exchanged_in_a_split(facts: Facts) -> Iterator[Finding]:
    """Two splits whose colors agree only if red and blue of one are exchanged."""
    colors = {
        name: np.stack([x.mean(axis=(0, 1), dtype="float64") for x in one_by_one(split.images)])
        for name, split in facts.data.splits.items()
        if split.images is not None
        and split.images.ndim == 4
        and split.images.shape[-1] == 3
        and split.images.dtype.kind in "uif"
        and len(split.images) >= FEWEST
    }
    for (first, a), (second, b) in combinations(colors.items(), 2):
        if _as_probable(a, b) < SURE and _as_probable(a[:, ::-1], b) > 0.05:
            yield Finding(
                "error",
                "red and blue exchanged",
                f"The colors of {first} and {second} differ much, and agree when red and blue of "
                f"one of them are exchanged (means {_three(a)} and {_three(b)}).",
                WHY + " OpenCV reads blue first, all others red.",
                "images = images[..., ::-1]  # of the split that OpenCV has read",
            )
            return


def _as_probable(a: np.ndarray, b: np.ndarray) -> float:
    """The lowest probability, of red, green, blue and red less blue, that both are of one kind."""
    from scipy.stats import ks_2samp

    pairs = [*zip(a.T, b.T, strict=True), (a[:, 0] - a[:, 2], b[:, 0] - b[:, 2])]
    return min(float(ks_2samp(x, y).pvalue) for x, y in pairs)


def _three(colors: np.ndarray) -> str:
    return ", ".join(f"{mean:.3g}" for mean in colors.mean(axis=0))


CHECKS = (exchanged_inside, exchanged_in_a_split)
