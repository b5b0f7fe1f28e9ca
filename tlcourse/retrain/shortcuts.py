"""How far one gets without the thing: by colors alone, and by the border of the picture alone.

Where such a baseline comes near the model, the model may have learned the light or the background,
and fail where these are others (R. Geirhos and others, "Shortcut learning in deep neural networks",
2020, arXiv:2004.07780). It does not say that the model uses them, only that it could.
"""

from dataclasses import dataclass

import numpy as np

from tlcourse.data import Split
from tlcourse.machine.limits import one_by_one

COLOR, BORDER = "the colors alone", "the border alone"
LEVELS = 4  # of red, green and blue: 64 colors
CELLS = 8  # a side; the border is the outermost ring of them
NEAR = 0.6  # share of what the model adds to guessing, from which a baseline is told about
TREES = 200  # of a forest, but fewer where each is large:
COUNTS = 20_000_000  # photos times classes times trees, at most; 160 MB


@dataclass(frozen=True)
class Baseline:
    """What a forest says that sees only a part: its accuracy on the test photos."""

    name: str
    accuracy: float


def baselines(train: Split, test: Split, seed: int = 0) -> tuple[Baseline, ...]:
    """Accuracies on the test of what has learned from the training photos' colors, or border.

    Args:
        train: pictures and labels.
        test: the same.
        seed: of the random forest.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    trees = min(TREES, max(1, COUNTS // (len(train.labels) * (1 + int(train.labels.max())))))
    found = []
    for name, see in ((COLOR, colors), (BORDER, border)):
        forest = ExtraTreesClassifier(trees, min_samples_leaf=2, random_state=seed)
        forest.fit(see(train.images), train.labels)
        found.append(Baseline(name, float(forest.score(see(test.images), test.labels))))
    return tuple(found)


def suspicion(found: tuple[Baseline, ...], accuracy: float, guess: float) -> str:
    """What to look at, in a sentence; empty where no baseline comes near the model.

    Args:
        found: the baselines.
        accuracy: of the model, on the same photos.
        guess: accuracy of saying the most frequent class.
    """
    near = [one.name for one in found if one.accuracy - guess > NEAR * max(accuracy - guess, 0.05)]
    if not near:
        return ""
    return (
        f"With {' or '.join(near)} one gets near the model. Is that the thing itself, or the light "
        "and the place where a class was photographed? Test with photos from elsewhere."
    )


def colors(pictures: np.ndarray) -> np.ndarray:
    """How much of each of 64 colors is in a picture, wherever it lies: float32 (n, 64).

    Args:
        pictures: uint8 (n, size, size, 3).
    """
    step = max(1, pictures.shape[1] // 64)  # a quarter of a million pixels tells no more
    rows = []
    for picture in one_by_one(pictures):
        red, green, blue = (
            (np.asarray(picture[::step, ::step]) // (256 // LEVELS)).reshape(-1, 3).T.astype(int)
        )
        counts = np.bincount((red * LEVELS + green) * LEVELS + blue, minlength=LEVELS**3)
        rows.append(np.sqrt(counts / counts.sum()))
    return np.array(rows, "float32")


def border(pictures: np.ndarray) -> np.ndarray:
    """The mean colors of the 28 cells at the edge of a picture: float32 (n, 84).

    Args:
        pictures: uint8 (n, size, size, 3); an eighth on each side is looked at.
    """
    step = pictures.shape[1] // CELLS
    ring = np.ones((CELLS, CELLS), bool)
    ring[1:-1, 1:-1] = False
    rows = []
    for picture in one_by_one(pictures):
        part = np.asarray(picture[: step * CELLS, : step * CELLS], "float32")
        cells = part.reshape(CELLS, step, CELLS, step, 3).mean(axis=(1, 3))
        rows.append(cells[ring].ravel())
    return np.array(rows, "float32")
