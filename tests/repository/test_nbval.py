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

from tests.helpers.what_is_here import need
from tools.not_tested import table

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
    "a closed output": (cell("print('91 images')", shows=" \n91 images\n"), True),
    "a wrong closed output": (cell("print('91 images')", shows=" \n90 images\n"), False),
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


def write(folder: Path, name: str, cells: list[dict], needs=()) -> None:
    """A notebook; what it needs stands in its metadata."""
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"tlcourse": {"needs": list(needs)}})
    nbformat.write(notebook, folder / name)


def run_nbval(folder: Path, **variables: str):
    """pytest over the notebooks in a folder, as the Makefile does it."""
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", folder / "tests")
    environment = {**os.environ, "TLCOURSE_CLAIMS": "strict", **variables}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    names = sorted(path.name for path in folder.glob("*.ipynb"))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *names, *makefile_options(), "-rA", "--tb=no"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_wrong_stored_output_fails_and_a_near_one_passes(tmp_path):
    write(tmp_path, "lesson.ipynb", [case for case, _ in CASES.values()])
    done = run_nbval(tmp_path)
    results = dict(re.findall(r"Cell (\d+).*?(PASSED|FAILED)", done.stdout)) or {
        number: verdict
        for verdict, number in re.findall(r"(PASSED|FAILED) \S*::Cell (\d+)", done.stdout)
    }
    expected = {str(i): "PASSED" if ok else "FAILED" for i, (_, ok) in enumerate(CASES.values())}
    assert results == expected, done.stdout + done.stderr


NOTHING = {"TLCOURSE_SHARED": "", "TLCOURSE_TEST_DATASETS": "", "TLCOURSE_REQUIRE": ""}
REASON = r"minilm is needed: minilm is not in .*tlcourse fetch minilm"


@pytest.mark.slow
def test_a_notebook_is_skipped_with_the_reason_where_something_is_missing(tmp_path):
    missing = {
        "minilm": REASON,
        "flowers": r"flowers is needed: flowers is not in .*It is 229 MB \(flower_photos.tgz",
        "MobileNetV2:alpha=0.35": r"MobileNetV2:alpha=0.35 is needed: The weights mobilenet_v2_",
        "flower": r"flower is needed: .*Did you mean 'flowers'\?",
    }
    cells = [cell("print('one')", shows="two\n") for _ in range(2)]  # would fail
    for number, needed in enumerate(missing):
        write(tmp_path, f"lesson{number}.ipynb", cells, [needed])
    places = {name: str(tmp_path / "none") for name in ("TLCOURSE_CACHE", "KERAS_HOME")}
    done = run_nbval(tmp_path, **NOTHING, **places)
    assert done.returncode == 0, done.stdout + done.stderr
    for number, reason in enumerate(missing.values()):
        name = rf"lesson{number}\.ipynb"
        assert re.search(rf"SKIPPED \[2\] {name}: {reason}", done.stdout), done.stdout
        assert re.search(rf"what was not tested =+\n(.+\n)*{name}  all  {reason}", done.stdout)


@pytest.mark.slow
def test_where_all_is_required_nothing_may_be_skipped(tmp_path):
    cells = [cell("print('one')", shows="one\n")]
    places = {
        "TLCOURSE_CACHE": str(tmp_path / "none"),
        **NOTHING,
        "TLCOURSE_REQUIRE": "all",
        "COLUMNS": "500",
    }
    write(tmp_path, "lesson.ipynb", cells, ["minilm"])
    done = run_nbval(tmp_path, **places)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"TLCOURSE_REQUIRE=all, but it was skipped: {REASON}", done.stdout), (
        done.stdout
    )


@pytest.mark.slow
def test_a_notebook_finds_what_it_needs_in_its_cache(tmp_path):
    """And prints nothing of how it came there: that would be another output than the stored one."""
    need("flowers")
    code = "from tlcourse import load_task\nprint(load_task('flowers').num_classes)"
    cells = [cell(code, shows="5\n")]
    write(tmp_path, "lesson.ipynb", cells, ["flowers"])
    done = run_nbval(tmp_path, TQDM_DISABLE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_table_at_the_end_has_each_reason_once():
    lines = ["tests/a.py\t2\tno browser", "lessons/1.ipynb\tall\tno flowers", "b.py\t1\tno browser"]
    assert table(lines) == (
        "Not tested here:\n\nno browser\n    2  tests/a.py\n    1  b.py\n\n"
        "no flowers\n  all  lessons/1.ipynb"
    )
    assert table([]) == "Everything was tested: nothing was skipped."
