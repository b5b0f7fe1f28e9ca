"""The model card: a page of Markdown beside the model, filled from the run.

What only a person can know stands in it in brackets: who answers for the model, what it is for,
where the photos are from. The words are in card.md.j2.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import tlcourse
from tlcourse.files.assets import atomic_path
from tlcourse.retrain.report import beside, class_rows, count_rows, pages

if TYPE_CHECKING:
    from tlcourse.retrain.result import Result

TEMPLATE = "card.md.j2"


def write_card(result: "Result", target: Path) -> Path:
    """Write the card; it is there in full, or not at all.

    Raises:
        AssetError: it cannot be written.
    """
    text = render_card(result)
    with atomic_path(target, "") as draft:
        draft.write_text(text, "utf-8")
    return target


def render_card(result: "Result") -> str:
    """The card as text. What is in names of classes is text in it, and no marks."""
    page = pages(html=False)
    page.filters["md"] = plain
    return page.get_template(TEMPLATE).render(
        r=result,
        task=result.task,
        test=result.test,
        cut=result.trust.thresholds[0],
        beside=beside(result),
        classes=class_rows(result),
        counts=count_rows(result),
        version=tlcourse.__version__,
    )


def plain(text: str) -> str:
    r"""`a|b*` as `a\|b\*`, on one line."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", " ".join(text.split()))
