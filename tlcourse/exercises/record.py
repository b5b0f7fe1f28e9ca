"""What a learner has done, kept in one file that nothing can spoil.

One line of JSON an exercise, in the user's data folder (`TLCOURSE_DATA` to change it). It is read,
joined with what is new and replaced as a whole, under a lock: two notebooks, or a kill at any
moment, lose nothing. A copy beside it gives back what a damaged file has lost.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tlcourse.errors import AssetError
from tlcourse.files.assets import atomic_path

NAME = "progress.jsonl"
LOCK_SECONDS = 10
# What this kernel knows, also where the folder cannot be written.
_here: dict[str, str] = {}


def data_dir() -> Path:
    """The folder that a learner's record is kept in."""
    if folder := os.environ.get("TLCOURSE_DATA"):
        return Path(folder).expanduser()
    from platformdirs import user_data_path

    return user_data_path("tlcourse", appauthor=False)


def earned(id: str) -> str:
    """Put a right answer on record. Gives a remark when something needs one, else nothing."""
    return _add(id, "right")


def tried(id: str) -> str:
    """Put a wrong answer on record; it opens the solution."""
    return _add(id, "tried")


def was_tried(id: str) -> bool:
    """Whether an answer, right or wrong, was ever checked."""
    return id in _here or id in _lines(data_dir() / NAME)[0]


def read() -> tuple[dict[str, str], str]:
    """Id → `"right"` or `"tried"`, and a remark where a file was damaged.

    A damaged file is set aside as `progress.damaged-TIME`, and put together again from its good
    lines and the copy.
    """
    file = data_dir() / NAME
    try:
        with _locked(file):
            return _read(file)
    except (OSError, AssetError, TimeoutError):
        return dict(_here), ""


def known() -> tuple[dict[str, str], str]:
    """What `read` gives, joined with what this kernel knows."""
    states, remark = read()
    return _join(states, _here), remark


def _add(id: str, state: str) -> str:
    if os.environ.get("NBGRADER_EXECUTION"):
        return ""  # somebody's answers are being graded: they are not those of this user
    _here[id] = _better(state, _here.get(id))
    file = data_dir() / NAME
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(file):
            known, remark = _read(file)
            joined = _join(known, _here)
            if joined != known or not file.is_file():
                _write(file, joined)
            return remark
    except (OSError, AssetError, TimeoutError) as error:
        return f"(It could not be put on record in {file.parent}: {error})"


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    from filelock import FileLock

    with FileLock(file.with_suffix(".lock"), timeout=LOCK_SECONDS):
        yield


def _read(file: Path) -> tuple[dict[str, str], str]:
    states, damaged = _lines(file)
    if not damaged:
        return states, ""
    kept, _ = _lines(_copy_of(file))
    aside = file.with_name(f"progress.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    joined = _join(_join(states, kept), _here)
    os.replace(file, aside)
    _write(file, joined)
    done = sum(state == "right" for state in joined.values())
    return joined, (
        f"(The record of your exercises was damaged. It was set aside as {aside.name} in "
        f"{aside.parent}, and put together again: {done} right.)"
    )


def _lines(file: Path) -> tuple[dict[str, str], bool]:
    """What the good lines of a file say, and whether there are others."""
    try:
        text = file.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return {}, False
    found: dict[str, str] = {}
    damaged = False
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            id, state = entry["exercise"], entry["state"]
            if not isinstance(id, str) or state not in ("right", "tried"):
                raise ValueError(state)
            found[id] = _better(state, found.get(id))
        except (ValueError, KeyError, TypeError):
            damaged = True
    # The last line says that it is the last, so that a file cut at a line's end is noticed.
    ended = found.pop("end", None) is not None
    return found, damaged or not ended


def _better(new: str, old: str | None) -> str:
    return "right" if "right" in (new, old) else new


def _join(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return {id: _better(one.get(id, "tried"), other.get(id)) for id in sorted({*one, *other})}


def _copy_of(file: Path) -> Path:
    return file.with_suffix(".copy.jsonl")


def _write(file: Path, states: dict[str, str]) -> None:
    entries = [*states.items(), ("end", "right")]
    text = "".join(json.dumps({"exercise": id, "state": state}) + "\n" for id, state in entries)
    for target in (_copy_of(file), file):
        with atomic_path(target) as draft:
            draft.write_text(text, "utf-8")
