"""Cores and memory that this process may use, a container's limits included."""

import os
import re
from pathlib import Path


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use, a container's limit (Linux control groups) included."""
    limit = _numbers(cgroup / "cpu.max")  # version 2: quota and period, in microseconds
    if not limit:
        limit = _numbers(cgroup / "cpu/cpu.cfs_quota_us") + _numbers(
            cgroup / "cpu/cpu.cfs_period_us"
        )
    if len(limit) == 2 and limit[0] > 0:
        return max(1, min(_cores(), round(limit[0] / limit[1])))
    return _cores()


def usable_memory_mib(cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Main memory in MiB that this process may use, a container's limit included."""
    try:
        import psutil  # comes with Jupyter's kernel
    except ImportError:
        return None
    limits = _numbers(cgroup / "memory.max") or _numbers(cgroup / "memory/memory.limit_in_bytes")
    return min([psutil.virtual_memory().total, *limits]) // 2**20


def _numbers(path: Path) -> list[int]:
    """The numbers in a small file; empty where there is no file, or no limit (`max`)."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if re.fullmatch(r"-?\d+", word)]
