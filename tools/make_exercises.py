"""`make exercises`: the notebooks in `lessons/exercises`, from those in `lessons/solutions`.

nbgrader's own preprocessors take the solutions, the hidden tests and the outputs out, and lock the
cells that a learner need not change. Needs the extra `grading`.
"""

import json
import re
import sys
from pathlib import Path
from textwrap import dedent

import nbformat

from tlcourse.exercises.exercise import STUB
from tlcourse.exercises.registry import FOLDER
from tlcourse.files.assets import atomic_path

SOLUTIONS = FOLDER / "solutions.json"
_REGION = re.compile(
    r"^[ ]*### BEGIN SOLUTION\n(.*?)^[ ]*### END SOLUTION", re.DOTALL | re.MULTILINE
)


def config():
    """What `nbgrader_config.py` of a course says too, as a traitlets `Config`."""
    from traitlets.config import Config

    settings = Config()
    settings.ClearSolutions.code_stub = {"python": STUB}
    return settings


def exercise_notebook(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook that a learner gets: no solution, no hidden test, no output.

    Raises:
        RuntimeError: a marker has no partner, or stands in a cell that is no answer.
    """
    from nbgrader import preprocessors

    notebook, resources = nbformat.from_dict(solution), {}
    for step in (
        preprocessors.LockCells,
        preprocessors.ClearSolutions,
        preprocessors.ClearOutput,
        preprocessors.CheckCellMetadata,
        preprocessors.ClearHiddenTests,
        preprocessors.ComputeChecksums,
    ):
        notebook, resources = step(config=config()).preprocess(notebook, resources)
    return notebook


def solution_code(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Exercise id → the lines between the solution markers of its answer cell.

    An answer cell's `grade_id` is `answer-05-2` for exercise 05.2.
    """
    found = {}
    for cell in notebook.cells:
        name = re.fullmatch(
            r"answer-(\d\d)-(\d)", cell.metadata.get("nbgrader", {}).get("grade_id", "")
        )
        if name:
            regions = _REGION.findall(cell.source)
            found[".".join(name.groups())] = "\n".join(dedent(text).rstrip() for text in regions)
    return found


def generated(lessons: Path) -> dict[Path, str]:
    """Path → text of every file that follows from the notebooks in `lessons/solutions`."""
    files, code = {}, {}
    for path in sorted((lessons / "solutions").glob("[0-9]*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        code |= solution_code(notebook)
        files[lessons / "exercises" / path.name] = (
            nbformat.writes(exercise_notebook(notebook)).rstrip() + "\n"
        )
    files[SOLUTIONS] = json.dumps(code, indent=1, ensure_ascii=False) + "\n"
    return files


def main() -> int:
    """Write what has changed, and say what."""
    for path, text in generated(Path("lessons").resolve()).items():
        if not path.is_file() or path.read_text("utf-8") != text:
            with atomic_path(path) as draft:
                draft.write_text(text, "utf-8")
            print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
