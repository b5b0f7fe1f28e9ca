"""How far a mean of a few runs can be trusted."""

import numpy as np


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of (n,) values, n at least 2, by Student's t-distribution."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(np.mean(values) - half), float(np.mean(values) + half)
