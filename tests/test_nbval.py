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

ROOT = Path(__file__).resolve().parent.parent


def makefile_options() -> list[str]:
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    return re.search(r"^NBVAL := (.*)$", text, re.MULTILINE)[1].split()


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


@pytest.mark.slow
def test_a_wrong_stored_output_fails_and_a_near_one_passes(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[case for case, _ in CASES.values()])
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", tmp_path / "tests")
    environment = {**os.environ, "TLCOURSE_CLAIMS": "strict"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "lesson.ipynb", *makefile_options(), "-rA", "--tb=no"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    results = dict(re.findall(r"Cell (\d+).*?(PASSED|FAILED)", done.stdout)) or {
        number: verdict
        for verdict, number in re.findall(r"(PASSED|FAILED) \S*::Cell (\d+)", done.stdout)
    }
    expected = {str(i): "PASSED" if ok else "FAILED" for i, (_, ok) in enumerate(CASES.values())}
    assert results == expected, done.stdout + done.stderr
