"""The instructors' guide: complete, its counts right, its commands and links there."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tlcourse.cli import COMMANDS
from tlcourse.notebooks import APPENDIX, lessons_in

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
GUIDE = (LESSONS / "INSTRUCTORS.md").read_text("utf-8")
NOTEBOOKS = [path for path in lessons_in(LESSONS) if path.parent.name != APPENDIX]
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem[:2] for path in NOTEBOOKS])


def row(path: Path) -> list[str]:
    """The cells of a lesson's row in the table of times."""
    (line,) = [
        line
        for line in GUIDE.splitlines()
        if line.startswith("| ") and f"({path.relative_to(LESSONS).as_posix()})" in line
    ]
    return [cell.strip() for cell in line.strip("|").split("|")]


def reading_minutes(notebook: dict) -> int:
    """Words at 200 a minute, half a minute for a figure."""
    words = figures = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            words += len(re.findall(r"\w+", "".join(cell["source"])))
        else:
            figures += sum("image/png" in out.get("data", {}) for out in cell["outputs"])
    return round(words / 200 + figures / 2)


@EACH
def test_the_reading_time_is_counted_from_the_lesson(path):
    assert row(path)[3] == f"{reading_minutes(json.loads(path.read_text('utf-8')))} min"


@EACH
def test_the_exercise_time_is_the_one_that_its_notebook_tells(path):
    exercise = LESSONS / "exercises" / path.name
    if path.stem.startswith("00"):
        assert not exercise.exists()
        assert row(path)[4] == "–"
        return
    first = "".join(json.loads(exercise.read_text("utf-8"))["cells"][0]["source"])
    told = re.search(r"(\d+) minutes", first)[1]
    assert row(path)[4] == f"{told} min"


@EACH
def test_each_lesson_has_its_page(path):
    number = int(path.stem[:2])
    page = re.split(rf"^### {number} · .*$", GUIDE, flags=re.MULTILINE)[1].split("\n##")[0]
    for part in ("**Show**", "**Say**", "**They ask**", "**Misconception**", "**Cut**"):
        assert page.count(part) == 1, part


@pytest.mark.parametrize("path", sorted((LESSONS / "demos").glob("*.ipynb")), ids=lambda p: p.stem)
def test_each_demo_is_shown_with_a_picture(path):
    assert f"(demos/{path.name})" in GUIDE
    assert re.search(rf"!\[[^\]]+\]\(demos/{path.stem}\.png\)", GUIDE)


def test_the_commands_that_it_names_are_there():
    named = set(re.findall(r"`?tlcourse (\w+)", GUIDE))
    assert {"room", "update", "classroom", "doctor"} <= named <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", GUIDE)) <= targets


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_its_links_lead_somewhere():
    headings = {anchor(text) for text in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", GUIDE):
        if link.startswith("#"):
            assert link[1:] in headings, link
        elif not re.match(r"[a-z]+:", link):
            assert (LESSONS / unquote(link)).exists(), link
