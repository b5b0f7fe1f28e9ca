"""What can go wrong that a person can mend. Each message says what was expected, and what to do."""

import difflib
from collections.abc import Iterable


class ImageFolderError(ValueError):
    """A photo folder cannot be used as it is; the message says what to mend."""


class AssetError(RuntimeError):
    """A file could not be found or fetched; the message says what to do."""


def did_you_mean(name: object, known: Iterable[str], *, cutoff: float = 0.5) -> str:
    """`"Did you mean 'cat' or 'rat'?"`, or an empty text where no known name is near.

    Args:
        name: what was asked for; upper and lower case count as the same.
        known: the names that there are.
        cutoff: how alike a name must be, 0 to 1 (`difflib.get_close_matches`).
    """
    spelled = {one.lower(): one for one in known}
    near = difflib.get_close_matches(str(name).lower(), spelled, n=3, cutoff=cutoff)
    return f"Did you mean {' or '.join(repr(spelled[one]) for one in near)}?" if near else ""
