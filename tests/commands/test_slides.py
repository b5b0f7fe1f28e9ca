"""Slides: which cells are shown, and how their text is cut down; how they look: browser/."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tlcourse.commands.slides import deck, main, sections, shortened

LESSON = """\
## Exhibit

A paragraph with a [link](other.ipynb) and one [outside](https://example.com).

| a | table |
|---|---|

```python
# a comment, no heading
x = 1

y = 2
```

## Your turn

1. Do it.

<details><summary>Hint</summary>

## In the hint
</details>

## Summary

- A point.

**Next:** lesson 2.
"""


def test_a_text_becomes_its_sections_without_exercises_and_hints():
    exhibit, summary = shortened(LESSON)
    assert exhibit.startswith("## Exhibit\n\nA paragraph with a link and one [outside](https:")
    assert "| a | table |" in exhibit
    assert "# a comment, no heading\nx = 1\n\ny = 2" in exhibit
    assert summary == "## Summary\n\n- A point."


def test_what_follows_the_first_paragraphs_is_left_out():
    short = shortened("\n\n".join(["# Title", "a" * 400, "b" * 100, "- kept", "c" * 10]))
    assert short == ["# Title\n\n" + "a" * 400 + "\n\n- kept\n\n" + "c" * 10]
    assert shortened("a" * 900) == ["a" * 900]  # at least one


def test_sections_begin_at_headings():
    assert sections("before\n\n## One\ntext\n\n### Two\n\nmore") == [
        "before",
        "## One\ntext",
        "### Two\n\nmore",
    ]


def cell(make, source, kind, **options):
    metadata = {"slideshow": {"slide_type": kind}} if kind else {}
    return make(source, metadata=metadata | options.pop("metadata", {}), **options)


def printed(text):
    return new_output("stream", text=text)


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        path = tmp_path / "01_lesson.ipynb"
        nbformat.write(new_notebook(cells=list(cells)), path)
        return path

    return write


def test_cells_are_chosen_by_slide_type_and_code_by_its_tag(notebook):
    tag = {"slideshow": {"slide_type": "-"}, "tags": ["slide-input"]}
    page = deck(
        notebook(
            cell(new_markdown_cell, "# The title", "slide"),
            cell(new_markdown_cell, "not shown", "skip"),
            cell(new_markdown_cell, "not shown either", None),
            cell(new_code_cell, "concealed = 1", "slide", outputs=[printed("shown output")]),
            new_code_cell("visible = 2", metadata=tag, outputs=[printed("you guessed 3")]),
        )
    )
    assert "<title>The title</title>" in page
    assert page.count("<section") == 4  # two slides, each in a column of its own
    assert "shown output" in page
    assert "visible" in page
    assert page.count('<h3 id="The-title">') == 1  # the heading of the slide that begins with code
    for absent in ("not shown", "concealed", "you guessed"):
        assert absent not in page


def test_a_formula_and_an_empty_deck_are_refused(notebook):
    with pytest.raises(ValueError, match=r"cannot be drawn: '# A\\n\\n\$x\^2\$'"):
        deck(notebook(cell(new_markdown_cell, "# A\n\n$x^2$", "slide")))
    with pytest.raises(ValueError, match="has no cell whose"):
        deck(notebook(cell(new_markdown_cell, "# A", "skip")))


def test_a_page_holds_all_it_needs(notebook, tmp_path):
    path = notebook(cell(new_markdown_cell, "# A", "slide"))
    assert main([str(path), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "01_lesson.html").read_text("utf-8")
    assert "reveal.js 4.6" in page
    assert not any(sign in page for sign in ('src="http', "@import", "url(http", 'rel="stylesheet'))
