"""How Sphinx builds the site. `tools/make_site.py` lays the pages out beside a copy of this."""

import html
import json
import os
import re
import sys
import textwrap
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
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure"]

PAGES = os.environ.get("TLCOURSE_PAGES", "")  # where the site is published; "" if it is not
if PAGES:
    html_baseurl = f"{PAGES}/"
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css", "dials.css"]
html_js_files = ["course.js"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False  # the page of names has them in order; the index is tables for layout alone

epub_basename = "transfer-learning"
epub_author = epub_publisher = author
epub_copyright = copyright
epub_identifier = epub_uid = "transfer-learning-course"  # one name, where two files ask for it
epub_description = "Lessons, exercises and guides of a course on transfer learning"
epub_contributor = author
epub_show_urls = "no"
epub_css_files = ["book.css"]
epub_use_index = False
epub_exclude_files = [
    f"_static/{name}"
    for name in ("course.css", "course.js", "dials.css", "dials.js", "preview.png")
]


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


# A cell of a table with Chinese words, which a reader that speaks must not read as English.
_CHINESE = re.compile(r"<(t[dh])( [^>]*)?>(?=(?:<p>)?[^<]*[\u4e00-\u9fff])")


def say_what_is_chinese(app, pagename, templatename, context, doctree) -> None:
    """Mark the cells of tables that are Chinese, in the site and in the book."""
    if "body" in context:
        context["body"] = _CHINESE.sub(r'<\1\2 lang="zh">', context["body"])


def preview(app, pagename, templatename, context, doctree) -> None:
    """What a link to this page is shown with elsewhere: Open Graph tags."""
    if app.builder.name != "html":
        return
    first = doctree and next(iter(doctree.findall(nodes.paragraph)), None)
    about = textwrap.shorten(first.astext(), 200, placeholder=" …") if first else ""
    tags = {
        "og:site_name": project,
        "og:type": "website",
        "og:title": html.unescape(re.sub("<[^>]+>", "", context.get("title") or project)),
        "og:description": about,
    }
    if PAGES:  # these two must be whole addresses
        tags |= {"og:url": f"{PAGES}/{pagename}.html", "og:image": f"{PAGES}/_static/preview.png"}
    lines = [
        f'<meta property="{name}" content="{html.escape(text)}">' for name, text in tags.items()
    ]
    lines.append(f'<meta name="description" content="{html.escape(about)}">')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def for_a_book(app, pagename, templatename, context, doctree) -> None:
    """An ePub is XHTML, without scripts: close each tag, and drop what its pages cannot do."""
    if app.builder.name != "epub" or "body" not in context:
        return
    from bs4 import BeautifulSoup

    body = BeautifulSoup(context["body"], "html.parser")
    for thing in body.find_all(["script", "style", "noscript", "button"]):
        thing.decompose()
    for summary in body.find_all("summary"):  # "Show the output" and "Hide the output", as blocks
        words = summary.find("p")
        summary.string = (words or summary).get_text()
    for thing in body.find_all(onload=True):
        del thing["onload"]
    context["body"] = body.decode(formatter="minimal")
    context["script_files"] = []
    context["css_files"] = [file for file in context["css_files"] if "mystnb" not in str(file)]


def setup(app) -> None:
    """Sphinx calls this once."""
    app.connect("doctree-read", name_figures)
    app.connect("html-page-context", say_what_is_chinese)
    app.connect("html-page-context", preview)
    app.connect("html-page-context", for_a_book)
