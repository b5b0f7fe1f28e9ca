"""Claims: bounds, words, strictness, and the log that `make claims` reads."""

import json
import math

import numpy as np
import pytest

from tlcourse.claims import COMPARING, Claim, ClaimError, bootstrap, claim, lesson_seed


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("TLCOURSE_CLAIMS", "TLCOURSE_CLAIMS_LOG", "TLCOURSE_SEED"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("value", "bounds", "holds"),
    [
        (0.5, {"at_least": 0.5}, True),
        (0.49999, {"at_least": 0.5}, False),
        (0.5, {"at_most": 0.5}, True),
        (0.50001, {"at_most": 0.5}, False),
        (0.5, {"at_least": 0.4, "at_most": 0.6}, True),
        (0.7, {"at_least": 0.4, "at_most": 0.6}, False),
        (0.3, {"at_least": 0.4, "at_most": 0.6}, False),
        (math.nan, {"at_least": -math.inf}, False),
        (math.nan, {"at_most": math.inf}, False),
        (math.inf, {"at_least": 1}, True),
        (0.0, {"at_least": 0}, True),  # a bound of 0 is a bound
        (-0.1, {"at_least": 0}, False),
    ],
)
def test_holds(value, bounds, holds):
    assert claim("It does.", value, **bounds).holds is holds


def test_numpy_numbers():
    made = claim("It does.", np.float32(0.5), at_least=np.float64(0.25))
    assert made.holds is True
    assert type(made.value) is float


@pytest.mark.parametrize(
    ("value", "unit", "bounds", "measured", "claimed"),
    [
        (0.853, "%", {"at_least": 0.8}, "85.3 %", "at least 80.0 %"),
        (0.853, "%", {"at_most": 0.9}, "85.3 %", "at most 90.0 %"),
        (0.1525, "points", {"at_least": 0.15}, "15.2 points", "at least 15.0 points"),
        (12.3456, "s", {"at_most": 60}, "12.3 s", "at most 60 s"),
        (3.0, "×", {"at_least": 2, "at_most": 4}, "3 ×", "at least 2 × and at most 4 ×"),
        (1234567.0, "", {"at_least": 1000}, "1234567", "at least 1000"),
        (0.00123, "", {"at_most": 0.5}, "0.00123", "at most 0.5"),
    ],
)
def test_words(value, unit, bounds, measured, claimed):
    against = "the other" if unit in COMPARING else ""
    made = claim("It does.", value, unit=unit, against=against, **bounds)
    assert made.bounds == claimed
    rest = ", against the other" * bool(against)
    assert str(made) == f"✓ It does. Measured: {measured}{rest} (claimed: {claimed})."
    assert repr(made) == str(made)
    assert f"Measured: <b>{measured}</b>{rest} (claimed: {claimed})" in made._repr_html_()


def test_a_claim_that_does_not_hold_says_so_and_the_lesson_goes_on():
    made = claim("It does.", 0.1, at_least=0.2)
    assert str(made) == ("✗ does not hold here: It does. Measured: 0.1 (claimed: at least 0.2).")
    assert "✗ Does not hold here:" in made._repr_html_()
    assert "✓" in claim("It does.", 0.3, at_least=0.2)._repr_html_()


def test_not_a_number():
    assert "Measured: nan (claimed: at least 0.2)" in str(claim("It does.", math.nan, at_least=0.2))


def test_html_is_escaped():
    text = claim("1 < 2 & <b>", 2.0, at_least=1, unit="<i>")._repr_html_()
    assert "1 &lt; 2 &amp; &lt;b&gt;" in text
    assert "2 &lt;i&gt;" in text
    assert "<i>" not in text


def test_a_claim_needs_a_bound():
    with pytest.raises(ValueError, match=r"needs a bound that could fail: give at_least=… or"):
        claim("It does.", 0.5)


def test_strict_mode_raises(monkeypatch):
    monkeypatch.setenv("TLCOURSE_CLAIMS", "strict")
    assert claim("It does.", 0.5, at_least=0.4).holds
    with pytest.raises(ClaimError, match=r"does not hold here: It does\. Measured: 0\.3") as caught:
        claim("It does.", 0.3, at_least=0.4)
    assert isinstance(caught.value, AssertionError)
    with pytest.raises(ClaimError):
        claim("It does.", math.nan, at_least=0.4)


def test_the_log_has_a_line_of_json_a_claim_also_of_one_that_raises(tmp_path, monkeypatch):
    log = tmp_path / "claims.jsonl"
    monkeypatch.setenv("TLCOURSE_CLAIMS_LOG", str(log))
    claim('It "does" – ✓.', np.float64(0.5), at_least=np.float64(0.4), unit="%")
    monkeypatch.setenv("TLCOURSE_CLAIMS", "strict")
    with pytest.raises(ClaimError):
        claim("Another.", 3, at_most=2)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    plain = {"against": "", "fixed": "", "spread": None}
    assert lines == [
        {
            "text": 'It "does" – ✓.',
            "value": 0.5,
            "bounds": "at least 40.0 %",
            "holds": True,
            **plain,
        },
        {"text": "Another.", "value": 3.0, "bounds": "at most 2", "holds": False, **plain},
    ]


def test_no_log_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claim("It does.", 0.5, at_least=0.4)
    assert list(tmp_path.iterdir()) == []


def test_a_claim_is_frozen():
    with pytest.raises(AttributeError):
        Claim("It does.", 0.5, at_least=0.4).value = 1.0


def test_lesson_seed(monkeypatch):
    assert lesson_seed() == 0
    assert lesson_seed(7) == 7
    monkeypatch.setenv("TLCOURSE_SEED", "3")
    assert lesson_seed() == lesson_seed(7) == 3
    for wrong in ("three", "1.5", ""):
        monkeypatch.setenv("TLCOURSE_SEED", wrong)
        with pytest.raises(
            ValueError, match=f"TLCOURSE_SEED must be a whole number, not '{wrong}'"
        ):
            lesson_seed()


@pytest.mark.parametrize("unit", COMPARING)
def test_a_comparison_says_with_what(unit):
    with pytest.raises(ValueError, match=f"A claim in {unit} compares two things"):
        claim("It does.", 3.0, at_least=2, unit=unit)


def test_a_number_that_no_seed_changes_says_where_it_comes_from_and_how_sure_it_is():
    made = claim(
        "It does.", 0.14, at_least=0.08, unit="points", against="scratch", fixed="the table",
        spread=(0.1, 0.18),
    )  # fmt: skip
    assert made.measured == (
        "14.0 points (95 % interval 10.0 points to 18.0 points), against scratch; read from the "
        "table"
    )
    assert (
        "<b>14.0 points</b> (95 % interval 10.0 points to 18.0 points), against scratch; read "
        "from the table (claimed: at least 8.0 points)"
    ) in made._repr_html_()


def test_bootstrap_by_hand():
    # Of two runs, 0 and 1, both draws are the one with probability 1/4 each: the mean is 0, 0.5, 1.
    values = np.array([0.0, 1.0])
    assert bootstrap(lambda runs: values[runs].mean(), 2) == (0.0, 1.0)
    assert bootstrap(lambda runs: 3.0, 5) == (3.0, 3.0)
    with pytest.raises(ValueError, match="at least two runs, not 1"):
        bootstrap(lambda runs: 0.0, 1)
