"""Arrays kept on disk: computed once, then read by memory map. Pictures and features use it."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tlcourse.files import assets


def cached_array(
    relative: str | Path, make: Callable[[], np.ndarray], fits: Callable[[np.ndarray], bool]
) -> tuple[np.ndarray, assets.AssetError | None]:
    """Read an array from the caches, or make it and keep it.

    Args:
        relative: name of the `.npy` file in a cache.
        make: computes the array.
        fits: whether an array that was read has the right shape and type.

    Returns:
        The array, a read-only memory map where it is on disk, and what kept it from being
        saved, or None.
    """
    for path in assets.all_in_cache(relative):
        if (kept := read_array(path, fits)) is not None:
            return kept, None
    made, failure = make(), None
    target = assets.cache_dir() / relative
    try:
        with assets.atomic_path(target) as draft, open(draft, "wb") as file:
            np.save(file, made)
    except assets.AssetError as error:
        failure = error
    # Another process may have written it meanwhile; Windows then lets none replace it.
    if (kept := read_array(target, fits)) is not None:
        return kept, None
    return made, failure


def read_array(path: Path, fits: Callable[[np.ndarray], bool]) -> np.ndarray | None:
    """The array as a memory map; None when the file is not what it should be."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if fits(array):
            return array
    return None
