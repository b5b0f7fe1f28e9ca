"""Answers to the exercises of lesson 22: what its checks must accept, and what not.

The numbers are read off datasets/real_tasks/real_tasks.csv by hand.
"""

import numpy as np

CELLS = 0.8604 - 0.9329  # means of five runs each
LEADS_NOWHERE = ["blood_cells", "digits"]


def fits(rows, old, new):
    """The solution of 22.3."""
    own = (rows - new.mean(axis=0)) / new.std(axis=0)
    return own * old.std(axis=0) + old.mean(axis=0)


def _sample(rows, old, new):
    gain = old.std(axis=0, ddof=1) / new.std(axis=0, ddof=1)
    return gain * (rows - new.mean(axis=0)) + old.mean(axis=0)


RIGHT = {
    "22.1": lambda: {"a number": CELLS, "a NumPy number": np.float32(CELLS)},
    "22.2": lambda: {"a list": LEADS_NOWHERE, "a set": set(LEADS_NOWHERE)},
    "22.3": lambda: {"by spread": fits, "of a sample": _sample},
}

WRONG = {
    "22.1": lambda: {
        "the other way": (-CELLS, "other way round"),
        "percent": (100 * CELLS, "fraction"),
        "one accuracy": (0.8604, "Subtract"),
        "text": ("behind", "without quotes"),
    },
    "22.2": lambda: {
        "all": (["flowers", "satellite", "blood_cells", "digits"], "does not belong there"),
        "the cells alone": (["blood_cells"], "more belong"),
        "the flowers": ("flowers", "ahead of random weights"),
        "no target": (["cats"], "Unknown"),
    },
    "22.3": lambda: {
        "half the way": (
            lambda rows, old, new: (rows - new.mean(0)) / new.std(0),
            "half of the way",
        ),
        "means alone": (lambda rows, old, new: rows - new.mean(0) + old.mean(0), "the spread"),
        "of the rows": (
            lambda rows, old, new: (rows - rows.mean(0)) / rows.std(0) * old.std(0) + old.mean(0),
            "Seven pictures",
        ),
        "one mean": (
            lambda rows, old, new: (rows - new.mean()) / new.std() * old.std() + old.mean(),
            "axis=0",
        ),
        "the other way": (
            lambda rows, old, new: (rows - old.mean(0)) / old.std(0) * new.std(0) + new.mean(0),
            "other way round",
        ),
    },
}
