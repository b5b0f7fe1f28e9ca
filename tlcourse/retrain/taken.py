"""When photos were taken, one after the other: by the camera's clock, and by runs of file names."""

import datetime
import itertools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tlcourse.machine.limits import usable_cpus

BURST, SOON = 2.0, 60.0  # seconds between two shots: one press of the button, and one scene
NEXT = 3  # numbers in file names: IMG_0412 and IMG_0415
_EXIF, _TAKEN, _PART, _MODEL = 0x8769, 0x9003, 0x9291, 0x0110


class Name(NamedTuple):
    """A file's name without its last number, and that number; -1 without one."""

    stem: str
    number: int


def split_name(path: Path) -> Name:
    """`chair01_3.jpg` is `chair01_` and 3, in its folder."""
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", path.stem)
    if not found:
        return Name(path.stem, -1)
    return Name(found[1] + found[3], int(found[2]))


def capture_time(path: Path) -> tuple[str, float] | None:
    """The camera and the second at which it took a photo, by EXIF; None where nothing says so."""
    try:
        with Image.open(path) as picture:
            marks = picture.getexif()
            inner = marks.get_ifd(_EXIF)
            when = datetime.datetime.strptime(str(inner[_TAKEN]).strip(), "%Y:%m:%d %H:%M:%S")
            part = str(inner.get(_PART, "")).strip()
            return str(marks.get(_MODEL, "")), when.timestamp() + float(f"0.{part}" if part else 0)
    except Exception:  # a damaged mark is none
        return None


def neighbors(paths: Sequence[Path], labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of photos of one class that were taken one after the other.

    Returns:
        Pairs of one burst, whatever they show, int (m, 2); and pairs that may be of one scene, if
        they look alike, int (k, 2).
    """
    with ThreadPoolExecutor(usable_cpus()) as threads:
        times = list(threads.map(capture_time, paths))
    burst, perhaps = [], []
    clock = [(labels[at], *time, at) for at, time in enumerate(times) if time]
    clock.sort()
    for (k, model, when, a), (other, same, then, b) in itertools.pairwise(clock):
        if (k, model) == (other, same) and then - when <= SOON:
            (burst if then - when <= BURST else perhaps).append((a, b))
    named = sorted((path.parent, *split_name(path), at) for at, path in enumerate(paths))
    for ahead in range(1, NEXT + 1):
        for first, second in zip(named, named[ahead:], strict=False):
            gap = second[2] - first[2]
            if first[:2] == second[:2] and first[2] >= 0 and 0 < gap <= NEXT:
                perhaps.append((first[3], second[3]))
    return tuple(np.array(pairs, int).reshape(-1, 2) for pairs in (burst, perhaps))


def order(paths: Sequence[Path]) -> np.ndarray:
    """The place of each photo among all, by folder and number: int (n,)."""
    named = sorted(range(len(paths)), key=lambda at: (paths[at].parent, *split_name(paths[at])))
    place = np.empty(len(paths), int)
    place[named] = np.arange(len(paths))
    return place
