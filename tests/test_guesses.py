"""A guess is answered in words that depend on it."""

import pytest

from tlcourse import reveal


@pytest.mark.parametrize(
    ("guess", "measured", "unit", "words"),
    [
        (0.30, 0.67, "%", "it: you guessed 30.0%, measured 67.0%. More than you thought."),
        (0.90, 0.67, "%", "it: you guessed 90.0%, measured 67.0%. Less than you thought."),
        (0.66, 0.67, "%", "it: you guessed 66.0%, measured 67.0%. You were close."),
        (0.1, -0.1, "points", "it: you guessed +10.0 points, measured -10.0 points. The other way"),
        (0.2, -0.01, "points", "measured -1.0 points. Less than you thought."),
        (0.02, -0.02, "points", "measured -2.0 points. You were close."),
        (0.0, 0.1, "points", "you guessed +0.0 points, measured +10.0 points. More than"),
        (12, 22.4, "labels", "you guessed 12 labels, measured 22.4 labels. More than"),
        (20, 22.4, "labels", "You were close."),
        (0, 22.4, "labels", "More than"),
        ("HOG", "HOG", "", "it: you guessed HOG, and so it is."),
        ("pixels", "HOG", "", "it: you guessed pixels, but it is HOG."),
    ],
)
def test_the_answer_depends_on_the_guess(guess, measured, unit, words, capsys):
    reveal("it", guess, measured, unit)
    assert words in capsys.readouterr().out


def test_a_lesson_has_its_own_words(capsys):
    reveal("it", 0.5, 0.8, more="Photographs help.")
    assert capsys.readouterr().out.endswith("measured 80.0%. Photographs help.\n")


def test_a_word_is_no_number():
    with pytest.raises(TypeError, match=r"which: the guess should be a word, in quotes, not 0\.5"):
        reveal("which", 0.5, "HOG")
    with pytest.raises(TypeError, match="share: the guess should be a number, not '50 %'"):
        reveal("share", "50 %", 0.5)
