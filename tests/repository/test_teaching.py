"""The material for adopters: the inventory, its key, the syllabus and the paper fit together."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
TEACHING = ROOT / "teaching"
GUIDE = (LESSONS / "INSTRUCTORS.md").read_text("utf-8")
SYLLABUS = (TEACHING / "SYLLABUS.md").read_text("utf-8")
CONCEPTS = (TEACHING / "CONCEPTS.md").read_text("utf-8")
KEY = (TEACHING / "CONCEPTS_KEY.md").read_text("utf-8")
PAPER = (ROOT / "paper/paper.md").read_text("utf-8")
NUMBERS = {path.name[:2] for path in LESSONS.glob("[0-9]*.ipynb")}


def sections(text: str, heading: str) -> dict[str, str]:
    """The text below each heading of the third level; `heading` is a pattern with its number."""
    parts = re.split(rf"^### {heading}$", text.split("\n## Misconceptions")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str, first: str) -> list[list[str]]:
    """The rows of the table whose header begins with the cell `first`."""
    table = re.search(rf"^\| {first} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE)[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def listed(cell: str) -> list[str]:
    return [] if cell == "–" else cell.split(", ")


COURSE_WORDS = (
    r"photonet|objectnet|backbone|Keras|\bHOG\b|linear probe|logit|fine-tun|batch norm"
    r"|negative transfer|Grad-CAM|shortcut|pooling|\bseed"
)
QUESTIONS = sections(CONCEPTS, r"(\d+)")
REASONS = sections(KEY, r"(\d+) · [A-D]")
ANSWERS = dict(re.findall(r"^### (\d+) · ([A-D])$", KEY, re.MULTILINE))
OUTCOMES = {row[0].split(" · ")[0]: row for row in rows(SYLLABUS, "outcome")}


def choices(number: str) -> dict[str, str]:
    return dict(re.findall(r"^- ([A-Z])\. (.+)$", QUESTIONS[number], re.MULTILINE))


def exercise_ids() -> set[str]:
    """Those that have a heading in the notebooks with the solutions."""
    ids = set()
    for path in (LESSONS / "solutions").glob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            ids |= set(re.findall(r"^## (\d\d\.\d) ·", "".join(cell["source"]), re.MULTILINE))
    return ids


def test_there_are_fifteen_questions_of_four_different_choices():
    assert list(QUESTIONS) == [str(number) for number in range(1, 16)]
    for number in QUESTIONS:
        found = choices(number)
        assert list(found) == ["A", "B", "C", "D"], number
        assert len(set(found.values())) == 4, number


def test_the_key_has_one_letter_for_each_and_the_letters_are_balanced():
    assert re.findall(r"^### (\d+) · [A-D]$", KEY, re.MULTILINE) == list(QUESTIONS)
    counts = Counter(ANSWERS.values())
    assert all(3 <= counts[letter] <= 5 for letter in "ABCD"), counts


def test_the_table_of_the_key_agrees_with_its_sections():
    assert {number: answer for number, answer, *_ in rows(KEY, "question")} == ANSWERS


def test_the_key_says_of_each_wrong_choice_what_it_stands_for():
    for number, text in REASONS.items():
        explained = re.findall(r"^- \*\*([A-D])\*\*: ", text, re.MULTILINE)
        assert explained == sorted(set("ABCD") - {ANSWERS[number]}), number


def test_the_right_choice_is_not_given_away_by_its_length():
    """By chance, it would be the longest in about four of fifteen."""
    longest = [
        number
        for number in QUESTIONS
        if max(choices(number).items(), key=lambda item: len(item[1]))[0] == ANSWERS[number]
    ]
    assert len(longest) <= 5, longest


def test_the_questions_do_not_need_the_words_of_the_course():
    for number, text in QUESTIONS.items():
        assert not re.search(COURSE_WORDS, text, re.IGNORECASE), number


def test_what_the_key_quotes_from_the_guide_stands_there():
    quotes = re.findall(r'[Gg]uide, lesson (\d+)[^":]*: "([^"]+)"', KEY)
    assert len(quotes) >= 8
    for lesson, quote in quotes:
        page = re.split(rf"^### {lesson} · .*$", GUIDE, flags=re.MULTILINE)[1].split("\n##")[0]
        assert quote.rstrip(".?") in page, (lesson, quote)


def test_each_item_maps_to_one_outcome_and_the_key_names_the_same():
    items = [(item, outcome) for outcome, row in OUTCOMES.items() for item in listed(row[3])]
    assert sorted(items, key=lambda pair: int(pair[0])) == [
        (number, outcome) for number, _, outcome, _ in rows(KEY, "question")
    ]
    for number, _, outcome, lesson in rows(KEY, "question"):
        assert lesson in listed(OUTCOMES[outcome][1]), number


def test_each_outcome_is_written_out_and_names_lessons_and_exercises_that_exist():
    section = SYLLABUS.split("## Learning outcomes")[1].split("\n## ")[0]
    assert list(OUTCOMES) == re.findall(r"^(\d+)\. \*\*\w+\*\*", section, re.MULTILINE)
    ids = exercise_ids()
    for outcome, (_, lessons, exercises, _) in OUTCOMES.items():
        assert set() < set(listed(lessons)) <= NUMBERS, outcome
        assert set() < set(listed(exercises)) <= ids, outcome


def test_no_lesson_and_no_exercise_is_left_out_of_the_outcomes():
    assert {n for row in OUTCOMES.values() for n in listed(row[1])} == NUMBERS
    named = [n for row in OUTCOMES.values() for n in listed(row[2])]
    assert sorted(named) == sorted(exercise_ids())


def guide_minutes() -> dict[str, tuple[int, int]]:
    """Of each lesson, the minutes for the exercises and in class, as the guide has them."""
    found = {}
    for line in re.findall(r"^\| \d+ \| \[.*$", GUIDE, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        exercise = 0 if cells[4] == "–" else int(cells[4].split()[0])
        found[f"{int(cells[0]):02}"] = exercise, int(cells[5].split()[0])
    return found


@pytest.mark.parametrize("unit", ["day", "week"])
def test_the_workloads_add_up_to_the_times_of_the_guide(unit):
    minutes = guide_minutes()
    taught = []
    for _, lessons, in_class, exercises, _ in rows(SYLLABUS, unit):
        given = [minutes[lesson] for lesson in listed(lessons)]
        assert in_class == f"{sum(time for _, time in given)} min", lessons
        assert exercises == f"{sum(time for time, _ in given)} min", lessons
        taught += listed(lessons)
    assert taught == sorted(NUMBERS)


def test_the_paper_cites_what_is_in_its_bibliography_and_nothing_else():
    groups = re.findall(r"\[(@[^\]]+)\]", PAPER)
    cited = {key.strip().lstrip("@") for group in groups for key in group.split(";")}
    bibliography = (ROOT / "paper/paper.bib").read_text("utf-8")
    entries = re.findall(r"^@\w+\{([^,]+),", bibliography, re.MULTILINE)
    assert len(entries) == len(set(entries))
    assert cited == set(entries)


def test_the_paper_counts_right():
    assert f"{len(exercise_ids())} exercises" in PAPER
    assert len(NUMBERS) == 15
    assert "fifteen lessons" in PAPER
    assert len(list((LESSONS / "demos").glob("*.ipynb"))) == 6
    assert "six demonstrations" in PAPER
    assert len(list((LESSONS / "appendix").glob("*.ipynb"))) == 4
    assert "four notebooks that go deeper" in PAPER


def test_survey_before_and_after_have_eight_to_ten_items():
    survey = (TEACHING / "SURVEY.md").read_text("utf-8")
    for part in ("Before", "After"):
        section = re.split(rf"^## {part}$", survey, flags=re.MULTILINE)[1].split("\n## ")[0]
        items = re.findall(r"^(\d+)\. ", section, re.MULTILINE)
        assert 8 <= len(items) <= 10
        assert items == [str(number) for number in range(1, len(items) + 1)]


@pytest.mark.parametrize("name", ["CONCEPTS.md", "CONCEPTS_KEY.md", "SURVEY.md"])
def test_what_no_learner_has_tried_says_so(name):
    assert "**Not piloted.**" in (TEACHING / name).read_text("utf-8")
    assert "not been piloted" in PAPER
