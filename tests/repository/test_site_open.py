"""Buttons that open a notebook elsewhere, where an address is known; the copy installs itself."""

import json
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

from tools import site_open

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/some-one/the.course"
LESSON = "lessons/03_why.ipynb"


@pytest.mark.parametrize("address", ["", "https://gitlab.com/a/b", "https://github.com/a", "x"])
def test_no_button_without_an_address_that_the_services_know(address):
    assert site_open.links(LESSON, address) == {}
    assert site_open.buttons(LESSON, address) is None


def test_four_buttons():
    colab = "https://colab.research.google.com/github/some-one/the.course/blob/gh-pages/"
    assert site_open.links(LESSON, REPOSITORY) == {
        "Colab": f"{colab}open/lessons/03_why.ipynb",
        "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/some-one/the.course"
        "/blob/gh-pages/open/lessons/03_why.ipynb",
        "Binder": "https://mybinder.org/v2/gh/some-one/the.course/main"
        "?urlpath=lab/tree/lessons%2F03_why.ipynb",
        "Codespaces": "https://codespaces.new/some-one/the.course?quickstart=1",
    }
    source = site_open.buttons(LESSON, REPOSITORY)["source"]
    assert re.findall(r">(\w+)</a>", source) == ["Colab", "Kaggle", "Binder", "Codespaces"]


@pytest.mark.parametrize(
    ("lesson", "extra", "fetch"),
    [
        ("03_why", "", ""),
        ("09_text", "[text]", "!tlcourse fetch minilm\n"),
        ("field/21_flowers", "", "!tlcourse fetch flowers MobileNetV2:alpha=0.35\n"),
    ],
)
def test_the_copy_installs_what_the_lesson_needs_and_then_is_the_lesson(lesson, extra, fetch):
    stored = json.loads((ROOT / "lessons" / f"{lesson}.ipynb").read_text("utf-8"))
    copy = nbformat.reads(site_open.written(site_open.with_set_up(stored, REPOSITORY)), 4)
    nbformat.validate(copy)
    install = f'%pip install --quiet "tlcourse{extra} @ git+{REPOSITORY}@main"\n'
    assert f"{install}{fetch}import sys\n" in copy.cells[0].source
    assert [cell.id for cell in copy.cells[1:]] == [cell["id"] for cell in stored["cells"]]
    assert "%pip" not in json.dumps(stored)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "tlcourse"
    assert "text" in project["optional-dependencies"]


def test_codespaces_installs_by_the_makefile_on_the_python_of_the_container():
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    command, target = made["postCreateCommand"].split()
    assert command == "make"
    assert re.search(rf"^{target}: ", (ROOT / "Makefile").read_text("utf-8"), re.M)
    base = re.search(r"^FROM (\S+)-slim$", (ROOT / "Containerfile").read_text("utf-8"), re.M)
    assert made["image"] == base[1]
