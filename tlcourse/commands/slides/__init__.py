"""`tlcourse slides`: chosen cells of each lesson as a deck that opens from disk, with no network.

    tlcourse slides --out build/slides lessons/05_….ipynb

The cells are chosen in the notebooks, by the standard metadata `slideshow.slide_type`: `slide`
starts a slide, a cell without one goes on with it, `skip` is left out. The code of a cell is shown
where it has the tag `slide-input`. Text is cut down to what a slide holds: the details that open at
a click, exercises, glossary and reading are left out, and so is what follows the first paragraphs.

reveal.js 4.6.1 (reveal.js, reveal.css; https://revealjs.com, MIT license) is part of each file.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from tlcourse.errors import InputError
from tlcourse.files.assets import atomic_path
from tlcourse.notebooks import VEIL

HERE = Path(__file__).resolve().parent
SHOW_INPUT = "slide-input"
LEFT_OUT = {"your turn", "glossary", "further reading", "credits"}
STEPS = {"predict", "run", "reveal", "run and reveal"}  # headings that say nothing on their own
MOST_LETTERS = 420  # of plain paragraphs on one slide
_MATH = re.compile(r"\$[^$\n]+\$|\\\(|\\\[")


def deck(path: Path) -> str:
    """The slides of a notebook as one HTML page.

    Raises:
        InputError: the notebook has no slides, or a slide has formulas: there is nothing here
            that could draw them.
    """
    import nbformat
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    notebook = nbformat.read(path, as_version=4)
    notebook.cells = list(_slides(notebook.cells))
    if not notebook.cells:
        raise InputError(f"{path.name} has no cell whose slideshow.slide_type is 'slide'.")
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(HERE)],
        embed_images=True,
        config=Config({"CSSHTMLHeaderPreprocessor": {"style": "default"}}),
    )
    parts = {
        name.replace(".", "_"): (HERE / name).read_text("utf-8")
        for name in ("reveal.js", "reveal.css")
    }
    parts |= {name: (HERE / f"deck.{name}").read_text("utf-8") for name in ("js", "css")}
    parts["title"] = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    resources = {"deck": parts, "metadata": {"name": path.stem, "path": str(path.parent)}}
    return exporter.from_notebook_node(notebook, resources)[0]


def _slides(cells) -> Iterator:
    """The cells that are shown, cut down; one that has several sections becomes several.

    A slide that begins with code gets the heading that it stands under.
    """
    from nbformat.v4 import new_markdown_cell

    def text(source: str, kind: str):
        return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})

    shown, heading = False, ""
    for cell in cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        shown = kind != "skip" and (shown or kind == "slide")
        if cell.cell_type == "markdown":
            above = heading
            found = [section[0] for section in map(str.splitlines, sections(cell.source))]
            found = [line.lstrip("# ") for line in found if line.startswith("#")]
            heading = next((line for line in found[::-1] if line.lower() not in STEPS), heading)
        if not shown:
            continue
        if cell.cell_type == "code":
            if kind == "slide":
                yield text(f"### {heading}", kind)
                cell.metadata.slideshow.slide_type = "-"
            if SHOW_INPUT not in cell.metadata.get("tags", []):
                cell.metadata["transient"] = {
                    "remove_source": True
                }  # as nbconvert's own preprocessors do
            cell.outputs = [output for output in cell.outputs if not _is_guess(output)]
            for output in cell.outputs:
                if output.output_type == "stream":
                    output.text = output.text.removeprefix(VEIL)
            yield cell
            continue
        for section in shortened(cell.source):
            if _MATH.search(section):
                raise InputError(f"A slide has a formula, which cannot be drawn: {section[:80]!r}")
            if kind == "slide" and not section.startswith("#"):
                section = f"### {above}\n\n{section}"
            yield text(section, kind)
            kind = "slide"


def _is_guess(output) -> bool:
    """Whether it sets a guess against what came out: each learner has another one."""
    return output.output_type == "stream" and "you guessed" in output.text.lower()


def shortened(source: str) -> list[str]:
    """The sections of a text, each short enough for a slide.

    Args:
        source: Markdown.

    Returns:
        One text a heading. Tables, lists and code stay whole; plain paragraphs stay up to
        `MOST_LETTERS`, but at least the first.
    """
    source = re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL)
    source = re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", source)  # links within
    kept, parts = [], sections(source)
    for section in parts:
        if section.splitlines()[0].lstrip("# ").lower() in LEFT_OUT:
            continue
        blocks, letters = [], 0
        for block in _blocks(section):
            if not re.match(r"#|\||[-*] |\d+\. |```|!\[", block):
                if block.startswith("**Next") or (letters and letters + len(block) > MOST_LETTERS):
                    continue
                letters += len(block)
            blocks.append(block)
        if (
            len(blocks) > 1 or len(parts) == 1 or not blocks[0].startswith("#")
        ):  # not a bare heading
            kept.append("\n\n".join(blocks))
    return kept


def sections(text: str) -> list[str]:
    """A Markdown text, cut before each heading; a comment in a block of code is none."""
    parts = [""]
    for block in _blocks(text):
        if re.match("#{1,3} ", block):
            parts.append("")
        parts[-1] += f"\n\n{block}"
    return [part.strip() for part in parts if part.strip()]


def _blocks(text: str) -> list[str]:
    """Headings, paragraphs, lists, tables; a fenced block of code is one, whatever is in it."""
    found = re.findall(r"```.*?```|(?:(?!```)(?!\n\s*\n).)+", text, flags=re.DOTALL)
    return [block.strip("\n") for block in found if block.strip()]


def main(argv: list[str] | None = None) -> int:
    """Write a deck for each notebook; returns 0."""
    parser = argparse.ArgumentParser(prog="tlcourse slides", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/slides"))
    options = parser.parse_args(argv)
    for path in options.notebooks:
        target = options.out / f"{path.stem}.html"
        page = deck(path)
        with atomic_path(target) as draft:
            draft.write_text(page, encoding="utf-8")
        print(target)
    return 0
