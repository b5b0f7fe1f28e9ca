"""`make claims`: over the seeds, from the log of a lesson to the table."""

import json

import nbformat
import pytest

from tlcourse.claims import claim
from tools import run_claims
from tools.run_claims import Row, main, rows, shown


def line(value, holds, text="It works."):
    return {"text": text, "value": value, "bounds": "at least 50.0 %", "holds": holds}


def test_rows_match_claims_by_text_and_count_holds():
    twice = [line(0.6, True), line(0.7, True), line(3.0, True, "Another.")]
    table = rows([twice, [line(0.4, False), line(0.9, True)]])
    assert [(row.text, row.values, row.held, row.seeds) for row in table] == [
        ("It works.", (0.6, 0.4), 1, 2),
        ("It works.", (0.7, 0.9), 2, 2),
        ("Another.", (3.0,), 1, 2),
    ]
    # The third was not reached by one seed: that is no pass.
    assert [row.passes for row in table] == [False, True, False]


@pytest.mark.parametrize(("held", "passes"), [(10, True), (9, True), (8, False)])
def test_nine_of_ten_are_enough(held, passes):
    assert Row("", "", "", tuple(range(10)), held, 10).passes is passes


def test_one_number_read_ten_times_is_no_measurement():
    same = {"text": "", "bounds": "", "unit": "", "values": (0.5,) * 10, "held": 10, "seeds": 10}
    assert not Row(**same).passes
    assert Row(**same).verdict.startswith("✗ the same number with each seed")
    read = Row(**same, fixed="the table", spread=(0.4, 0.6))
    assert read.passes
    assert (read.verdict, read.interval, read.span) == ("✓ read from the table", "0.4 … 0.6", "–")
    moving = Row("", "", "", (0.5, 0.6), 2, 2, fixed="the table")
    assert moving.verdict == "✗ said to be fixed, and it changes with the seed"


def test_interval_of_the_mean_by_hand():
    # 0.4 and 0.6 have mean 0.5 and s = 0.1414, so s / sqrt(2) = 0.1; t is 12.7062 for one
    # degree of freedom.
    row = Row("", "", "%", (0.4, 0.6), 2, 2)
    assert row.mean == "50.0 %"
    assert row.interval == "-77.1 % … 177.1 %"
    assert row.span == "40.0 % … 60.0 %"
    assert Row("", "", "%", (0.4,), 1, 1).interval == "–"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.153, "%", "15.3 %"), (0.153, "points", "15.3 points"), (1.5, "s", "1.5 s"), (12, "", "12")],
)
def test_numbers_are_shown_with_their_unit(value, unit, text):
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("bounds", "unit"),
    [
        ({"at_least": 0.5, "unit": "%"}, "%"),
        ({"at_least": 0.1, "at_most": 0.2, "unit": "points"}, "points"),
        ({"at_most": 3, "unit": "images a second"}, "images a second"),
        ({"at_least": 1, "at_most": 3}, ""),
    ],
)
def test_unit_is_read_from_the_bounds(bounds, unit, monkeypatch):
    monkeypatch.delenv("TLCOURSE_CLAIMS", raising=False)
    assert (
        run_claims.unit_of({"bounds": claim("It works.", 1, against="it", **bounds).bounds}) == unit
    )


def notebook(path, *cells):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, path)
    return path


def test_lessons_that_were_not_run_stay_on_the_page():
    row = Row("It works.", "at least 1", "", (2.0, 4.0), 2, 2, against="not | it")
    page = run_claims.page_of({"02_b": [row], "01_a": []}, 2)
    assert page.index("## 01_a") < page.index("## 02_b") < page.index(run_claims.FOOT)
    better = Row("It works.", "at least 1", "", (3.0,) * 10, 10, 10, fixed="a table")
    again = run_claims.page_of({"01_a": [better]}, 10, page)
    assert again.count("## 01_a") == again.count("## 02_b") == again.count(run_claims.FOOT) == 1
    assert "| It works. | – | at least 1 | 3 | – | – | ✓ read from a table |" in again
    assert "| It works. | not \\| it | at least 1 | 3 | -9.71 … 15.7 | 2 … 4 | ✓ 2/2 |" in again
    assert "No claims." not in again
    assert run_claims.page_of({}, 10, again) == again


def test_the_appendix_stands_after_the_lessons(tmp_path):
    assert run_claims.title(tmp_path / "lessons" / "02_b.ipynb") == "02_b"
    appendix = run_claims.title(tmp_path / "lessons" / "appendix" / "02_c.ipynb")
    page = run_claims.page_of({appendix: [], "11_z": [], "02_b": []}, 2)
    places = [page.index(f"## {name}") for name in ("02_b", "11_z", "appendix/02_c")]
    assert places == sorted(places)


@pytest.mark.slow
def test_two_seeds_end_to_end(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CLAIMS", "strict")  # must not reach the kernel
    path = notebook(
        tmp_path / "01_tiny.ipynb",
        "from pathlib import Path\nfrom tlcourse import claim, lesson_seed\nseed = lesson_seed()\n"
        "with open('runs.txt', 'a') as file:\n    print(seed, file=file)",
        "claim('Seed is small | always.', seed / 10, at_most=0.2, unit='%')",
        "claim('Seed is zero.', seed, at_most=0)",
    )
    cache, page = tmp_path / "cache", tmp_path / "CLAIMS.md"
    arguments = ["--seeds", "2", "--cache", str(cache), "--output", str(page), str(path)]
    assert main(arguments) == 1
    assert (tmp_path / "runs.txt").read_text().split() == ["0", "1"]
    text = page.read_text("utf-8")
    assert "| Seed is small \\| always. | – | at most 20.0 % | 5.0 % |" in text
    assert "| 0.0 % … 10.0 % | ✓ 2/2 |" in text
    assert "✗ 1/2 |" in text
    assert "✗ 1/2  Seed is zero." in capsys.readouterr().out

    # A second time nothing is run; after a cut-off only what is missing.
    assert main(arguments) == 1
    kept = sorted(cache.glob("*.json"))
    assert [json.loads(file.read_text("utf-8"))["seed"] for file in kept] == [0, 1]
    kept[1].unlink()
    assert main(arguments) == 1
    assert (tmp_path / "runs.txt").read_text().split() == ["0", "1", "1"]


@pytest.mark.slow
def test_a_lesson_that_stops_is_told_and_not_kept(tmp_path, capsys):
    path = notebook(tmp_path / "01_bad.ipynb", "1 / 0")
    cache = tmp_path / "cache"
    assert main(["--seeds", "1", "--cache", str(cache), str(path)]) == 1
    assert "Stopped: 01_bad.ipynb, seed 0: ZeroDivisionError" in capsys.readouterr().out
    assert not list(cache.glob("*.json"))


def test_wrong_arguments_are_named(capsys):
    with pytest.raises(SystemExit):
        main(["nowhere.ipynb"])
    assert "no such notebook: nowhere.ipynb" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--seeds", "0"])
    assert "--seeds must be at least 1" in capsys.readouterr().err
