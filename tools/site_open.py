"""Buttons that open a notebook in Colab, Kaggle, Binder or Codespaces, and the copy that they open.

The copy begins with a cell that installs the course; the repository's own notebook has none. Copies
are published with the pages, in the branch that holds these: two of the services read notebooks
from a repository only. Binder and Codespaces build the whole repository, and need no copy.
"""

import json
import re
from urllib.parse import quote

BRANCH = "main"  # of the repository
PAGES_BRANCH = "gh-pages"  # where the built site is published
FOLDER = "open"  # of the copies in the site
# How each service opens a file of a repository; a test holds them to addresses that are published.
OPENERS = {
    "Colab": "https://colab.research.google.com/github/{name}/blob/{pages}/{copy}",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{name}/blob/{pages}/{copy}",
    "Binder": "https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/{notebook}",
    "Codespaces": "https://codespaces.new/{name}?quickstart=1",
}
UNTRIED = "(not tried yet)"  # stands beside the buttons until somebody has pressed each of them
_SET_UP = """\
# This machine does not have the course yet: install it, which takes some minutes, once a session.
# If you are asked to restart the session, do so, and run this cell once more.
%pip install --quiet "tlcourse{extra} @ git+{repository}@{branch}"
import sys

{fetch}if "google.colab" in sys.modules:  # lets the course's controls work there
    from google.colab import output

    output.enable_custom_widget_manager()
"""


def hosted(repository: str) -> str:
    """`OWNER/NAME` where the address is one that all four services know, else ""."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", repository)
    return found[1] if found else ""


def links(page: str, repository: str) -> dict[str, str]:
    """Service → address that opens a notebook there; none where the address is not known.

    Args:
        page: the notebook's path in the repository.
        repository: its address, or "".
    """
    name = hosted(repository)
    places = {"name": name, "branch": BRANCH, "pages": PAGES_BRANCH}
    places |= {"notebook": quote(page, safe=""), "copy": quote(f"{FOLDER}/{page}")}
    return {service: link.format(**places) for service, link in OPENERS.items()} if name else {}


def buttons(page: str, repository: str) -> dict | None:
    """A Markdown cell with the links of a page, or None."""
    found = links(page, repository)
    if not found:
        return None
    listed = " ".join(f'<a href="{link}">{service}</a>' for service, link in found.items())
    source = f'<p class="open-in">Open this notebook in {listed} {UNTRIED}</p>'
    return {"cell_type": "markdown", "id": "open-in", "metadata": {}, "source": source}


def with_set_up(notebook: dict, repository: str) -> dict:
    """The copy of a notebook that installs the course first, with what the notebook needs."""
    needs = notebook["metadata"].get("tlcourse", {}).get("needs", [])
    source = _SET_UP.format(
        extra="[text]" if "minilm" in needs else "",
        repository=repository,
        branch=BRANCH,
        fetch=f"!{{sys.executable}} -m tlcourse fetch {' '.join(needs)}\n" if needs else "",
    )
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "set-up",
        "metadata": {},
        "outputs": [],
        "source": source.rstrip("\n"),
    }
    return {**notebook, "cells": [cell, *notebook["cells"]]}


def written(notebook: dict) -> str:
    """The text of a notebook's file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
