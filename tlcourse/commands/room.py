"""`tlcourse room`: fill a folder with all that the lessons fetch, draw and compute.

For a room without a network: a server's folder that everybody may read, or a USB stick. With
`TLCOURSE_SHARED` set to it, a lesson finds everything there and only writes what is new.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlcourse.commands import fetch
from tlcourse.errors import AssetError, CourseError
from tlcourse.files import assets
from tlcourse.files.assets import PACKAGE
from tlcourse.files.keras_weights import find_weights
from tlcourse.files.photo_files import cached_name, can_be_had
from tlcourse.files.photo_sets import SETS
from tlcourse.networks.needs import SMALL, bring, needs_of, weights_of
from tlcourse.notebooks import execute, lessons_in

LESSONS = PACKAGE.parent / "lessons"


def fill(folder: Path, lessons: Sequence[Path]) -> list[str]:
    """Run each lesson once with `folder` as its cache; that leaves there all that it needs.

    Args:
        folder: made where it is not there. What is in it stays.
        lessons: notebooks; they are not changed.

    Returns:
        A line for each lesson that stopped, with the reason. Empty where all went well.
    """
    import nbclient
    import nbformat

    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # Keras keeps its weights in a folder of its own, and a learner's lesson may have fetched some.
    places = {"TLCOURSE_CACHE": str(folder), "KERAS_HOME": str(folder), "TLCOURSE_SHARED": ""}
    stopped = []
    for path in lessons:
        start = time.perf_counter()
        notebook = nbformat.read(path, as_version=4)
        try:
            # What the kernel says of itself, such as how it is connected, is not for the reader.
            variables = {**os.environ, **places, "TQDM_DISABLE": "1"}
            execute(notebook, path.parent, variables, stderr=subprocess.DEVNULL)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
        except nbclient.exceptions.CellExecutionError as error:
            stopped.append(f"{path.name} stopped: {error.ename}: {error.evalue}")
            print(stopped[-1], flush=True)
        except nbclient.exceptions.DeadKernelError:
            stopped.append(f"{path.name} stopped: Python died. Was the memory full?")
            print(stopped[-1], flush=True)
    return stopped


def pack(folder: Path) -> list[str]:
    """Copy the sets of photos and Keras's small weights that are here; nothing is loaded.

    Args:
        folder: of the room.

    Returns:
        The names of what was not here, and so is not in the room's folder.
    """
    lacking = []
    for name in SETS:
        kept = assets.all_in_cache(cached_name(name))
        if kept and kept[0] != folder / cached_name(name):
            with assets.atomic_path(folder / cached_name(name)) as draft:
                shutil.copyfile(kept[0], draft)
        elif not kept and can_be_had(name):
            with _room_as_cache(folder):
                bring(name)
        elif not kept:
            lacking.append(name)
    for name in SMALL:
        if path := find_weights(weights_of(name).name):
            target = folder / "models" / path.name
            if path != target:
                with assets.atomic_path(target) as draft:
                    shutil.copyfile(path, draft)
        else:
            lacking.append(name)
    return lacking


@contextlib.contextmanager
def _room_as_cache(folder: Path) -> Iterator[None]:
    """Let what is fetched go into the room's folder, and look for it nowhere else."""
    places = {"TLCOURSE_CACHE": str(folder.resolve()), "TLCOURSE_SHARED": ""}
    before = {name: os.environ.get(name) for name in places}
    os.environ.update(places)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _needs(lesson: Path) -> tuple[str, ...]:
    return needs_of(json.loads(lesson.read_text("utf-8")))


def collect_wheels(folder: Path) -> int:
    """Download all packages of the course into `folder`; gives pip's exit status.

    They are for the system and the Python that this runs on.
    """
    root = PACKAGE.parent
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)]
    command += ["--constraint", str(root / "constraints.txt")]
    # What builds the course itself, since a machine without a network cannot fetch that either.
    return subprocess.call([*command, f"{root}[dev,text]", "hatchling", "editables"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tlcourse room FOLDER`; 1 when a lesson stopped or a package could not be had."""
    parser = argparse.ArgumentParser(
        prog="tlcourse room",
        description="Fill a folder for a room without a network. Runs every lesson once, which "
        "takes about ten minutes and shows that they run.",
    )
    parser.add_argument("folder", type=Path, help="a shared folder, or one on a USB stick")
    parser.add_argument("--wheels", action="store_true", help="put the Python packages there too")
    parser.add_argument("--lessons", type=Path, default=LESSONS, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    lessons = lessons_in(options.lessons)
    if not lessons:
        raise CourseError(
            f"There are no lessons in {options.lessons}. They come with the course's repository, "
            "not with the package: run this in a clone."
        )
    options.folder.mkdir(parents=True, exist_ok=True)
    lacking = pack(options.folder.resolve())
    failed = False
    with _room_as_cache(options.folder):  # all of it is to be here, whatever is elsewhere
        try:
            fetch.main(["minilm"])
        except AssetError as error:  # the lessons that do without it are worth having
            print(error, file=sys.stderr)
            failed = True
        waiting = [path for path in lessons if set(_needs(path)) & set(lacking)]
        failed |= bool(fill(options.folder, [path for path in lessons if path not in waiting]))
    if options.wheels:
        failed |= bool(collect_wheels(options.folder / "wheels"))
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(options.folder).free
    print(f"{options.folder} holds {size / 1e6:,.0f} MB ({free / 1e9:.0f} GB are free there).")
    if lacking:
        print(f"Not here, and so not packed: {', '.join(lacking)}.")
        print("Those that you want: `tlcourse fetch NAME …` with a network, then this again.")
    for path in waiting:
        print(f"{path.name} was not run: it needs {', '.join(_needs(path))}.")
    print(f"On each machine: TLCOURSE_SHARED={options.folder.resolve()}")
    return int(failed)
