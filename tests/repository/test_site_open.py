"""Buttons that open a notebook elsewhere, where an address is known; the copy installs itself."""

import json
import re
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement

from tools import make_site, site_open

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
    assert source.endswith(f" {site_open.UNTRIED}</p>")


# Addresses that the services, or the owners of two of them, have published for notebooks of theirs.
PUBLISHED = {
    "Colab": (
        "https://colab.research.google.com/github/googlecolab/colabtools/blob/master/"
        "notebooks/colab-github-demo.ipynb",
        ("googlecolab/colabtools", "master", "notebooks/colab-github-demo.ipynb"),
    ),
    "Kaggle": (
        "https://kaggle.com/kernels/welcome?src=https://github.com/google-gemma/cookbook/blob/main/"
        "docs/core/huggingface_text_finetune_qlora.ipynb",
        ("google-gemma/cookbook", "main", "docs/core/huggingface_text_finetune_qlora.ipynb"),
    ),
    "Binder": (
        "https://mybinder.org/v2/gh/binder-examples/jupyterlab/master?urlpath=lab/tree/index.ipynb",
        ("binder-examples/jupyterlab", "master", "index.ipynb"),
    ),
    "Codespaces": ("https://codespaces.new/OWNER/REPO-NAME?quickstart=1", ("OWNER/REPO-NAME",)),
}


@pytest.mark.parametrize("service", site_open.OPENERS)
def test_a_button_has_the_form_that_its_service_has_published(service):
    published, (name, *place) = PUBLISHED[service]
    branch, notebook = place or ("", "")
    places = {"name": name, "branch": branch, "pages": branch}
    places |= {"notebook": notebook, "copy": notebook}
    assert site_open.OPENERS[service].format(**places) == published


def _steps_of(cell: str) -> list[str]:
    """What IPython would have run of the set-up cell, in order; the rest of it is run."""
    ran = []
    shell = SimpleNamespace(
        run_line_magic=lambda magic, line: ran.append(f"{magic} {line}"), system=ran.append
    )
    code = TransformerManager().transform_cell(cell)
    exec(compile(code, "set-up", "exec"), {"get_ipython": lambda: shell})
    return ran


def test_the_set_up_turns_controls_on_in_colab_alone(monkeypatch):
    turned_on = []
    colab, google = ModuleType("google.colab"), ModuleType("google")
    colab.output = SimpleNamespace(enable_custom_widget_manager=lambda: turned_on.append("on"))
    google.colab = colab
    cell = site_open.with_set_up({"metadata": {}, "cells": []}, REPOSITORY)["cells"][0]["source"]
    _steps_of(cell)
    assert not turned_on
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    _steps_of(cell)
    assert turned_on == ["on"]


@pytest.mark.parametrize(
    ("lesson", "extra", "fetch"),
    [
        ("03_why", "", ""),
        ("09_text", "[text]", "minilm"),
        ("field/21_flowers", "", "flowers MobileNetV2:alpha=0.35"),
    ],
)
def test_the_copy_installs_what_the_lesson_needs_and_then_is_the_lesson(lesson, extra, fetch):
    stored = json.loads((ROOT / "lessons" / f"{lesson}.ipynb").read_text("utf-8"))
    copy = nbformat.reads(site_open.written(site_open.with_set_up(stored, REPOSITORY)), 4)
    nbformat.validate(copy)
    wanted = f"tlcourse{extra} @ git+{REPOSITORY}@main"
    assert Requirement(wanted).url == f"git+{REPOSITORY}@main"
    steps = [f'pip install --quiet "{wanted}"']
    steps += [f"{{sys.executable}} -m tlcourse fetch {fetch}"] if fetch else []
    assert _steps_of(copy.cells[0].source) == steps
    assert [cell.id for cell in copy.cells[1:]] == [cell["id"] for cell in stored["cells"]]
    assert "%pip" not in json.dumps(stored)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "tlcourse"
    assert "text" in project["optional-dependencies"]


@pytest.mark.slow
def test_with_an_address_each_notebook_has_buttons_and_a_copy(tmp_path, monkeypatch):
    """All but Sphinx's part; no notebook of the repository changes, and the zip has them."""
    monkeypatch.setenv("TLCOURSE_REPOSITORY", REPOSITORY)
    monkeypatch.setattr(make_site, "SOURCES", tmp_path / "sources")
    monkeypatch.setattr(make_site, "SITE", tmp_path / "site")
    (tmp_path / "site").mkdir()
    make_site.lay_out()
    make_site.copy_notebooks(REPOSITORY)
    pages = [page for part in make_site.pages().values() for page in part]
    notebooks = [page for page in pages if page.endswith(".ipynb")]
    assert len(notebooks) > 40
    for page in notebooks:
        laid = json.loads((tmp_path / "sources" / page).read_text("utf-8"))
        assert [cell["id"] for cell in laid["cells"]].index("open-in") == 1
        (colab, *_) = re.findall(r'href="([^"]+)"', laid["cells"][1]["source"])
        copy = tmp_path / "site" / colab.split("/blob/gh-pages/")[1]
        assert json.loads(copy.read_text("utf-8"))["cells"][0]["id"] == "set-up"
        assert "set-up" not in (ROOT / page).read_text("utf-8")
    held = zipfile.ZipFile(tmp_path / "site" / "notebooks.zip")
    assert {name for name in held.namelist() if "/solutions/" not in name} == set(notebooks)
    assert held.read(LESSON) == (ROOT / LESSON).read_bytes()
    guide = (tmp_path / "sources" / "lessons" / "INSTRUCTORS.md").read_text("utf-8")
    assert f"[`teaching/`]({REPOSITORY}/tree/main/teaching)" in guide


def test_codespaces_installs_by_the_makefile_on_the_python_of_the_container():
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    command, target = made["postCreateCommand"].split()
    assert command == "make"
    assert re.search(rf"^{target}: ", (ROOT / "Makefile").read_text("utf-8"), re.M)
    base = re.search(r"^FROM (\S+)-slim$", (ROOT / "Containerfile").read_text("utf-8"), re.M)
    assert made["image"] == base[1]
