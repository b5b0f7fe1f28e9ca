"""Demo 4: the guess, the dial, and what is called help, harm or luck."""

import numpy as np
import pytest

from tests.helpers.widget_parts import by_label
from tlcourse import widgets
from tlcourse.data.studies import (
    DISTANCE_SIZES,
    SOURCES,
    TARGETS,
    load_distance,
    load_real_tasks,
)
from tlcourse.widgets.distance_dial import (
    LABELS,
    REAL_TARGETS,
    gains_of,
    in_words,
    labels_of,
    load_all,
    sizes_of,
    verdict,
)

HELP, LUCK, HARM = (np.array([-0.01, 0.0, 0.01]) + mean for mean in (0.2, 0.0, -0.2))


def test_what_may_be_luck_is_neither_help_nor_harm():
    assert [verdict(gain) for gain in (HELP, LUCK, HARM)] == ["help", "luck", "harm"]


@pytest.mark.parametrize(
    ("shown", "guess", "expected"),
    [
        (0, None, "Choose your guess, then turn the dial."),
        (1, None, "drawings: +20 points against from scratch (95 % interval +18 to +22): help."),
        (2, None, "photographs: +0 points against from scratch (95 % interval −2 to +2): it may"),
        (3, None, "no labels: +0 points"),
        (5, None, "wrong labels: −20 points"),
        (6, None, "harm. Harm begins at: wrong labels."),
        (6, 3, "Harm begins at: wrong labels. Your guess: noise."),
        (6, 6, "Your guess: none of them."),
    ],
)
def test_words_tell_the_source_and_at_the_end_where_harm_begins(shown, guess, expected):
    assert expected in in_words([HELP, LUCK, LUCK, LUCK, HARM, HARM], shown, guess)


def test_without_harm_none_is_named():
    assert "Harm begins at: none of them." in in_words([HELP] * 6, 6, None)


def test_gains_are_taken_seed_by_seed():
    table = {("t", s, "frozen", 5): np.array([0.5, 0.7]) for s in SOURCES}
    table["t", "none", "scratch", 5] = np.array([0.4, 0.5, 0.9])
    assert gains_of(table, "t", "frozen", 5)[0] == pytest.approx([0.1, 0.2])


def test_the_table_has_every_case_that_the_controls_offer():
    table = load_all()
    for target in (*TARGETS, *REAL_TARGETS):
        for method in ("frozen", "tuned"):
            for size in sizes_of(target, method):
                gains = gains_of(table, target, method, size)
                assert len(gains) == len(labels_of(target))
                assert all(len(gain) >= 3 for gain in gains)


def test_the_order_of_the_sources_is_that_of_lesson_4():
    assert tuple(LABELS) == SOURCES


def test_real_targets_are_read_from_the_table_of_real_tasks():
    real = load_real_tasks()
    wide = real["flowers", "MobileNetV2", "tuned", 160, 100]  # not that of 64, 96, 128, 224 pixels
    assert (load_all()["flowers", "MobileNetV2", "tuned", 100] == wide).all()
    gain = gains_of(load_all(), "blood_cells", "frozen", 10)[0]  # ten seeds against five
    scratch = real["blood_cells", "none", "scratch", 64, 10]
    assert gain == pytest.approx(
        real["blood_cells", "MobileNetV2", "frozen", 128, 10][:5] - scratch
    )


def test_on_real_targets_the_dial_tells_near_from_far():
    def verdicts(target):
        return [verdict(gain) for gain in gains_of(load_all(), target, "frozen", 10)]

    assert verdicts("flowers")[:2] == verdicts("satellite")[:2] == ["help", "help"]
    assert set(verdicts("blood_cells")) == {"harm"}


def test_near_sources_help_and_useless_ones_harm_as_the_notebook_asks():
    table = load_distance()
    few = [verdict(gain) for gain in gains_of(table, "sunglasses", "frozen", 10)]
    assert few == ["help", "help", "harm", "harm", "harm", "harm"]
    many = [verdict(gain) for gain in gains_of(table, "sunglasses", "frozen", 100)]
    assert many[1:] == ["harm"] * 5
    assert {verdict(gain) for gain in gains_of(table, "digits", "frozen", 10)} == {"harm"}


def test_the_dial_reveals_source_by_source():
    demo = widgets.distance_dial()
    controls, picture = by_label(demo), demo.children[-1]
    assert "hidden" in picture.value
    controls["My guess: harm begins at"].value = 4
    dial = controls["Source, near to useless"]
    for shown in range(1, 7):
        dial.value = shown
        assert picture.value.split('src="')[0].count(";") == shown - 1
    assert "Your guess: wrong labels." in controls["Message"].text
    before = picture.value
    controls["Images a class"].value = 50
    assert picture.value != before
    controls["The network is"].value = "tuned"
    assert controls["Images a class"].value in DISTANCE_SIZES["tuned"]
    controls["The network is"].value = "frozen"
    controls["Images a class"].value = 50
    controls["Target"].value = "digits"  # the same sources: guess and dial stay
    assert (dial.value, controls["My guess: harm begins at"].value) == (6, 4)
    controls["Target"].value = "blood_cells"  # others, and no run with 50 images
    assert (dial.value, controls["My guess: harm begins at"].value) == (0, None)
    assert controls["Images a class"].value == 10
    dial.value = 4
    controls["My guess: harm begins at"].value = 4
    assert "Harm begins at: ImageNet. Your guess: none of them." in controls["Message"].text
    controls["Target"].value = "sunglasses"
    assert len(dial.options) == 7
    assert tuple(controls["Images a class"].options) == DISTANCE_SIZES["frozen"]
