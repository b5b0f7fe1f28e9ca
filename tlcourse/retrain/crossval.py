"""What a probe says of each photo when it has learned from others: cross-validation in groups."""

import numpy as np
from threadpoolctl import threadpool_limits

FOLDS, FEW_FOLDS, MANY = 5, 3, 3000  # folds, and fewer of them from so many photos on


def held_out(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    regularization: float,
    balanced: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """Probabilities of each photo, by a linear probe that has seen nothing of its group.

    Args:
        features: (n, d).
        labels: int (n,), of classes 0 to k - 1.
        groups: int (n,); all different is plain cross-validation.
        regularization: C of the logistic regression.
        balanced: whether each class counts the same.
        seed: of the folds.

    Returns:
        float (n, k).
    """
    from sklearn.model_selection import StratifiedGroupKFold

    from tlcourse.transfer.probe import linear_probe

    folds = FOLDS if len(labels) <= MANY else FEW_FOLDS
    least = min(len(np.unique(groups[labels == k])) for k in np.unique(labels))
    split = StratifiedGroupKFold(max(2, min(folds, least)), shuffle=True, random_state=seed)
    found = np.zeros((len(labels), labels.max() + 1))
    with threadpool_limits(1, "blas"):
        for learn, ask in split.split(features, labels, groups):
            if len(np.unique(labels[learn])) < 2:  # nothing to tell apart
                found[ask, labels[learn][0]] = 1
                continue
            probe = linear_probe(
                features[learn],
                labels[learn],
                c_values=[regularization],
                class_weight="balanced" if balanced else None,
            )
            found[np.ix_(ask, probe.classes_)] = probe.predict_proba(features[ask])
    return found
