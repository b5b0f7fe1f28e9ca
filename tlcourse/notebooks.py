"""Run a notebook from a fresh kernel, as a person who opens it would; close its results."""

import ast
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_SECONDS = 900  # no cell of the course takes nearly as long
START_SECONDS = 180
# Folders among the lessons: those that need real photographs, and what goes deeper than a class
# has time for.
FIELD, APPENDIX = "field", "appendix"
# JupyterLab shows the first line of a closed output beside the dots: one that holds a space.
VEIL = " \n"
# The forms that it takes that line from, the first that is there.
_PREVIEWED = ("text/html", "image/svg+xml", "application/pdf", "text/markdown", "text/plain")


def lessons_in(folder: Path) -> list[Path]:
    """The lessons of a folder in their order, then those in the field, then the appendix."""
    folders = (folder, folder / FIELD, folder / APPENDIX)
    return [path for each in folders for path in sorted(each.glob("[0-9][0-9]_*.ipynb"))]


def execute(
    notebook: "NotebookNode", folder: Path, variables: Mapping[str, str], **options
) -> None:
    """Run all cells in order; the outputs are put into `notebook`.

    Args:
        notebook: as nbformat reads it.
        folder: that it runs in.
        variables: the environment of its kernel, all of it.
        **options: of the kernel's process, such as `stderr`.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell stopped; `ename` and `evalue` tell by what.
        TimeoutError: a cell hung.
        RuntimeError: the kernel died.
    """
    import nbclient

    client = nbclient.NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=START_SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": os.fspath(folder)}},
    )
    client.execute(env=dict(variables), **options)


def close_results(notebook: "NotebookNode") -> None:
    """Close what a learner is to find out: all outputs, and the code of cells that only claim.

    The outputs stay stored. JupyterLab shows three dots in their place, until the cell is run or
    the dots are clicked; pages on the web show them as ever.

    Args:
        notebook: as nbformat reads it; it is changed. To close it again changes nothing.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        marks = dict(cell.metadata.pop("jupyter", {}))
        marks.pop("outputs_hidden", None)
        if cell.outputs:
            marks["outputs_hidden"] = True
            _veil(cell.outputs[0])
        if only_claims(cell.source):
            marks["source_hidden"] = True
        if marks:
            cell.metadata["jupyter"] = marks


def only_claims(source: str) -> bool:
    """Whether a cell does nothing but state a result, which its code has in words.

    To compute the number behind it is part of that: `gap = a - b`, then `claim(…, gap)`.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a line for IPython
        return False
    said = [s for s in statements if not isinstance(s, ast.Assign)]
    calls = [s.value for s in said if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
    return 0 < len(said) == [ast.unparse(call.func) for call in calls].count("claim")


def _veil(output: dict) -> None:
    """Let the first line of an output tell nothing."""
    place, form = output, "text"
    if output["output_type"] != "stream":
        place = output.get("data", {})
        form = next((form for form in _PREVIEWED if form in place), None)
    if form is not None and not place[form].startswith(VEIL):
        place[form] = VEIL + place[form]
