"""Demo 6: the guess, the reveal, the threshold, and what comes through."""

import numpy as np
import pytest

from tests.helpers.widget_parts import by_label
from tlcourse import widgets
from tlcourse.data.studies import UNKNOWN_GROUPS, UNKNOWN_SCORES, load_unknown
from tlcourse.widgets.threshold_dial import in_words, through


def standing(*places):
    """One draw, with a picture at each of these places."""
    return np.bincount(places, minlength=101)[None]


def test_at_or_above_the_threshold_comes_through():
    counts = standing(0, 4, 5, 100)
    assert [through(counts, percent)[0] for percent in (0, 4, 5, 6, 100)] == [
        1.0, 0.75, 0.5, 0.25, 0.25,
    ]  # fmt: skip


def test_words_keep_the_unknown_back_until_the_reveal():
    known, unknown = standing(2, 50, 60, 70), np.vstack([standing(1, 90), standing(1, 2)])
    before = in_words(known, unknown, 5, "digits", None)
    assert before == (
        "Of the known test pictures, 25 % are handed to a person. How many of the unknown "
        "(digits) come through? Guess, then reveal."
    )
    after = in_words(known, unknown, 5, "digits", 70)
    assert after.endswith(
        "Of the unknown (digits), 25 % come through (0 to 50 % over ten draws). Your guess: 70 %."
    )


@pytest.mark.parametrize("score", UNKNOWN_SCORES)
def test_a_threshold_on_validation_loses_about_as_many_of_the_test(score):
    known = load_unknown()[score, "known"]
    assert known.shape == (10, 101)
    assert known.sum() == 10 * 750
    for percent in (5, 20, 50):
        assert 1 - through(known, percent).mean() == pytest.approx(percent / 100, abs=0.04)


def test_what_is_far_is_stopped_and_what_is_near_is_not():
    table = load_unknown()
    assert through(table["distance", "digits"], 5).max() == 0
    for score in UNKNOWN_SCORES:
        assert through(table[score, "other kinds"], 5).mean() > 0.8


def test_guess_reveal_and_turn():
    demo = widgets.threshold_dial()
    controls, picture = by_label(demo), demo.children[-1]
    dial, line = controls["Validation pictures handed to a person"], controls["Message"]
    assert "the unknown is hidden" in picture.value
    controls["My guess: unknown that comes through, percent"].value = 20
    assert "20 %" not in line.text
    controls["Reveal"].click()
    assert "85 % of the unknown (other kinds) come through" in picture.value
    assert line.text.endswith("Your guess: 20 %.")
    assert controls["Reveal"].disabled
    dial.value = 50
    assert "At a threshold of 50 percent" in picture.value
    for label, values in (("Unknown", UNKNOWN_GROUPS), ("Score", UNKNOWN_SCORES)):
        for value in values[::-1]:  # each change is another question
            controls[label].value = value
            assert ("is hidden" in picture.value) is not controls["Reveal"].disabled
            controls["Reveal"].click()
            assert "come through" in picture.value
