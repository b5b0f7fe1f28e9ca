"""Real photos and weights for the tests, where this machine has them.

They are looked for in `TLCOURSE_DATASETS`, then in `../shared` beside the repository, then among
what whoever runs the tests has fetched before. That is only read: the tests have a cache of their
own.
"""

import contextlib
import functools
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tlcourse.errors import CourseError
from tlcourse.files import assets
from tlcourse.files.keras_weights import weight_folders
from tlcourse.files.photo_files import cached_name
from tlcourse.files.photo_sets import SETS
from tlcourse.networks.needs import bring, needs_of

FOLDERS = "TLCOURSE_TEST_DATASETS"  # set in the first process, inherited by its workers
SHARED = Path(__file__).resolve().parents[3] / "shared"


def take_over(cache: Path) -> None:
    """Note where real data lies, and link the sets of photos that were fetched before."""
    folders = [*assets.given_dirs(), SHARED / "data", SHARED / "weights", *weight_folders()]
    os.environ[FOLDERS] = os.pathsep.join(str(path) for path in folders if path.is_dir())
    os.environ.pop("TLCOURSE_DATASETS", None)  # a test asks for them by `real_data`
    for name in SETS:
        for path in assets.all_in_cache(cached_name(name))[:1]:
            target = cache / cached_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.symlink_to(path)
            except OSError:  # Windows lets not everybody make links
                shutil.copyfile(path, target)


@contextlib.contextmanager
def real_data() -> Iterator[None]:
    """Let what is here be found, and no network be asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLCOURSE_DATASETS", os.environ.get(FOLDERS, ""))
        patch.setenv("TLCOURSE_OFFLINE", "1")
        yield


@functools.cache
def why_not(need: str) -> str:
    """Put what is named into the tests' cache; gives the reason where it cannot be had."""
    with real_data():
        try:
            bring(need)
        except CourseError as error:
            return f"{need} is needed: {error}"
    return ""


def need(*names: str) -> None:
    """Skip a test, with the reason, where something that it needs is not here."""
    for name in names:
        if reason := why_not(name):
            pytest.skip(reason)


def given_file(name: str) -> Path:
    """A file in one of the folders with real data; without it, the test is skipped."""
    folders = os.environ.get(FOLDERS, "").split(os.pathsep)
    for folder in filter(None, folders):
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    pytest.skip(f"{name} is in none of the folders {folders}")


def lacking(notebook: Path) -> str:
    """Why a notebook cannot be run here; empty where it can."""
    try:
        needs = needs_of(json.loads(notebook.read_text(encoding="utf-8")))
    except ValueError:  # nbval has better words for a file that is no notebook
        return ""
    return " ".join(filter(None, map(why_not, needs)))
