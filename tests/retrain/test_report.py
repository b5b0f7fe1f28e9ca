"""The report alone, of results made by hand: it renders them, and has no model to ask."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from tlcourse.auditing.report import Finding as Fault
from tlcourse.auditing.report import Report
from tlcourse.data import Split, Task
from tlcourse.photos.check import Finding
from tlcourse.retrain.card import render_card
from tlcourse.retrain.confidence import Confidence, Level, Threshold
from tlcourse.retrain.judge import LearningCurve, judge
from tlcourse.retrain.report import render
from tlcourse.retrain.result import DoubtfulLabel, GroupsTold, Options, Result, SizesTold
from tlcourse.retrain.shortcuts import Baseline

FOLDER = Path("my photos")


def made(names, answers):
    """A result with two test photos a class; `answers` are what the model says of them."""
    labels = np.repeat(np.arange(len(names)), 2)
    split = Split(np.zeros((len(labels), 8, 8, 3), np.uint8), labels)
    test = judge(np.eye(len(names))[answers], labels)
    mistakes = test.worst(8)
    score = SimpleNamespace(accuracy=0.5, loss=0.7)
    return Result(
        options=Options(FOLDER, Path("out")),
        backbone="photonet",
        size=8,
        remark="Better & <bigger>.",
        task=Task("my photos", names, split, split, split),
        paths={"test": tuple(FOLDER / names[k] / f"{at}.jpg" for at, k in enumerate(labels))},
        groups=GroupsTold("2 photos belong together & stay.", 0.9, 0.8, 0.02),
        sizes=SizesTold(8, {8: 0.5, 16: 0.25}, 40, (32,)),
        findings=(Finding(FOLDER / "a <i>.jpg", "is no image & empty."),),
        notes=(),
        trained=SimpleNamespace(
            method="linear probe", scores={"linear probe": score}, note="Cut & dried.",
            regularization=0.01, model=None,
        ),
        test=test,
        weights=None,
        baselines=(Baseline("the colors alone", 0.5),),
        doubts=(DoubtfulLabel(FOLDER / names[0] / "0.jpg", names[0], names[1], 0.1, 0.8),),
        trust=Confidence(
            1.5, 0.2, 0.1, (Level(0.9, 1.0, 4, 0.95, 0.75, (0.3, 0.95)),),
            (Threshold(0.95, 0.4, (1, 3), (1, 1), (0, 0)),),
        ),
        mistakes=mistakes,
        evidence=np.zeros((len(mistakes), 8, 8), "float32"),
        curve=LearningCurve((4, 8), np.array([[0.25, 0.75], [0.5, 0.5]]), 0.0, 0.01, 80, 40),
        audit=Report((Fault("error", "too <high>", "1e9", "why", "lr = 1e-3"),), ("it",)),
        seconds={"features & all": 3.0, "audit": 1.5},
        model_path=Path("out") / "model.keras",
    )  # fmt: skip


def rows(page, of):
    """The cells of each row of the table that stands after some words."""
    table = page[page.index(of) :].split("<table", 1)[1].split("</table>")[0]
    cells = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.S)
    return [[html.unescape(cell) for cell in cells.findall(row)] for row in table.split("<tr>")[1:]]


def test_classes_mistakes_and_times():
    page = render(made(("cat", "dog & <b>"), [0, 1, 1, 1]))
    assert '<p class="big">75.0% right</p>' in page
    assert rows(page, "Class by class")[1:] == [
        ["cat", "2", "100%", "50%"],
        ["dog & <b>", "2", "67%", "100%"],
    ]
    assert rows(page, "found of all there are")[1:] == [["cat", "1", "1"], ["dog & <b>", "", "2"]]
    assert "<figcaption>cat/1.jpg: is cat, the model says dog &amp; &lt;b&gt; (100%)" in page
    assert "Validation accuracy: 50% with 4, 50% with 8 training photos." in page
    times = page[page.index("Where the time went") :]
    assert times.index("features &amp; all</th><td>3.0 s") < times.index("audit</th><td>1.5 s")
    assert re.findall(r"width: ([\d.]+)rem", times) == ["12.0", "6.0"]


def test_what_stands_beside_the_accuracy_and_labels_in_doubt():
    page = render(made(("cat", "dog & <b>"), [0, 1, 1, 1]))
    beside = rows(page, "95 % interval (Wilson)")[1:]
    assert [row[1] for row in beside] == ["75.0%", "75.0%", "73.3%", "50.0%", "50.0%"]
    assert beside[-1][0] == "the colors alone"
    assert "cat/0.jpg: called cat (10%), looks like dog &amp; &lt;b&gt; (80%)" in page
    assert page.count('class="strip"') == 2


def test_how_sure_it_is_and_what_it_refuses():
    page = render(made(("cat", "dog"), [0, 1, 1, 1]))
    assert rows(page, "When it says that it is sure")[1:] == [
        ["90% to 100%", "4", "95%", "75%", "30% to 95%"]
    ]
    assert rows(page, "None of these?")[1:] == [["40%", "1 of 3 (33%)", "1 of 1 (100%)", "–"]]
    assert "10.0 points apart" in page
    assert "With two classes" in page


def test_what_people_wrote_is_text_and_no_tags():
    page = render(made(("cat", "dog & <b>"), [0, 1, 1, 1]))
    for words in (
        "dog & <b>",
        "a <i>.jpg",
        "is no image & empty.",
        "too <high>",
        "Cut & dried.",
        "Better & <bigger>.",
    ):
        assert html.escape(words) in page
        assert words not in page


def test_a_class_that_is_never_said_has_no_precision():
    page = render(made(("cat", "dog"), [1, 1, 1, 1]))
    assert rows(page, "Class by class")[1] == ["cat", "2", "–", "0%"]


def test_of_many_classes_only_the_pairs_that_occur_are_told():
    names = tuple(f"class {k:02}" for k in range(26))
    page = render(made(names, [3, 3, 1, *np.repeat(np.arange(26), 2)[3:]]))
    assert 'class="confusion"' not in page
    assert rows(page, "found of all there are")[1:] == [["class 00", "class 03", "2"]]


def test_without_mistakes():
    page = render(made(("cat", "dog"), [0, 0, 1, 1]))
    assert "<p>There is none.</p>" in page
    assert "Grad-CAM" not in page


def test_the_model_card_is_filled_from_the_run():
    card = render_card(made(("cat", "dog | <b>"), [0, 1, 1, 1]))
    head, body = card.split("---\n", 2)[1:]
    assert yaml.safe_load(head)["base_model"] == "photonet"
    for line in (
        "| the model | 75.0% |",
        "| dog \\| \\<b\\> | 2 | 67% | 100% |",
        "right answers that are refused as *none of these?* | 1 of 3 |",
        "how many photos of other things it refuses was not measured",
        "cat: 2 to train, 2 to validate, 2 to test.",
        "[who answers for this model, and how to reach them]",
    ):
        assert line in body, line
    assert "{{" not in card
    assert "\n\n\n" not in card


def test_a_misspelled_field_is_an_error_and_no_hole():
    result = made(("cat", "dog"), [0, 0, 1, 1])
    with pytest.raises(Exception, match="has no attribute 'backbone'"):
        render(SimpleNamespace(**{k: v for k, v in vars(result).items() if k != "backbone"}))
