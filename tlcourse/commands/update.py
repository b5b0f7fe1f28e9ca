"""`tlcourse update`: get the newest lessons, and lose nothing that was written into the old ones.

Git refuses to update a notebook that was run or changed here. This sets such notebooks aside
first, in `my-work/TIME`, and only those that the update would replace.
"""

import argparse
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tlcourse.errors import CourseError
from tlcourse.files.assets import PACKAGE

KEPT = "my-work"


class UpdateError(CourseError, RuntimeError):
    """The course could not be updated; all files are as they were."""


def update(root: Path) -> tuple[list[str], Path | None]:
    """Bring a clone of the course up to date.

    Args:
        root: folder of the clone.

    Returns:
        The files that were set aside, and the folder that they are in; none where none had to.

    Raises:
        UpdateError: it is no clone, the network or git failed, or there are commits of one's own.
    """
    root = Path(root)
    if not (root / ".git").exists():
        raise UpdateError(f"{root} is no clone made by git: download the course again beside it.")
    _git(root, "fetch", "--quiet")
    new = set(_names(root, "HEAD...@{upstream}"))
    # Also files of one's own under a name that the update brings along.
    own = _git(root, "ls-files", "-z", "--others").split("\0")
    here = sorted(new & {*_names(root, "HEAD"), *own})
    folder = root / KEPT / time.strftime("%Y-%m-%d_%H-%M-%S")
    for name in here:
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    aside = [name for name in here if (folder / name).is_file()]
    try:
        for name in here:
            (root / name).unlink(missing_ok=True)
            if _git(root, "ls-files", "--", name):
                _git(root, "checkout", "--quiet", "HEAD", "--", name)
        _git(root, "merge", "--quiet", "--ff-only", "@{upstream}")
    except UpdateError:
        for name in aside:
            shutil.copy2(folder / name, root / name)
        raise
    return aside, folder if aside else None


def _names(root: Path, *arguments: str) -> list[str]:
    return [n for n in _git(root, "diff", "--name-only", "-z", *arguments).split("\0") if n]


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise UpdateError("git is not installed.") from None
    if done.returncode:
        reason = done.stderr.strip().splitlines() or ["no reason given"]
        raise UpdateError(f"git {arguments[0]} failed: {reason[0]}")
    return done.stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tlcourse update`; returns 0.

    Raises:
        UpdateError: it could not be done.
    """
    parser = argparse.ArgumentParser(
        prog="tlcourse update",
        description="Get the newest lessons. A notebook that you have changed, and that the "
        f"update replaces, is set aside in {KEPT} first.",
    )
    parser.add_argument("--root", type=Path, default=PACKAGE.parent, help=argparse.SUPPRESS)
    root = parser.parse_args(argv).root
    try:
        aside, folder = update(root)
    except OSError as error:  # such as a full disk
        raise UpdateError(str(error)) from error
    for name in aside:
        print(f"{name}: yours is in {folder / name}")
    print("The course is up to date." + (" Yours was kept." if aside else ""))
    return 0
