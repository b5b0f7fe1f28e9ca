"""`make site`: the course as pages that open from a stick, in `build/site`.

Nothing is run: pages show the outputs that notebooks store. The sources keep their places in a copy
of the tree, so links between them stay as they are; a link to a file that is no page becomes its
path, or leads to the repository where its address is known (`tools/site_address.py`).
"""

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # from a checkout, installed or not

from tools import site_address, site_open, site_places  # noqa: E402

SOURCES = ROOT / "build" / "site-sources"
SITE = ROOT / "build" / "site"
BOOK = "transfer-learning.epub"

PARTS = {  # a heading of the table of contents, and the pages below it
    "Lessons": ("lessons/[0-9]*.ipynb",),
    "In the field": ("lessons/field/*.ipynb",),
    "Appendices": ("lessons/appendix/*.ipynb",),
    "Exercises": ("lessons/exercises/*.ipynb",),
    "Demos": ("lessons/demos/*.ipynb",),
    "Reference": ("lessons/*.md", "tlcourse/networks/weights/README.md", "datasets/*/README.md"),
    "Teaching": ("teaching/*.md",),
    "The project": ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "C*_CONDUCT.md", "SECURITY.md"),
}
_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def pages() -> dict[str, list[str]]:
    """The paths of all pages, by part of the site."""
    return {
        part: [p.relative_to(ROOT).as_posix() for g in globs for p in sorted(ROOT.glob(g))]
        for part, globs in PARTS.items()
    }


def relink(text: str, page: str, known: set[str], repository: str = "") -> str:
    """Lead links to files that are no pages to the repository, or show their path instead."""

    def instead(match: re.Match) -> str:
        words, target, _ = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        if path in known:
            return match[0]
        if repository:
            return f"[{words}]({repository}/tree/{site_open.BRANCH}/{path})"
        words = words.strip("`").rstrip("/")
        return f"`{path}`" if words in path else f"{words} (`{path}`)"

    return _LINK.sub(instead, text)


def fold(notebook: dict) -> None:
    """Results that a notebook stores closed are closed on its page too."""
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("jupyter", {})
        hidden = [k for k in ("source", "outputs") if marks.get(f"{k}_hidden")]
        tag = {"source": "hide-input", "outputs": "hide-output"}
        if hidden:
            both = len(hidden) == 2
            cell["metadata"].setdefault("tags", []).append("hide-cell" if both else tag[hidden[0]])


def with_solutions(exercise: dict, solution: dict) -> None:
    """Put each solution below its exercise, folded."""
    solved = {cell["id"]: cell for cell in solution["cells"]}
    cells = []
    for cell in exercise["cells"]:
        cells.append(cell)
        answer = solved.get(cell["id"])
        if answer is None or not answer["metadata"].get("nbgrader", {}).get("solution"):
            continue
        lines = "".join(answer["source"]).splitlines(keepends=True)
        lines = [s for s in lines if "### BEGIN" not in s and "### END" not in s]
        marks = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": "Show a solution"}}
        cells.append(
            {**answer, "id": f"{cell['id']}-s", "source": lines, "metadata": marks, "outputs": []}
        )
    exercise["cells"] = cells


def lay_out(*, book: bool = False) -> None:
    """Write the sources of all pages; those of a book have no dials and no buttons."""
    shutil.rmtree(SOURCES, ignore_errors=True)
    shutil.copytree(ROOT / "site", SOURCES)
    shutil.copy(ROOT / "pyproject.toml", SOURCES)  # it knows the version
    parts = pages()
    known = {page for part in parts.values() for page in part}
    repository = site_address.addresses().repository
    for page in known:
        target = SOURCES / page
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / page).read_text("utf-8")
        if page.endswith(".md"):
            target.write_text(relink(text, page, known, repository), "utf-8")
            continue
        notebook = json.loads(text)
        if "/exercises/" in page:
            solution = ROOT / page.replace("/exercises/", "/solutions/")
            with_solutions(notebook, json.loads(solution.read_text("utf-8")))
        fold(notebook)
        if not book:
            site_places.insert(notebook, page)
        if not book and (opened := site_open.buttons(page, repository)):
            notebook["cells"].insert(1, opened)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = relink("".join(cell["source"]), page, known, repository)
        target.write_text(json.dumps(notebook, ensure_ascii=False), "utf-8")
    for picture in (*ROOT.glob("lessons/**/*.png"), *ROOT.glob("datasets/*/sheet.png")):
        shutil.copy(picture, SOURCES / picture.relative_to(ROOT))
    site_address.write_preview(SOURCES / "_static" / "preview.png")
    (SOURCES / "api.md").write_text(api(), "utf-8")
    (SOURCES / "index.md").write_text(index(parts, book=book), "utf-8")
    for front in ("front.md", "front_of_book.md", *(("404.md",) if book else ())):
        (SOURCES / front).unlink()


def copy_notebooks(repository: str) -> None:
    """Notebooks to take along and, where buttons lead to them, copies that set themselves up."""
    with zipfile.ZipFile(SITE / "notebooks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for notebook in sorted(ROOT.glob("lessons/**/*.ipynb")):
            archive.write(notebook, notebook.relative_to(ROOT))
    for page in (page for part in pages().values() for page in part if page.endswith(".ipynb")):
        if not site_open.hosted(repository):
            break
        copy = site_open.with_set_up(json.loads((ROOT / page).read_text("utf-8")), repository)
        for cell in copy["cells"]:
            if cell["cell_type"] == "markdown":  # no other file lies beside it there
                cell["source"] = relink("".join(cell["source"]), page, set(), repository)
        target = SITE / site_open.FOLDER / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(site_open.written(copy), "utf-8")


def api() -> str:
    """The page of the names that lessons use; their texts are the docstrings."""
    import inspect

    import tlcourse

    lines = ["# The names that lessons use", "", "```{eval-rst}"]
    for name in sorted(tlcourse.__all__):
        thing = getattr(tlcourse, name)
        kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else None
        if kind:
            lines += [f".. auto{kind}:: tlcourse.{name}", ""]
    return "\n".join([*lines, "```", ""])


def index(parts: dict[str, list[str]], *, book: bool = False) -> str:
    """The front page."""
    front = ROOT / "site" / ("front_of_book.md" if book else "front.md")
    text = front.read_text("utf-8").replace("](../", "](")
    if not book and (ROOT / "build" / "lab.html").exists():
        text += (
            "\n<p><a href='lab.html'>The lab</a>: teach a network classes of yours with your own "
            "photos, in the browser. They stay on your device.</p>\n"
        )
    for part, names in parts.items():
        names = [*names, "api.md"] if part == "Reference" else names
        listed = "\n".join(f"/{Path(name).with_suffix('')}" for name in names)
        text += f"\n```{{toctree}}\n:caption: {part}\n:maxdepth: 1\n\n{listed}\n```\n"
    return text


def sphinx(builder: str, target: Path) -> None:
    places = (str(SOURCES), str(target))
    cached = ("-d", str(ROOT / "build" / f"site-{builder}"))
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-j", "2", "-b", builder, *cached]
    pages = site_address.addresses().pages
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TLCOURSE_PAGES": pages}
    subprocess.run([*command, *places], check=True, env=environment)


def main() -> None:
    if (ROOT / "tools" / "make_lab.py").exists():
        subprocess.run([sys.executable, ROOT / "tools" / "make_lab.py"], check=True)
    lay_out()
    shutil.rmtree(SITE, ignore_errors=True)
    sphinx("html", SITE)
    lay_out(book=True)
    shutil.rmtree(ROOT / "build" / "book", ignore_errors=True)
    sphinx("epub", ROOT / "build" / "book")
    shutil.copy(ROOT / "build" / "book" / BOOK, SITE)
    copy_notebooks(site_address.addresses().repository)
    if (ROOT / "build" / "lab.html").exists():
        shutil.copy(ROOT / "build" / "lab.html", SITE)
    if pages := site_address.addresses().pages:
        site_address.write_sitemap(SITE, pages)
        site_address.anchor_missing_page(SITE, pages)
    print(f"Open {(SITE / 'index.html').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
