"""Run a notebook from a fresh kernel, as a person who opens it would."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_SECONDS = 900  # no cell of the course takes nearly as long
START_SECONDS = 180


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
