"""What a model is worth: accuracy, its interval, mistakes; and whether more photos would help."""

from dataclasses import dataclass

import numpy as np

from tlcourse.transfer.probe import linear_probe

SHARES = (0.125, 0.25, 0.5, 1.0)
# Validation photos, in all and of the smallest class, below which nothing is said of more photos:
# with 20, one photo is five points.
ENOUGH, ENOUGH_OF_EACH = 50, 5


@dataclass(frozen=True)
class Judgment:
    """How a model does on photos that it has not seen.

    Attributes:
        probabilities: (n, classes).
        labels: (n,), the right answers.
        interval: 95 % interval of the accuracy (Wilson).
        confusion: (classes, classes) counts: right answers down, answers given across.
        precision: (classes,), of the answers "k", the share that is right; NaN without any.
        recall: (classes,), of the photos of class k, the share that was found; NaN without any.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    interval: tuple[float, float]
    confusion: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @property
    def answers(self) -> np.ndarray:
        """The classes that the model says, (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of the photos that got the right answer."""
        return float(np.mean(self.answers == self.labels))

    @property
    def guess(self) -> float:
        """Accuracy of saying the most frequent class of these photos."""
        return float(np.bincount(self.labels).max() / len(self.labels))

    @property
    def balanced_accuracy(self) -> float:
        """Mean of what was found of each class that has photos: each class counts the same."""
        return float(np.nanmean(self.recall))

    @property
    def macro_f1(self) -> float:
        """Mean of F1 over the classes that have photos, each 2pr / (p + r); 0 without answers."""
        counts = self.confusion.sum(axis=1)
        both = counts + self.confusion.sum(axis=0)
        return float(np.mean(2 * np.diag(self.confusion)[counts > 0] / both[counts > 0]))

    def worst(self, most: int) -> np.ndarray:
        """Indices of the mistakes that the model was surest of, the surest first."""
        wrong = np.flatnonzero(self.answers != self.labels)
        sureness = self.probabilities.max(axis=1)[wrong]
        return wrong[np.argsort(-sureness, kind="stable")[:most]]


def judge(probabilities: np.ndarray, labels: np.ndarray) -> Judgment:
    """Compare answers with labels.

    Args:
        probabilities: (n, classes).
        labels: int (n,).
    """
    from sklearn.metrics import confusion_matrix, precision_score, recall_score

    answers = probabilities.argmax(axis=1)
    classes = np.arange(probabilities.shape[1])  # also those of which there is no photo
    each = {"labels": classes, "average": None, "zero_division": np.nan}
    return Judgment(
        probabilities=probabilities,
        labels=labels,
        interval=wilson(int(np.sum(answers == labels)), len(labels)),
        confusion=confusion_matrix(labels, answers, labels=classes),
        precision=precision_score(labels, answers, **each),
        recall=recall_score(labels, answers, **each),
    )


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a share, by E. B. Wilson (J. Am. Stat. Assoc. 22, 1927, p. 209).

    It stays within 0 and 1, and is not of length 0 when all answers are right.
    """
    from scipy.stats import binomtest

    found = binomtest(right, total).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)


@dataclass(frozen=True)
class LearningCurve:
    """Validation accuracy of a probe against the number of training photos.

    Attributes:
        sizes: (s,) photos, of all classes together.
        accuracies: (s, draws); the last size has the same number in each, as all photos are in.
        gain: what the second half of the photos added, and
        error: standard error of that, from the number of validation photos.
        photos: how many of them there are, and
        least: how many of the class that has the fewest.
    """

    sizes: tuple[int, ...]
    accuracies: np.ndarray
    gain: float
    error: float
    photos: int
    least: int

    @property
    def verdict(self) -> str:
        """Whether more photos would help, in a sentence."""
        told = (
            f"The second half of the training photos added {100 * self.gain:+.1f} points of "
            f"validation accuracy (standard error {100 * self.error:.1f})"
        )
        if self.photos < ENOUGH or self.least < ENOUGH_OF_EACH:
            few = f"{self.photos} validation photos"
            if self.least < ENOUGH_OF_EACH:
                few += f", of one class {self.least}"
            return f"Whether more photos would help cannot be told: there are {few}."
        if self.gain - 2 * self.error > 0:
            return f"More photos would help. {told}, and the next ones should add to it."
        if self.gain + 2 * self.error < 0.02:
            return f"More photos of the same kind would hardly help. {told}."
        return f"Whether more photos would help is hard to tell. {told}, and that may be chance."


def learning_curve(
    training: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    regularization: float,
    balanced: bool = False,
    seed: int = 0,
) -> LearningCurve:
    """Probes on a part of the training photos, drawn class by class.

    Args:
        training: features (n, d) and labels (n,).
        validation: the same.
        regularization: C of the logistic regression.
        balanced: whether each class counts the same in training.
        seed: of the draws.
    """
    features, labels = training
    draws = 5 if len(labels) <= 2000 else 2
    dice = np.random.default_rng(seed)
    sizes, rows, right = [], [], {}
    for share in SHARES:
        marks = []
        for _ in range(draws):
            chosen = _draw(labels, share, dice)
            probe = linear_probe(
                features[chosen],
                labels[chosen],
                c_values=[regularization],
                class_weight="balanced" if balanced else None,
            )
            marks.append(probe.predict(validation[0]) == validation[1])
            if share == 1.0:
                marks *= draws
                break
        sizes.append(len(chosen))
        right[share] = np.mean(marks, axis=0)  # of each validation photo
        rows.append(np.mean(marks, axis=1))
    added = right[1.0] - right[0.5]
    error = error_of_mean(added)
    least = int(np.bincount(validation[1], minlength=int(labels.max()) + 1).min())
    return LearningCurve(
        tuple(sizes), np.array(rows), float(added.mean()), error, len(added), least
    )


def error_of_mean(changes: np.ndarray) -> float:
    """Standard error of the mean of what changed, a number from -1 to 1 for each photo.

    As if two more photos had changed, one in each direction (after A. Agresti and B. Coull, The
    American Statistician 52, 1998): where none has, chance is not nothing.
    """
    return float(np.sqrt(np.sum((changes - changes.mean()) ** 2) + 2) / (len(changes) + 2))


def _draw(labels: np.ndarray, share: float, dice: np.random.Generator) -> np.ndarray:
    """Indices of about that share of each class, at least one photo of each."""
    chosen = []
    for k in np.unique(labels):
        members = dice.permutation(np.flatnonzero(labels == k))
        chosen.append(members[: max(1, round(share * len(members)))])
    return np.sort(np.concatenate(chosen))
