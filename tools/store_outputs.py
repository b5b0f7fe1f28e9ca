"""`make outputs`: run the lessons, each from a fresh kernel, and store them with their outputs.

    python tools/store_outputs.py                            every lesson, solution and demo
    python tools/store_outputs.py lessons/05_….ipynb         one
    python tools/store_outputs.py --close                    run nothing, close what is open

A notebook is written only when all its cells ran. The seconds printed at the end are those that
the README tells: start of the kernel included. In a lesson, all results are closed: a learner who
opens it in JupyterLab sees none before the cell is run (`close_results`).
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

import nbclient
import nbformat

from tlcourse.files.assets import atomic_path
from tlcourse.notebooks import APPENDIX, FIELD, close_results, execute, lessons_in

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
GUESSED = (LESSONS, LESSONS / FIELD, LESSONS / APPENDIX)  # whose results are closed
STORED = ("solutions", "demos")  # exercises are stored without outputs


def run(path: Path) -> float:
    """Run one notebook and store it; gives the seconds that it took.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell stopped; the file is as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    # A progress bar is for the one who waits, and not for the stored outputs.
    with tempfile.TemporaryDirectory() as data:
        quiet = {"TQDM_DISABLE": "1", "TLCOURSE_CLAIMS": "strict", "TLCOURSE_DATA": data}
        execute(notebook, path.parent, {**os.environ, **quiet})
    seconds = time.perf_counter() - start
    ours = {"tlcourse": notebook.metadata["tlcourse"]} if "tlcourse" in notebook.metadata else {}
    notebook.metadata = {
        **ours,
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    write(notebook, path)
    return seconds


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Store it, closed where it is a lesson."""
    if path.resolve().parent in GUESSED:
        close_results(notebook)
    with atomic_path(path) as draft:
        nbformat.write(notebook, draft)


def main(argv: list[str] | None = None) -> int:
    """Run what is named, or all; 1 when one stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all")
    parser.add_argument("--close", action="store_true", help="close results, and run nothing")
    options = parser.parse_args(argv)
    if options.close:
        for path in options.notebooks or lessons_in(LESSONS):
            write(nbformat.read(path, as_version=4), path)
        return 0
    stopped = 0
    others = itertools.chain(*(sorted(LESSONS.glob(f"{kind}/*.ipynb")) for kind in STORED))
    for path in options.notebooks or [*lessons_in(LESSONS), *others]:
        try:
            print(f"{path.name}: {run(path):.0f} s", flush=True)
        except nbclient.exceptions.CellExecutionError as error:
            stopped = 1
            print(f"{path.name} stopped and was not stored.\n{error}", flush=True)
    return stopped


if __name__ == "__main__":
    sys.exit(main())
