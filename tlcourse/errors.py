"""What can go wrong that a person can mend. Each message says what was expected, and what to do."""

import difflib
from collections.abc import Iterable


class CourseError(Exception):
    """The course's own errors. A command and a demo show the message, and no traceback.

    A bug must never look like one: what Python and other packages raise is none.
    """

    status = 1  # exit status of a command that ends with it


class InputError(CourseError, ValueError):
    """What was given or asked for will not do; the message says what will."""


class ImageFolderError(CourseError, ValueError):
    """A photo folder cannot be used as it is; the message says what to mend."""


class AssetError(CourseError, RuntimeError):
    """A file could not be found, fetched, read or written; the message says what to do."""


class Stopped(CourseError):  # noqa: N818 - it is no error
    """A person has stopped it by Ctrl-C; the message says what there is by now."""

    status = 130


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
