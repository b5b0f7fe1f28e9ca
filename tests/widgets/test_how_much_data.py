"""Demo 3: the guess, the reveal, where the curves cross, and what is said of it."""

import re

import numpy as np
import pytest

from tests.helpers.widget_parts import by_label, html_with
from tlcourse import widgets
from tlcourse.claims import interval
from tlcourse.data.studies import load_real_tasks
from tlcourse.widgets.how_much_data import crossing, flowers_curves, in_words

SIZES = (10, 100, 1000)


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ([0.2, 0.1, -0.1], 100 * 10**0.5),  # half way between 100 and 1000, as a factor
        ([0.3, -0.1, -0.2], 10 * 10**0.75),
        ([0.2, 0.1, 0.0], 1000),
        ([0.2, -0.1, 0.1], None),  # ahead again: no crossing that stays
        ([0.2, 0.1, 0.05], None),
        ([-0.2, -0.1, -0.1], None),
        ([-0.1, 0.1, -0.1], 100 * 10**0.5),
    ],
)
def test_crossing_lies_between_two_sizes_on_a_logarithmic_scale(gain, expected):
    assert crossing(SIZES, gain) == (expected and pytest.approx(expected))


def test_interval_is_that_of_students_t():
    # mean 2, standard deviation 1, three values: 2 ± 4.303 / √3
    assert interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((-0.4843, 4.4843), abs=1e-3)


def accuracies(*means):
    """Three sizes × three seeds around these means."""
    return np.array(means)[:, None] + np.array([-0.01, 0.0, 0.01])


@pytest.mark.parametrize(
    ("transfer", "shown", "expected"),
    [
        ((0.5, 0.6, 0.7), 0, "Where will transfer be?"),
        ((0.5, 0.6, 0.7), 1, "With 10 images a class, transfer is 20.0 points ahead. Your guess"),
        ((0.5, 0.6, 0.7), 3, "cross at about 320 images a class. With 1000 images a class, transf"),
        ((0.5, 0.6, 0.95), 3, "do not cross up to 1000 images a class"),
    ],
)
def test_words_tell_what_is_revealed(transfer, shown, expected):
    scratch = np.array([(0.3, 0.5, 0.8)]).T + np.zeros(3)
    told = in_words(SIZES, accuracies(*transfer), scratch, np.array([0.5, 0.5, 0.5]), shown)
    assert expected in told
    if shown == 1:
        assert "off by 0 points" in told


def test_what_may_be_luck_is_called_so():
    scratch = np.full((3, 3), 0.5)
    transfer = np.array([[0.7, 0.7, 0.7], [0.6, 0.6, 0.6], [0.4, 0.49, 0.59]])
    told = in_words(SIZES, transfer, scratch, np.zeros(3), 3)
    assert "The curves meet at about" in told
    assert "0.7 points behind, which may be luck" in told


def picture(demo):
    return html_with(demo, "<img")


def test_guess_then_reveal_then_guess_again():
    demo = widgets.how_much_data()
    controls = by_label(demo)
    before = picture(demo)
    assert "frozen" not in before
    controls["300 a class"].value = 80
    assert picture(demo) != before
    for shown in range(1, 7):
        controls["Reveal next"].click()
        assert len(re.findall(r"% with", re.search('frozen: ([^;"]*)', picture(demo))[1])) == shown
    assert "the curves cross at about 25 images" in picture(demo)
    assert controls["Reveal next"].disabled
    assert "The curves cross at about 25 images a class." in controls["Message"].text
    controls["Stages kept (of 4)"].value = 2
    assert "do not cross" in controls["Message"].text
    controls["They are"].value = "tuned"
    assert "fine-tuned" in picture(demo)
    controls["Again"].click()
    assert controls["300 a class"].value == 95  # from scratch
    assert "fine-tuned" not in picture(demo)


def test_flowers_have_networks_instead_of_stages():
    demo = widgets.how_much_data()
    controls = by_label(demo)
    controls["Reveal all"].click()
    controls["Task"].value = "flowers"  # begins anew
    assert "from scratch" in picture(demo).lower()
    assert "photonet" not in picture(demo)
    assert controls["Stages kept (of 4)"].layout.display == "none"
    assert controls["Network"].layout.display is None
    controls = by_label(demo)
    assert controls["200 a class"].value == 80  # 78 % right from scratch
    controls["Reveal next"].click()
    told = controls["Message"].text
    assert "With 5 images a class, transfer is 12.7 points ahead." in told
    controls["Network"].value = "MobileNetV2, frozen"
    controls["Reveal all"].click()
    assert "do not cross up to 200 images a class" in controls["Message"].text
    controls["Task"].value = "eyewear"
    assert "300 a class" in by_label(demo)


def test_flowers_are_compared_seed_by_seed():
    table = load_real_tasks()
    curves = flowers_curves("MobileNetV2, fine-tuned")
    assert curves.transfer.shape == curves.scratch.shape == (6, 5)
    assert curves.scratch[1] == pytest.approx(table["flowers", "none", "scratch", 128, 10])
    many = table["flowers", "MobileNetV2", "frozen", 160, 10]  # ten runs: the first five
    assert flowers_curves("MobileNetV2, frozen").transfer[1] == pytest.approx(many[:5])


def test_it_needs_no_tensorflow():
    import subprocess
    import sys

    code = "import sys; from tlcourse import widgets; widgets.how_much_data(); " + (
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
