"""Cores and memory that this process may use, a container's limits included."""

import contextlib
import ctypes
import os
import re
from pathlib import Path


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


def _numbers(path: Path) -> list[int]:
    """The numbers in a small file; empty where there is no file, or no limit (`max`)."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if re.fullmatch(r"\d+", word)]
