"""Schemes of blocks: all boxes with their words, and what cannot be drawn is told."""

import pytest

from tlcourse import plots


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_each_box_says_its_words_and_branches_stand_side_by_side():
    ax = plots.block([["1×1"], ["1×1", "3×3"]], title="a block", join="side by side")
    assert sorted(words(ax)) == sorted(["1×1", "1×1", "3×3", "side by side", "x"])
    assert len(ax.patches) == 4
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["3×3"][0] > 0
    assert places["x"][1] > places["3×3"][1] > places["side by side"][1]
    assert ax.get_title() == "a block"


def test_a_way_around_is_a_line_beside_the_boxes():
    plain = plots.block([["f"]], title="", join="+")
    around = plots.block([["f"]], title="", join="+", around=True)
    assert len(plain.lines) == 0
    (line,) = around.lines
    assert max(line.get_xdata()) > 0.5


@pytest.mark.parametrize(
    ("branches", "options", "wrong"),
    [([], {}, "one box or more"), ([["a"], []], {}, "one box or more"),
     ([["a"], ["b"]], {}, "join="), ([["a"]], {"around": True}, "join=")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told(branches, options, wrong):
    with pytest.raises(ValueError, match=wrong):
        plots.block(branches, title="", **options)
