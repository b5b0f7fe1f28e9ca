"""The guard over the stored notebooks: run in order, with outputs, readable by everyone.

Each check takes a notebook as a dict and gives a list of complaints. The tests below run all of
them over every notebook, and each of them over a notebook that it has to complain about.
"""

import ast
import copy
import json
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.helpers.tolerance import Tolerant
from tlcourse.files.photo_sets import SETS
from tlcourse.networks.needs import needs_of
from tlcourse.notebooks import APPENDIX, FIELD, close_results, only_claims

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
NOTEBOOKS = sorted(
    path for path in LESSONS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
REQUIRED = tuple(f"{number:02}_*.ipynb" for number in range(15))
MAX_BYTES = 1_500_000
MAX_LINES = 25
# Written in pieces, so that this file does not hold such a path itself.
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/(?:" + "|".join(("work", "root", "tmp", r"home/\w+", r"Users/\w+")) + r")/"
    r"|[A-Z]:\\+Users\\"
)
PICTURE_DATA = re.compile(r"data:image/[\w+]+;base64,[A-Za-z0-9+/=\s]+")
SHOWS = {"claim", "print", "plots.show", "display"}


def text(value) -> str:
    """Notebook files hold long text as one string or as a list of lines."""
    return "".join(value) if isinstance(value, list) else value or ""


def code_cells(notebook):
    """Number among all cells, and cell, of every code cell that is not empty."""
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and text(cell["source"]).strip():
            yield number, cell


def valid(notebook):
    if notebook["nbformat"] != 4:
        return [f"has format {notebook['nbformat']}, not 4"]
    try:
        nbformat.validate(copy.deepcopy(notebook))
    except nbformat.ValidationError as error:
        return [f"is not valid: {str(error).splitlines()[0]}"]
    return []


def has_ids(notebook):
    ids = [cell.get("id") for cell in notebook["cells"]]
    complaints = [f"cell {n} has no id" for n, name in enumerate(ids) if not name]
    return complaints + (["has two cells with one id"] if len(set(ids)) < len(ids) else [])


def kernel_is_python3(notebook):
    name = notebook["metadata"].get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"has kernel {name!r}; other machines know python3"]


def run_in_order(notebook):
    counts = [cell["execution_count"] for _, cell in code_cells(notebook)]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"was not run in order from a fresh kernel: {counts}; restart, run all, save"]


def _called(node) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _always_run(node):
    """The node and what it holds, but not what is only defined or may not be reached."""
    yield node
    later = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.If, ast.Try)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, later):
            yield from _always_run(child)


def must_show(source: str) -> bool:
    """Whether a cell surely gives an output: it prints or claims, or ends with a plain value."""
    tree = ast.parse(TransformerManager().transform_cell(source))
    if not tree.body:
        return False
    if any(_called(node) in SHOWS for node in _always_run(ast.Module(tree.body, []))
           if not isinstance(node, ast.If)):  # fmt: skip
        return True
    last = tree.body[-1]
    # The value of a call may be None, which shows nothing.
    return isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call | ast.Await)


def outputs_stored(notebook):
    return [
        f"cell {number} shows something, but has no stored output"
        for number, cell in code_cells(notebook)
        if not cell["outputs"] and must_show(text(cell["source"]))
    ]


def no_outputs(notebook):
    return [
        f"cell {number} has an output" for number, cell in code_cells(notebook) if cell["outputs"]
    ]


def no_errors(notebook):
    complaints = []
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                complaints.append(f"cell {number} stopped with {output['ename']}")
            if output.get("name") == "stderr":
                complaints.append(f"cell {number} wrote to stderr: {text(output['text'])[:80]}")
    return complaints


def no_semicolon(notebook):
    return [
        f"cell {number} ends with ';', which hides its value"
        for number, cell in code_cells(notebook)
        if text(cell["source"]).rstrip().endswith(";")
    ]


def short_cells(notebook):
    complaints = []
    for number, cell in code_cells(notebook):
        lines = len(text(cell["source"]).strip().splitlines())
        if lines > MAX_LINES:
            complaints.append(f"cell {number} has {lines} lines, more than {MAX_LINES}")
    return complaints


def small(notebook):
    size = len(json.dumps(notebook))
    return [f"has {size:,} bytes, more than {MAX_BYTES:,}"] if size > MAX_BYTES else []


def _has_text(output) -> bool:
    """Whether an output is a caption: words, not another picture."""
    page = text(output.get("data", {}).get("text/html"))
    return bool(re.sub(r"<[^>]*>", "", page).strip())


def _blind_images(page: str) -> list[str]:
    tags = re.findall(r"<img\b[^>]*>", PICTURE_DATA.sub("", page))
    return [tag for tag in tags if not re.search(r"\balt=(\"[^\"]*\w|'[^']*\w)", tag)]


def pictures_in_words(notebook):
    """Alt text for those who cannot see a picture, a caption for those who can."""
    complaints = []
    for number, cell in enumerate(notebook["cells"]):
        outputs = cell.get("outputs", [])
        for at, output in enumerate(outputs):
            data = output.get("data", {})
            if "image/png" in data:
                # IPython keeps the alt text of Image(data, alt=…) here.
                if not output["metadata"].get("image/png", {}).get("alt", "").strip():
                    complaints.append(f"cell {number} has a picture without alt text")
                if at + 1 == len(outputs) or not _has_text(outputs[at + 1]):
                    complaints.append(f"cell {number} has a picture without a caption after it")
            if _blind_images(text(data.get("text/html"))):
                complaints.append(f"cell {number} has an <img> without alt text in its output")
        if cell["cell_type"] == "markdown":
            source = text(cell["source"])
            if re.search(r"!\[\s*\]\(", source) or _blind_images(source):
                complaints.append(f"cell {number} has a picture without alt text")
    return complaints


def no_machine_paths(notebook):
    complaints = []
    for number, cell in enumerate(notebook["cells"]):
        parts = [text(cell["source"])]
        for output in cell.get("outputs", []):
            parts += [text(output.get("text")), *map(text, output.get("traceback", []))]
            # Only text: the letters of an encoded picture may spell anything.
            parts += [text(v) for k, v in output.get("data", {}).items() if k.startswith("text/")]
        if found := MACHINE_PATH.search(PICTURE_DATA.sub("", "\n".join(parts))):
            complaints.append(f"cell {number} holds a path of one machine: {found[0]}")
    return complaints


def links_lead_somewhere(notebook, folder: Path):
    complaints = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        source = re.sub(r"```.*?```|`[^`]*`", "", text(cell["source"]), flags=re.DOTALL)
        links = re.findall(r"\]\(\s*<?([^)\s>]+)", source)
        links += re.findall(r"\b(?:src|href)=[\"']([^\"']+)", source)
        for link in links:
            target = unquote(link.split("#")[0])
            if target and not re.match(r"[a-z]+:", target) and not (folder / target).exists():
                complaints.append(f"cell {number} links to {target}, which is not there")
    return complaints


def needs_said(notebook):
    """What a cell loads and the course does not carry stands in the metadata, for who skips it."""
    code = "\n".join(text(cell["source"]) for _, cell in code_cells(notebook))
    loaded = {"minilm"} if "load_minilm(" in code else set()
    loaded |= {name for name in re.findall(r"load_task\(\s*[\"'](\w+)", code) if name in SETS}
    return [
        f"needs {name}, which its metadata do not say" for name in loaded - set(needs_of(notebook))
    ]


def results_closed(notebook):
    """Who opens it in JupyterLab sees no result before the cell is run."""
    again = nbformat.from_dict(copy.deepcopy(notebook))
    for cell in again.cells:
        cell.source = text(cell.source)
        for output in cell.get("outputs", []):
            place = output.get("data", output)
            place.update({k: text(v) for k, v in place.items() if isinstance(v, list)})
    before = copy.deepcopy(again)
    close_results(again)
    return [
        f"cell {number} shows what a learner is to find out: tools/store_outputs.py --close"
        for number, (old, new) in enumerate(zip(before.cells, again.cells, strict=True))
        if old != new
    ]


CHECKS = (
    valid,
    has_ids,
    kernel_is_python3,
    run_in_order,
    outputs_stored,
    no_errors,
    no_semicolon,
    short_cells,
    small,
    pictures_in_words,
    no_machine_paths,
    needs_said,
)


EXERCISE_CHECKS = (no_outputs, *(c for c in CHECKS if c not in (run_in_order, outputs_stored)))


# ------------------------------------------------------------------ every notebook


@pytest.mark.parametrize("pattern", REQUIRED)
def test_the_lesson_is_there(pattern):
    assert list(LESSONS.glob(pattern)), f"there is no lessons/{pattern}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(LESSONS).as_posix())
def test_stored_notebook(path):
    notebook = json.loads(path.read_text("utf-8"))
    # An exercise is handed out as it is before anybody has run it.
    checks = EXERCISE_CHECKS if path.parent.name == "exercises" else CHECKS
    if path.parent in (LESSONS, LESSONS / FIELD, LESSONS / APPENDIX):
        checks = (*checks, results_closed)
    complaints = [line for check in checks for line in check(notebook)]
    complaints += links_lead_somewhere(notebook, path.parent)
    assert not complaints, "\n".join([path.name, *complaints])


# ------------------------------------------------------------------ each guard can fail


def stream(words: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": words}


def shown(alt: str = "A dot.") -> dict:
    metadata = {"image/png": {"alt": alt}} if alt else {}
    return {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": metadata}


def page(html: str) -> dict:
    return {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}


def code(source: str, *outputs: dict, count: int | None = 1) -> dict:
    return {
        "cell_type": "code",
        "id": "code",
        "metadata": {},
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def words(source: str) -> dict:
    return {"cell_type": "markdown", "id": "words", "metadata": {}, "source": source}


def notebook(*cells: dict, kernel: str = "python3") -> dict:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": "Python 3"}},
        "cells": list(cells),
    }


CAPTION = page("<p><i>One dot.</i></p>")
GOOD = notebook(
    words("# A lesson\n\n![a dot](https://example.com/dot.png)"),
    code("%matplotlib inline\nprint('one')", stream("one\n")),
    code("plots.show(fig, caption=c, alt=a)", shown(), CAPTION, count=2) | {"id": "third"},
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_good_notebook_passes(check):
    assert check(GOOD) == []


PLACE = "/" + "root" + "/.cache"
BAD = [
    (valid, notebook(words("a") | {"cell_type": "kode"})),
    (valid, notebook(code("x = 1")) | {"nbformat": 3}),
    (has_ids, notebook(words("a") | {"id": ""})),
    (has_ids, notebook(words("a"), words("b"))),
    (kernel_is_python3, notebook(kernel="my-venv")),
    (run_in_order, notebook(code("x = 1", count=None))),
    (run_in_order, notebook(code("x = 1", count=2), code("y = 1", count=1))),
    (run_in_order, notebook(code("x = 1", count=1), code("y = 1", count=3))),
    (outputs_stored, notebook(code("print('one')"))),
    (outputs_stored, notebook(code("claim('It works.', 1, at_least=0)"))),
    (outputs_stored, notebook(code("for x in range(2):\n    plots.show(x)"))),
    (outputs_stored, notebook(code("x = 1\nx"))),
    (outputs_stored, notebook(code("x[0].name"))),
    (no_outputs, notebook(code("1", shown()))),
    (no_errors, notebook(code("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError"}))),
    (no_errors, notebook(code("x = 1", stream("Warning", "stderr")))),
    (no_semicolon, notebook(code("plot(x);\n"))),
    (short_cells, notebook(code("\n".join(["x = 1"] * 26)))),
    (small, notebook(code("x", stream("a" * MAX_BYTES)))),
    (pictures_in_words, notebook(code("f()", shown(alt=""), CAPTION))),
    (pictures_in_words, notebook(code("f()", shown(alt=" "), CAPTION))),
    (pictures_in_words, notebook(code("f()", shown()))),
    (pictures_in_words, notebook(code("f()", shown(), shown(), CAPTION))),
    (pictures_in_words, notebook(code("f()", page('<img src="data:image/png;base64,AA"/>')))),
    (pictures_in_words, notebook(words("![](dot.png)"))),
    (pictures_in_words, notebook(words("<img src='dot.png' alt=''>"))),
    (no_machine_paths, notebook(code("x", stream(f"in {PLACE}")))),
    (no_machine_paths, notebook(code("x", page(f"<b>{PLACE}</b>")))),
    (no_machine_paths, notebook(code(f"open('{PLACE}')"))),
    (no_machine_paths, notebook(code("x", stream("C:" + r"\Users\ada")))),
    (needs_said, notebook(code("tokenizer, encoder = load_minilm()"))),
    (needs_said, notebook(code("task = load_task('flowers', image_size=96)"))),
]


@pytest.mark.parametrize(("check", "bad"), BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_notebook_is_found(check, bad):
    assert len(check(bad)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "model.fit(x)",
        "def f():\n    print('later')",
        "if odd:\n    print('maybe')",
        "%matplotlib inline",
        "# only words",
        "import os",
    ],
)
def test_a_cell_that_may_be_silent(source):
    assert not must_show(source)


CLOSED = {"jupyter": {"outputs_hidden": True}}
TABLE = {"text/html": " \n<table></table>", "text/plain": "a table"}


@pytest.mark.parametrize(
    "cell",
    [
        code("print('one')", stream("one\n")),
        code("print('one')", stream(" \none\n")),
        code("print('one')", stream("one\n")) | {"metadata": CLOSED},
        code("x = 1") | {"metadata": CLOSED},
        code("claim('So it is.', x, at_least=1)", page(" \n<b>So it is</b>"))
        | {"metadata": CLOSED},
    ],
)
def test_a_result_that_a_learner_would_see_is_found(cell):
    assert len(results_closed(notebook(cell))) == 1


def test_closed_results_are_stored_as_they_were_but_for_an_empty_line():
    made = notebook(
        words("# A lesson"),
        code("x = 1"),
        code("print('one')", stream("one\n"), stream("two\n")),
        code("plots.show(fig)", shown(), CAPTION),
        code("table", page(TABLE["text/html"]) | {"data": TABLE}),
        code("claim('So it is.', x)", page("<b>So it is</b>")),
    )
    closed = nbformat.from_dict(copy.deepcopy(made))
    close_results(closed)
    assert results_closed(closed) == []
    marks = [cell.metadata.get("jupyter", {}) for cell in closed.cells]
    hidden = {"outputs_hidden": True}
    assert marks == [{}, {}, hidden, hidden, hidden, hidden | {"source_hidden": True}]
    _, _, printed, figure, table, claimed = closed.cells
    assert [output.text for output in printed.outputs] == [" \none\n", "two\n"]
    assert figure.outputs == made["cells"][3]["outputs"]  # a picture has no first line
    assert table.outputs[0].data == TABLE
    assert claimed.outputs[0].data == {"text/html": " \n<b>So it is</b>"}


@pytest.mark.parametrize(
    ("source", "only"),
    [
        ("claim('a', 1)", True),
        ("claim('a', 1)\nclaim('b', 2)", True),
        ("x = y - z\nclaim('a', x)", True),
        ("x = 1", False),
        ("print('a')\nclaim('a', x)", False),
        ("print('a')", False),
        ("%time x", False),
        ("", False),
    ],
)
def test_a_cell_that_only_claims(source, only):
    assert only_claims(source) is only


def test_links(tmp_path):
    (tmp_path / "a b.md").write_text("x")
    good = words("[a](a%20b.md#top) [b](https://example.com) [c](#here) `[d](e)`")
    assert links_lead_somewhere(notebook(good), tmp_path) == []
    bad = words("[a](gone.md) ![b](gone.png) <img src='lost.png' alt='b'>")
    assert len(links_lead_somewhere(notebook(bad), tmp_path)) == 3


# ------------------------------------------------------------------ numbers with a tolerance


@pytest.mark.parametrize(
    ("stored", "today", "same"),
    [
        ("accuracy 0.912", "accuracy 0.912", True),
        ("accuracy 0.912", "accuracy 0.887", True),
        ("accuracy 0.912", "accuracy 0.820", False),
        ("accuracy 0.912", "loss 0.912", False),
        ("85.1 % right", "82.6 % right", True),
        ("85.1 % right", "76.9 % right", False),
        ("4,000 images", "4,000 images", True),
        ("4,000 images", "4,001 images", False),
        ("epoch 3: 0.50", "epoch 4: 0.50", False),
        ("gain -0.01", "gain 0.01", True),
        ("gain -0.30", "gain 0.50", False),
        ("gain <b>-1.3 points</b>", "gain <b>0.5 points</b>", True),
        ("gain -0.4 %", "gain 9.5 %", False),
        ("a gain of 1.01 ×", "a gain of 0.893 ×", True),
        ("a gain of 1.01 ×", "a gain of 0.751 ×", False),
        ("0.5 and 0.6", "0.5 and 0.9", False),
        ("0.5 0.6", "0.5", False),
        ("1.0", "1", False),
        ("resnet50", "resnet101", False),
    ],
)
def test_numbers_may_differ_a_little_and_words_may_not(stored, today, same):
    assert (Tolerant(stored) == today) is same
    assert (Tolerant(today) == stored) is same
    assert (Tolerant(stored) != today) is not same


def test_tolerant_text_equals_only_text():
    assert Tolerant("1.0") != 1.0
