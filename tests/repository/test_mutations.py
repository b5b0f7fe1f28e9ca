"""The mutation test of the checks: what is changed, and what its page says."""

import tomllib
from dataclasses import dataclass

import pytest

from tlcourse.exercises import registry
from tools import mutate_checks, mutations, mutations_page

REASONS = tomllib.loads(mutations_page.REASONS.read_text("utf-8"))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("x = 5", {"x = 6", "x = 4"}),
        ("x = a < b", {"x = a <= b", "x = a > b", "pass"}),
        ("x = a * b", {"x = a / b", "x = a", "x = b", "pass"}),
        ("x = True", {"x = False"}),
        ("x = -a", {"x = a", "pass"}),
        ("x = f(a, b)", {"x = f(b, a)", "x = f(a)", "x = a", "pass"}),
        ("x = f(k=a)", {"x = f()", "pass"}),
        ("x = 'b'", {f"x = '{letter}'" for letter in "acdef"}),
        ("x = 'bce'", {"x = 'cbe'", "x = 'bec'", "x = 'bc'"}),
        ("x = 'stage2'", {"x = 'stage3'", "x = 'stage1'"}),
        ("x = a[1:]", {"x = a", "x = a[:]", "x = a[2:]", "x = a[0:]", "pass"}),
        ("x = [y for y in z if y]", {"x = [y for y in z]", "x = [y for y in z if not y]", "pass"}),
    ],
)
def test_each_change_is_small_and_there_once(source, wanted):
    found = [text for _, text in mutations.mutants(source)]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_what_does_nothing_is_not_changed():
    assert mutations.mutants("x = None") == []
    assert mutations.mutants('"""Words."""') == []
    changed = [text for _, text in mutations.mutants("m.fit(x, verbose=0)")]
    assert changed == ["pass", "x"]


def test_a_change_is_told_by_what_was_and_what_is():
    (one, *_) = mutations.mutants("a = 1\nb = True")
    assert one == ("a = 1 → a = 2", "a = 2\nb = True")


def test_every_exercise_has_an_answer_and_changes():
    for lesson in mutate_checks.lessons():
        found = mutate_checks.answers(lesson)
        assert [one.id for one in found] == list(registry.exercises(lesson))
        assert all(len(one.drawn()) >= 5 for one in found)


def test_what_stands_between_an_answer_and_its_check_is_not_run_before_it():
    (one,) = (each for each in mutate_checks.answers("04") if each.id == "04.4")
    assert "def interval" in one.source
    assert not any("interval(" in cell for cell in one.before)


def test_only_the_cells_that_an_answer_reads_are_run_before_it():
    cells = ("import numpy as np", "a = np.ones(3)", "print(a)", "b = 2", "c = a + 1")
    assert mutate_checks.needed(cells, "d = c * 2") == [cells[0], cells[1], cells[4]]


def test_every_reason_is_of_an_exercise_and_of_a_kind():
    ids = {id for lesson in registry.lessons() for id in registry.exercises(lesson)}
    assert set(REASONS) <= ids
    for rows in REASONS.values():
        for row in rows:
            assert row["kind"] in mutations_page.KINDS
            assert len(row["reason"]) > 20


@dataclass(frozen=True)
class Asked:
    """As `mutate_checks.Answer`, with two changes."""

    id: str = "01.1"
    source: str = "x = 1"

    def drawn(self):
        return [("1 → 2", "x = 2"), ("1 → 0", "x = 0"), ("1 → 9", "x = 9")]

    def key(self, change, text):
        return change


def test_the_page_counts_and_names_what_nobody_has_looked_at(tmp_path, monkeypatch):
    reasons = tmp_path / "reasons.toml"
    reasons.write_text('[["01.1"]]\nchange = "*2"\nkind = "free"\nreason = "two will do"\n')
    monkeypatch.setattr(mutations_page, "REASONS", reasons)
    monkeypatch.setattr(mutations_page, "PAGE", tmp_path / "page.md")
    results = {
        mutate_checks.RIGHT: {"right": True},
        "1 → 2": {"right": True, "change": "1 → 2", "said": ""},
        "1 → 0": {"right": False, "change": "1 → 0", "said": "stopped by itself"},
        "1 → 9": {"right": True, "change": "1 → 9", "said": ""},
    }
    unnamed = mutations_page.write([Asked()], results)
    text = (tmp_path / "page.md").read_text("utf-8")
    assert unnamed == ["01.1: nobody has looked at: 1 → 9"]
    assert "**1 of 2 wrong answers are refused: 50.0%.**" in text
    assert "| 01.1 | 3 | 3 | 1 | 1 | 0 | 1 |" in text
    assert "*free*: two will do" in text
