"""Memory that is given back: of a memory map, without losing what was written to it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tlcourse.machine.limits import release_pages


def resident() -> float:
    """MiB of main memory that this process has in use."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


@pytest.fixture
def numbers(tmp_path):
    """A file of 64 MiB."""
    path = tmp_path / "numbers.npy"
    np.save(path, np.arange(2**23, dtype="int64"))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident")
@pytest.mark.parametrize("part", [slice(None), slice(1, None, 2)], ids=["whole", "part"])
def test_what_was_read_of_a_map_is_given_back(numbers, part):
    kept = np.load(numbers, mmap_mode="r")[part]
    total = kept.sum()
    before = resident()
    release_pages(np.asarray(kept))
    assert before - resident() > 50
    assert kept.sum() == total


def test_what_was_written_to_a_map_is_still_there(numbers):
    kept = np.load(numbers, mmap_mode="r+")
    kept[5] = -1
    release_pages(kept[:100])
    assert kept[5] == -1
    assert np.load(numbers)[5] == -1


def test_changes_that_are_nowhere_else_stay(numbers):
    kept = np.load(numbers, mmap_mode="c")
    kept[5] = -1
    release_pages(kept)
    release_pages(kept[:100].view(np.ndarray))
    assert kept[5] == -1


def test_an_array_in_memory_stays_as_it_is():
    plain = np.arange(3)
    release_pages(plain)
    assert plain.tolist() == [0, 1, 2]
