"""Write the lists of files of the real photo tasks, from the prepared archives.

    python tools/make_photo_lists.py FOLDER_WITH_THE_ARCHIVES

Each `datasets/NAME/files.tsv` names the pictures of a task, says in which split each lies, and
holds digests: the first 32 of the 64 hex digits of SHA-256, of the prepared file and, where it is
known, of the original one. The splits are drawn here, once, with a fixed seed; the lists are what
the loaders go by.
"""

import csv
import hashlib
import io
import re
import sys
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from tlcourse.files.photo_sets import DIGITS

ROOT = Path(__file__).resolve().parents[1]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def read(archive: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The pictures by `class/file`, and the other files, of a prepared archive."""
    pictures, others = {}, {}
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            inside = name.partition("/")[2]
            (pictures if inside.endswith(".jpg") else others)[inside] = packed.read(name)
    return dict(sorted(pictures.items())), others


def by_class(names: list[str]) -> list[list[str]]:
    """The names of each class."""
    members = defaultdict(list)
    for name in names:
        members[name.split("/")[0]].append(name)
    return list(members.values())


def by_lot(names: list[str], counts: dict[str, int]) -> dict[str, str]:
    """Each class shuffled; the first so many are the test, the next the validation pictures."""
    dice, found = np.random.default_rng(0), {}
    for inside in by_class(names):
        order = dice.permutation(len(inside))
        ends = np.cumsum([counts["test"], counts["validation"]])
        for place, index in enumerate(order):
            part = "test" if place < ends[0] else "validation" if place < ends[1] else "train"
            found[inside[index]] = part
    return found


def by_number(names: list[str], shares: tuple[float, float]) -> dict[str, str]:
    """Each class in the order of its numbers: train first, then validation, then test."""
    found = {}
    for inside in by_class(names):
        inside.sort(key=lambda name: int(re.search(r"(\d+)\.jpg$", name)[1]))
        ends = [round(share * len(inside)) for share in shares]
        for place, name in enumerate(inside):
            part = "train" if place < ends[0] else "validation" if place < ends[1] else "test"
            found[name] = part
    return found


def by_group(groups: dict[str, str], counts: dict[str, int]) -> dict[str, str]:
    """Whole groups, in an order drawn by lot: to the test as long as each class has room there.

    Then to the validation pictures in the same way; what is left is for training.
    """
    members = defaultdict(list)
    for name, group in groups.items():
        members[group].append(name)
    order = sorted(members)
    np.random.default_rng(0).shuffle(order)
    found = {}
    for part in ("test", "validation"):
        room = Counter(dict.fromkeys({name.split("/")[0] for name in groups}, counts[part]))
        for group in order:
            wanted = Counter(name.split("/")[0] for name in members[group])
            if members[group][0] not in found and all(room[k] >= n for k, n in wanted.items()):
                room -= wanted
                found.update(dict.fromkeys(members[group], part))
        assert not room, f"{part}: {dict(room)} places could not be filled by whole groups"
    return {name: found.get(name, "train") for name in groups}


def write(task: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    target = ROOT / "datasets" / task / "files.tsv"
    target.parent.mkdir(exist_ok=True)
    lines = ["\t".join(row) for row in [header, *rows]]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    splits = Counter((row[0].split("/")[0], row[1]) for row in rows)
    print(target, f"{target.stat().st_size:,} bytes", dict(splits))


def flowers(folder: Path) -> None:
    pictures, others = read(folder / "flowers.zip")
    text = io.StringIO(others["CREDITS.tsv"].decode())
    credits = {
        row["file"]: row for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    }
    # An account is a photographer, whatever the name that it shows.
    account = {
        name: re.search(r"flickr\.com/photos/([^/]+)/", credits[name]["page"])[1]
        for name in pictures
    }
    split = by_group(account, {"test": 60, "validation": 40})
    rows = [
        (name, split[name], digest(content), account[name], credits[name]["photographer"])
        for name, content in pictures.items()
    ]
    write("flowers", ("file", "split", "digest", "account", "photographer"), rows)


def others(folder: Path) -> None:
    plan = {
        "satellite": ("eurosat_rgb.zip", {"test": 60, "validation": 40}),
        "blood_cells": ("blood_cells.zip", {"test": 60, "validation": 40}),
        "blood_cells_other_series": (
            "blood_cells_other_series.zip",
            {"test": 30, "validation": 5},
        ),
    }
    for task, (archive, counts) in plan.items():
        pictures, files = read(folder / archive)
        known = originals(files)
        split = by_lot(list(pictures), counts)
        rows = [(n, split[n], digest(content), known[n]) for n, content in pictures.items()]
        header = ("file", "split", "digest", "original")
        if all(row[2] == row[3] for row in rows):  # the prepared files are the original ones
            rows, header = [row[:3] for row in rows], header[:3]
        write(task, header, rows)


def originals(files: dict[str, bytes]) -> dict[str, str]:
    """Digests of the original files, as the archive's MANIFEST.csv records them."""
    rows = csv.DictReader(io.StringIO(files["MANIFEST.csv"].decode()))
    return {row["file"]: row["original_sha256"][:DIGITS] for row in rows}


def recycling(folder: Path) -> None:
    pictures, _ = read(folder / "trashnet.zip")
    names = list(pictures)
    number = by_number(names, (0.5, 0.7))
    trash = [name for name in names if name.startswith("trash/")]
    rest = [name for name in names if not name.startswith("trash/")]
    lot = by_lot(rest, {"test": 60, "validation": 40})
    lot |= by_lot(trash, {"test": 41, "validation": 27})  # as many as by number
    # MANIFEST.csv has digests of a copy, not of the authors' files: of no use for a check.
    rows = [(name, number[name], digest(pictures[name]), lot[name]) for name in names]
    write("recycling", ("file", "split", "digest", "by_lot"), rows)


if __name__ == "__main__":
    for make in (flowers, others, recycling):
        make(Path(sys.argv[1]))
