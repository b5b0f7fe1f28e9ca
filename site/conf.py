"""How Sphinx builds the site. `tools/make_site.py` lays the pages out beside a copy of this."""

import json
import sys
import tomllib
from pathlib import Path

from docutils import nodes

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Transfer learning"
author = "The authors of the course"
copyright = "2026, the authors of the course; text CC BY 4.0, code MIT"
version = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]["version"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build"]

nb_execution_mode = "off"  # what is shown is what is stored
nb_ipywidgets_js = {}  # its scripts would come from the network
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure", "myst.header"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False


def name_figures(app, doctree) -> None:
    """Give each stored figure the alternative text that its notebook has for it."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    outputs = [
        o for c in json.loads(path.read_text("utf-8"))["cells"] for o in c.get("outputs", [])
    ]
    figures = [o for o in outputs if "image/png" in o.get("data", {})]
    stored = [i for i in doctree.findall(nodes.image) if "jupyter_execute" in i["uri"]]
    for image, output in zip(stored, figures, strict=True):
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            image["alt"] = alt


def setup(app) -> None:
    """Sphinx calls this once."""
    app.connect("doctree-read", name_figures)
