"""Cores and memory that this process may use, a container's limits included."""

import contextlib
import ctypes
import mmap
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np


def visible_cpus() -> int:
    """Cores that this process may run on; a container's share of their time is not looked at."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_cpus() -> int:
    """Cores that this process may use, a container's limit (Linux control groups) included.

    A part of a core counts as one. `LOKY_MAX_CPU_COUNT` can set a lower limit.
    """
    import joblib

    return joblib.cpu_count()


def usable_memory_mib(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Main memory in MiB that this process may use, a container's limit included."""
    import psutil

    limits = _numbers(cgroup / "memory.max") or _numbers(cgroup / "memory/memory.limit_in_bytes")
    return min([psutil.virtual_memory().total, *limits]) // 2**20


def release_memory() -> None:
    """Give back to the system what is free already: glibc keeps it, for each thread of its own.

    A step that needed much once would else count for the whole run. Elsewhere it does nothing.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def release_pages(array: "np.ndarray") -> None:
    """Let go of what has been read of a memory map; of another array, do nothing.

    What is read again comes from the disk, or from where the system keeps what was read lately.
    Without this, a process that goes through a map has all of it in memory in the end. A map that
    is a private copy (mode `"c"`) stays as it is: its changes are nowhere else. On Windows, all do.

    Args:
        array: a memory map, a part of one, or any other array.
    """
    owner, private = array, False
    while owner is not None and not isinstance(owner, mmap.mmap):
        private = private or getattr(owner, "mode", "") == "c"
        owner = getattr(owner, "base", None)
    if owner is not None and not private and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def one_by_one(pictures: "np.ndarray") -> "Iterator[np.ndarray]":
    """Each picture; of a memory map, no more than one stays in memory."""
    for picture in pictures:
        yield picture
        release_pages(pictures)


def _numbers(path: Path) -> list[int]:
    """The numbers in a small file; empty where there is no file, or no limit (`max`)."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if re.fullmatch(r"\d+", word)]
