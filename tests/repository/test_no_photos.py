"""No photo of the real sets is in the repository: neither as a file, nor within an archive."""

import base64
import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.what_is_here import need
from tlcourse.files.photo_files import load_photos
from tlcourse.files.photo_sets import DIGITS, SETS, photo_list

ROOT = Path(__file__).resolve().parents[2]
PHOTO = (".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
PACKED = (".zip", ".tgz", ".tar", ".gz", ".npy", ".h5", ".7z")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_there_are_no_photo_files_and_no_archives():
    wrong = [p for p in tracked() if p.suffix.lower() in (*PHOTO, *PACKED)]
    assert wrong == []


def test_no_file_is_one_of_the_chosen_pictures():
    known = {d for name in SETS for p in photo_list(name) for d in (p.digest, p.original) if d}
    assert len(known) > 8000
    wrong = [
        path
        for path in tracked()
        if hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS] in known
    ]
    assert wrong == []


@pytest.mark.slow
def test_no_file_holds_the_bytes_of_a_chosen_picture():
    """As they stand in a plain archive, and as a notebook has them (base64)."""
    need(*SETS)
    pieces = set()
    for name in SETS:
        for content in load_photos(name)[0].values():
            middle = len(content) // 2 - len(content) // 2 % 3  # no two pictures are alike there
            piece = content[middle : middle + 48]
            pieces |= {piece, base64.b64encode(piece)}
    assert held(b"x" + min(pieces) + b"x", pieces)
    assert [path for path in tracked() if held(path.read_bytes(), pieces)] == []


def held(content: bytes, pieces: set[bytes]) -> bool:
    """Whether one of the pieces stands in a file, at whatever place."""
    starts = np.array([int.from_bytes(piece[:8], "little") for piece in pieces], np.uint64)
    for shift in range(8):
        words = np.frombuffer(content[shift : len(content) - (len(content) - shift) % 8], "<u8")
        for place in np.flatnonzero(np.isin(words, starts)) * 8 + shift:
            if any(content[place : place + len(piece)] == piece for piece in pieces):
                return True
    return False
