"""A progress bar for whatever takes more than a few seconds."""

import os
from collections.abc import Iterable


def with_bar(items: Iterable, label: str, total: int | None = None) -> Iterable:
    """`items`, with a bar that goes away at the end; without one if `TQDM_DISABLE` is set.

    Items that have no length need their number as `total`.

    tqdm itself reads that variable in a terminal, but not in a notebook.
    """
    if os.environ.get("TQDM_DISABLE", "") not in ("", "0"):
        return items
    from tqdm.auto import tqdm

    return tqdm(items, label, total, leave=False)
