"""The notebook tests themselves: a wrong stored output fails, a near number passes.

Runs nbval as the Makefile does, with this repository's conftest.py and sanitizers.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]


def makefile_options() -> list[str]:
    """What the Makefile gives pytest for the notebooks whose outputs are compared."""
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    common = re.search(r"^NBVAL := (.*)$", text, re.MULTILINE)[1]
    lessons = re.search(r"pytest lessons --ignore \S+ (.*)$", text, re.MULTILINE)[1]
    return lessons.replace("$(NBVAL)", common).split()


def cell(source: str, *, shows: str) -> dict:
    """A code cell with what is stored as its output."""
    output = nbformat.v4.new_output("stream", name="stdout", text=shows)
    return nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])


CASES = {
    "a near number": (cell("print('accuracy 0.91')", shows="accuracy 0.90\n"), True),
    "a wrong number": (cell("print('accuracy 0.91')", shows="accuracy 0.50\n"), False),
    "a wrong count": (cell("print('91 images')", shows="90 images\n"), False),
    "a wrong word": (cell("print('accuracy 0.91')", shows="loss 0.91\n"), False),
    "another time": (cell("print('took 1.2 s')", shows="took 7.9 s\n"), True),
    "a claim that fails": (
        cell(
            "from tlcourse import claim\nprint('x')\nc = claim('It works.', 0.1, at_least=0.5)",
            shows="x\n",
        ),
        False,
    ),
}


def run_nbval(folder: Path, name: str, cells: list[dict], **variables: str):
    """pytest over one notebook, as the Makefile does it."""
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / name)
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", folder / "tests")
    environment = {**os.environ, "TLCOURSE_CLAIMS": "strict", **variables}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "pytest", name, *makefile_options(), "-rA", "--tb=no"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_wrong_stored_output_fails_and_a_near_one_passes(tmp_path):
    done = run_nbval(tmp_path, "lesson.ipynb", [case for case, _ in CASES.values()])
    results = dict(re.findall(r"Cell (\d+).*?(PASSED|FAILED)", done.stdout)) or {
        number: verdict
        for verdict, number in re.findall(r"(PASSED|FAILED) \S*::Cell (\d+)", done.stdout)
    }
    expected = {str(i): "PASSED" if ok else "FAILED" for i, (_, ok) in enumerate(CASES.values())}
    assert results == expected, done.stdout + done.stderr


@pytest.mark.slow
def test_the_lesson_on_text_is_skipped_with_the_reason_where_the_encoder_is_missing(tmp_path):
    cells = [cell("print('one')", shows="two\n")]  # would fail
    empty = {"TLCOURSE_CACHE": str(tmp_path / "cache"), "TLCOURSE_SHARED": ""}
    done = run_nbval(tmp_path, "09_text.ipynb", cells, **empty)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"SKIPPED \[1\] 09_text.ipynb: minilm is not in .*tlcourse fetch minilm", done.stdout
    )
