"""What a department looks at before it takes the course: links, spelling, citation, licenses."""

import json
import os
import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from codespell_lib import main as codespell
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
NOT_OURS = {"build", "dist", "my-work", "__pycache__"}  # and what is hidden
MARKDOWN = MarkdownIt("commonmark").enable("table")
# Every name of a license that a card uses. What a card says in other words is quoted in NOTICE.
LICENSES = re.compile(
    r"CC BY \d\.\d|CC0|MIT|Apache-2\.0|BSD|public domain|no known copyright restrictions"
)


def files(suffix: str, root: Path = ROOT) -> list[Path]:
    """The project's files of a kind; hidden folders, builds and copies left out."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [n for n in subfolders if n not in NOT_OURS and not n.startswith(".")]
        found += [Path(folder, name) for name in names if name.endswith(suffix)]
    return sorted(found)


def links(text: str) -> list[str]:
    """Where the links and pictures of a Markdown text lead; code has none."""
    inline = [token for token in MARKDOWN.parse(text) if token.type == "inline"]
    inside = [child for token in inline for child in token.children]
    return [
        str(target) for t in inside if (target := t.attrGet("href") or t.attrGet("src")) is not None
    ]


def anchors(text: str) -> set[str]:
    """What `#…` may follow a file's name: its headings, as GitHub calls them."""
    found, seen = set(), Counter()
    for before, token in pairwise(MARKDOWN.parse(text)):
        if before.type == "heading_open":
            said = "".join(t.content for t in token.children if t.type in ("text", "code_inline"))
            name = re.sub(r"[^\w -]", "", said.lower()).replace(" ", "-")
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def broken(path: Path, root: Path = ROOT) -> list[str]:
    """The relative links of a Markdown file that lead nowhere, or out of the repository."""
    wrong = []
    for link in links(path.read_text("utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:|//", link):
            continue  # on the web
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file).resolve() if file else path
        there = target.exists() and target.is_relative_to(root)
        if there and not NOT_OURS & {*target.relative_to(root).parts}:
            if not anchor:
                continue
            if target.suffix == ".md" and anchor in anchors(target.read_text("utf-8")):
                continue
        wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", files(".md"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_its_heading(path):
    assert broken(path) == []


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "made.html").touch()
    (tmp_path / "other.md").write_text("# Use `fit`, *then* test!\n\n## Again\n\n## Again\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n\n[a](other.md) [b](other.md#use-fit-then-test) [c](other.md#again-1) [d](#here) "
        "[e](a%20folder) [f](https://example.org/gone) `[g](code.md)`\n\n"
        "| [h](gone.md) |\n|---|\n| ![i](gone.png) |\n\n[j](other.md#gone) [k](#gone) [l][ref] "
        "[m](../outside.md) [n](/other.md) [o](build/made.html) [p](a%20folder#gone)\n\n"
        "[ref]: gone-too.md\n"
    )
    (tmp_path.parent / "outside.md").touch()
    assert broken(page, tmp_path) == [
        "gone.md",
        "gone.png",
        "other.md#gone",
        "#gone",
        "gone-too.md",
        "../outside.md",
        "/other.md",
        "build/made.html",
        "a%20folder#gone",
    ]


def test_a_citation_has_what_its_format_asks_for_and_the_version_of_today():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type"} <= set(citation)
    assert all(set(author) == {"name"} for author in citation["authors"])
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    (holder,) = re.findall(r"Copyright \(c\) \d+ (.+)", (ROOT / "LICENSE").read_text("utf-8"))
    assert [author["name"].lower() for author in citation["authors"]] == [holder.lower()]


def test_the_readme_and_the_changelog_tell_the_same_version():
    cited = (ROOT / "README.md").read_text("utf-8").split("## How to cite")[1]
    assert f"(version {PROJECT['version']})" in cited
    title = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["title"]
    assert f"*{title}*" in cited
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    unreleased, latest, *_ = re.findall(r"^## (\S+)", changes, re.MULTILINE)
    assert (unreleased, latest) == ("Unreleased", PROJECT["version"])


def block(name: str) -> str:
    """What NOTICE says of a thing: the indented lines below its name."""
    found = re.findall(rf"^{re.escape(name)}\n((?: .*\n|\n(?= ))+)", NOTICE, re.MULTILINE)
    assert len(found) == 1, f"NOTICE has {len(found)} blocks that are called {name}, expected 1"
    return found[0]


SETS = sorted(path.name for path in (ROOT / "datasets").iterdir() if path.is_dir())


@pytest.mark.parametrize("name", SETS)
def test_notice_names_each_data_set_with_the_licenses_of_its_card(name):
    card = (ROOT / "datasets" / name / "README.md").read_text("utf-8")
    (row,) = re.findall(r"^\| \*\*License\*\* \| (.+) \|$", card, re.MULTILINE)
    said = " ".join(block(f"datasets/{name}").split("License:")[1].split())
    assert set(LICENSES.findall(said)) == set(LICENSES.findall(row))
    assert LICENSES.search(row) or re.search(r"none is stated", said)


def test_notice_names_no_data_set_that_is_not_there():
    assert sorted(re.findall(r"^datasets/(\w+)$", NOTICE, re.MULTILINE)) == SETS


def test_notice_names_each_file_of_weights_and_no_other():
    folder = ROOT / "tlcourse" / "networks" / "weights"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.npz")}
    assert set(re.findall(r"[\w/]+\.npz", block("tlcourse/networks/weights"))) == there


def test_what_others_made_comes_with_the_text_of_its_license():
    for name, path, words in (
        ("reveal.js", "commands/slides/LICENSE-reveal.txt", "Permission is hereby granted"),
        ("Soumith Chintala", "networks/LICENSE-torchvision.txt", "BSD 3-Clause License"),
    ):
        assert name in NOTICE
        assert f"tlcourse/{path}" in NOTICE
        assert words in (ROOT / "tlcourse" / path).read_text("utf-8")


def test_wheel_and_source_distribution_carry_the_notice():
    assert "NOTICE" in PROJECT["license-files"]
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert "/NOTICE" in tomllib.loads(text)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]


def misspelled(folder: Path, capsys) -> list[str]:
    """What codespell finds in the files of a folder: `file:line: wrong ==> right`."""
    codespell("--toml", str(ROOT / "pyproject.toml"), str(folder))
    return capsys.readouterr().out.replace(f"{folder}{os.sep}", "").splitlines()


def prose(path: Path) -> str:
    """A text, or the Markdown cells of a notebook."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        return "\n\n".join("".join(cell["source"]) for cell in cells)
    return text


def test_the_texts_are_spelled_right(tmp_path, capsys):
    paths = files(".md") + files(".ipynb", ROOT / "lessons")
    assert {path.suffix for path in paths} == {".md", ".ipynb"}
    for path in paths:
        name = "__".join(path.relative_to(ROOT).parts) + ".txt"
        (tmp_path / name).write_text(prose(path), "utf-8")
    wrong = misspelled(tmp_path, capsys)
    assert wrong == [], "a word that is right goes to [tool.codespell] in pyproject.toml"


def test_wrong_words_are_found_and_names_are_not(tmp_path, capsys):
    notebook = tmp_path / "one.ipynb"
    cells = [
        {"cell_type": "markdown", "source": ["We recieve\n", "a colour."]},
        {"cell_type": "code", "source": ["occured = 1"]},
    ]
    notebook.write_text(json.dumps({"cells": cells}))
    text = prose(notebook)
    notebook.unlink()
    (tmp_path / "one.txt").write_text(text + "\nChang and others, the color.\n")
    assert misspelled(tmp_path, capsys) == [
        "one.txt:1: recieve ==> receive",
        "one.txt:2: colour ==> color",
    ]
