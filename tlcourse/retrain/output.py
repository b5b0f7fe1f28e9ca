"""The folder that model and report go to: asked about before the work, and never spoiled by it."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tlcourse.errors import AssetError, InputError
from tlcourse.retrain import export
from tlcourse.retrain.store import FEATURES

MODEL, REPORT, CARD, ADDED = "model.keras", "report.html", "MODEL_CARD.md", "ADDED.md"
FILES = (MODEL, REPORT, CARD, FEATURES, ADDED, *export.FILES)  # all that a run writes


def default_output(photos: Path) -> Path:
    """`PHOTOS-model` here; beside the photos where "here" is among them."""
    name = f"{photos.resolve().name}-model"
    here = Path.cwd()
    return Path(name) if not _within(here, photos) else photos.resolve().parent / name


@contextlib.contextmanager
def claimed(folder: Path, photos: Path, *, overwrite: bool) -> Iterator[None]:
    """Say at once what would otherwise come out after the training; leave no empty folder.

    Nothing is made here: the folder comes with the first file. So a run that is killed leaves none,
    and one that fails leaves none of those that it made and did not fill.

    Args:
        folder: for model and report.
        photos: the folder of photos.
        overwrite: whether files of an earlier run may be replaced.

    Raises:
        InputError: the folder lies among the photos, or holds files of an earlier run.
        AssetError: it cannot be written.
    """
    if _within(folder, photos):
        raise InputError(
            f"{folder} lies among the photos, where it would be taken for a class. Give a folder "
            f"elsewhere: --output {photos.resolve().parent / f'{photos.resolve().name}-model'}."
        )
    there = [folder / name for name in FILES if (folder / name).exists()]
    if there and not overwrite:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(there[0].stat().st_mtime))
        raise InputError(
            f"{folder} holds {' and '.join(path.name for path in there)} already, made {made}. "
            "To keep what is there, give another folder: --output FOLDER. To replace it, add "
            "--overwrite."
        )
    missing = _missing(folder)
    try:
        with tempfile.TemporaryFile(dir=missing[0].parent if missing else folder):
            pass
    except OSError as error:
        raise AssetError(
            f"The model cannot be written to {folder}: {error.strerror}. Give another folder: "
            "--output FOLDER."
        ) from error
    try:
        yield
    finally:
        for path in reversed(missing):
            with contextlib.suppress(OSError):  # what holds something stays
                path.rmdir()


def forget_report(folder: Path) -> None:
    """Remove what told of the model that has just been replaced."""
    for name in FILES[1:]:
        (folder / name).unlink(missing_ok=True)


def _missing(folder: Path) -> list[Path]:
    """The folders that are not there yet, the outermost first."""
    line = [folder.absolute(), *folder.absolute().parents]
    return [path for path in reversed(line) if not path.exists()]


def _within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve()) and folder.is_dir()
