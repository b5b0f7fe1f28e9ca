"""The page on well-known notebooks, made of `courses`: `python -m tests.auditing.courses_page`."""

from pathlib import Path

from tests.auditing.courses import RECIPES

PAGE = Path(__file__).resolve().parents[2] / "teaching/KNOWN_NOTEBOOKS.md"

HEAD = """# What `audit` says of well-known notebooks

{recipes} notebooks and books from which many have learned transfer learning, rebuilt from their \
published recipes (network, preprocessing, phases, rates) in words and code of ours, and looked \
at by `audit`. Of {phases} phases, it says nothing of {silent}. These notebooks are good, and most \
have taught more people than this course will. What is found is subtle, and was found in ours, too.

How to read it. A recipe is judged as it would run today in Keras 3; some are older. The networks \
have random kernels here, and biases and statistics as if they had learned; pictures are few and \
small. So nothing here says what a finding costs: lesson 11 measures that for some. *Nothing* \
means that none of the mistakes that `audit` looks for was seen. Recipes may have changed since \
we read them, in November 2026; where we have misread one, please tell us.

The recipes are functions in [tests/auditing/courses.py](../tests/auditing/courses.py), of which \
this page is made; a test holds both together.

| notebook | phase | `audit` finds | what to make of it |
|---|---|---|---|
"""


def page() -> str:
    """The page, in Markdown."""
    phases = [found for recipe in RECIPES for found in recipe.says.values()]
    rows = []
    for recipe in RECIPES:
        title = f"{recipe.title} · [source]({recipe.source})"
        for phase, found in recipe.says.items():
            said = ", ".join(f"*{name}*" for name in found) or "nothing"
            rows.append(f"| {title} | {phase} | {said} | {recipe.comment[phase]} |\n")
            title = ""
    silent = sum(not found for found in phases)
    head = HEAD.format(recipes=len(RECIPES), phases=len(phases), silent=silent)
    return head + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
