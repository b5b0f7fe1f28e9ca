"""What an earlier run worked out: with the same photos, options and code it is read, not redone.

A result is a file of named arrays in the cache. Its name is a digest of all that decides it, the
course's own code included, so that no result outlives a change of the code that made it.
"""

import contextlib
import functools
import hashlib
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from tlcourse.errors import AssetError
from tlcourse.files import assets

Arrays = dict[str, np.ndarray]


def once(
    what: str,
    facts: Iterable[object],
    make: Callable[[], Arrays],
    keep: Callable[[Arrays], bool] = lambda made: True,
) -> Arrays:
    """Named arrays from the cache; or made now, and kept there for the next run.

    Args:
        what: the kind of result: the beginning of the file's name.
        facts: all that decides the result; each is taken as `str` gives it.
        make: works the result out.
        keep: whether what was made is whole: a run that was interrupted is no result.
    """
    words = "\0".join(map(str, [_code(), *facts]))
    key = hashlib.blake2b(words.encode(errors="surrogateescape"), digest_size=12).hexdigest()
    name = Path("retrain") / f"{what}-{key}.npz"
    for path in assets.all_in_cache(name):
        # A file that was cut off or changed is no reason to stop.
        with (
            contextlib.suppress(OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile),
            open(path, "rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            return dict(arrays)
    made = make()
    if keep(made):
        with contextlib.suppress(AssetError):  # the next run works it out again
            target = assets.cache_dir() / name
            with assets.atomic_path(target) as draft, open(draft, "wb") as file:
                np.savez(file, **made)
    return made


@functools.cache
def _code() -> str:
    """A digest of the course's code."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(assets.PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
