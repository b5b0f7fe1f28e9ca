"""`tlcourse retrain add FOLDER --to OUTPUT`: one more class for a model that retrain made."""

import argparse
from pathlib import Path

from tlcourse.errors import AssetError, ImageFolderError, Stopped
from tlcourse.retrain.add import Added, add
from tlcourse.retrain.added import summary, write_added
from tlcourse.retrain.output import ADDED, MODEL, claimed

ABOUT = """Add a class to a model that `tlcourse retrain` made, by photos of that class alone.

The old photos are not needed: what the model knows of them is in features.npz, beside it. The old
classes are tested again, on the old test photos' features, and what they lose is told. The new
model goes into a folder of its own."""


def main(argv: list[str] | None = None) -> int:
    """Add the class; returns 0.

    Raises:
        CourseError: it cannot be done, or was interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="tlcourse retrain add",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder", type=Path, metavar="NEW_CLASS_FOLDER",
        help="the photos of the new class; the folder's name is the name of the class",
    )  # fmt: skip
    parser.add_argument(
        "--to", type=Path, required=True, metavar="OUTPUT",
        help="the output folder of an earlier run",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER",
        help="where the new model goes (default: OUTPUT-and-CLASS, beside OUTPUT)",
    )  # fmt: skip
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the model that is in the folder already"
    )
    given = parser.parse_args(argv)
    folder, to = given.folder.expanduser(), given.to.expanduser()
    _see(folder, to)
    name = folder.resolve().name
    output = given.output.expanduser() if given.output else to.parent / f"{to.name}-and-{name}"
    try:
        with claimed(output, folder, overwrite=given.overwrite):
            added: Added = add(folder, to, output, lambda line: print(line, flush=True))
            write_added(added, output / ADDED)
    except KeyboardInterrupt:
        raise Stopped(f"Interrupted. The model in {to} is as it was.") from None
    for line in summary(added):
        print(line)
    print(f"Model:  {output / MODEL}\nReport: {output / ADDED}")
    return 0


def _see(folder: Path, to: Path) -> None:
    """That both folders are what they should be."""
    if not folder.is_dir():
        raise ImageFolderError(
            f"There is no folder {folder} (looked from {Path.cwd()}). Give the folder that holds "
            "the photos of the new class."
        )
    if not (to / MODEL).is_file():
        raise AssetError(
            f"There is no {to / MODEL}. Give the output folder of an earlier run of `tlcourse "
            "retrain`: --to FOLDER."
        )
