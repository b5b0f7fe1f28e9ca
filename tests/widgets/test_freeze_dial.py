"""Demo 2: the dial, a run, its stop, and the earlier runs; the networks are replaced by numbers."""

import importlib
import re
import threading

import numpy as np
import pytest

from tests.helpers.widget_parts import by_label, html_with
from tlcourse import widgets
from tlcourse.transfer import race
from tlcourse.widgets.freeze_dial import Try, apart, in_words
from tlcourse.widgets.jobs import Job

module = importlib.import_module("tlcourse.widgets.freeze_dial")  # the name is the function's

SOON = 20.0


class Bench:
    """A dial whose networks learn as fast as `go` lets them."""

    def __init__(self, monkeypatch):
        self.seen, self.go, self.begun = [], threading.Semaphore(1000), threading.Event()
        self.jobs = []

        def looks(racers, callbacks):
            self.begun.set()
            for number in range(race.ROUNDS + 1):
                assert self.go.acquire(timeout=SOON)
                yield [0.2 + 0.05 * number, 0.2]

        def racer(backbone, frozen, few, *, seed):
            self.seen.append((frozen, len(few.train.labels), seed))

        def job(*arguments, **options):
            self.jobs.append(Job(*arguments, **options))
            return self.jobs[-1]

        monkeypatch.setattr(module, "Job", job)
        monkeypatch.setattr(module, "load_backbone", lambda name: name)
        monkeypatch.setattr(race, "race", looks)
        monkeypatch.setattr(race, "with_transfer", racer)
        monkeypatch.setattr(race, "from_scratch", lambda few, seed: None)
        self.demo = widgets.freeze_dial(task="digits", seed=7)
        self.controls = by_label(self.demo)

    def press(self, name="Train"):
        self.controls[name].click()

    def wait(self):
        assert self.jobs[0].wait(SOON)
        assert self.jobs[0].error is None

    def html(self, words):
        return html_with(self.demo, words)


@pytest.fixture
def bench(monkeypatch):
    return Bench(monkeypatch)


def test_the_dial_says_what_learns(bench):
    for frozen in range(5):
        bench.controls["Frozen stages"].value = frozen
        boxes = bench.html("new head")
        assert (boxes.count(">frozen<"), boxes.count(">learns<")) == (frozen, 5 - frozen)


def test_a_run_uses_what_is_set_and_tells_how_it_ended(bench):
    bench.controls["Frozen stages"].value = 1
    bench.controls["Images a class"].value = 20
    bench.press()
    bench.wait()
    assert bench.seen == [(1, 200, 7)]
    told = "1 of 4 stages frozen, 20 images a class: photonet 70 %, from scratch 20 %."
    assert bench.controls["Message"].text == told
    assert told in bench.html("<img")
    row = re.findall(r"<td[^>]*>([^<]*)", bench.html("tlcourse-runs"))
    assert row == ["digits", "1 of 4", "20", "70%", "20%"]


def test_earlier_runs_stay_until_they_are_forgotten(bench):
    for number in range(3):
        bench.press()
        bench.wait()
        assert f"{number} earlier runs" in bench.html("<img")
    bench.controls["Pictures"].value = "sunglasses"
    assert "0 earlier runs" in bench.html("<img")
    bench.controls["Pictures"].value = "digits"
    assert "3 earlier runs" in bench.html("<img")
    bench.press("Forget earlier runs")
    assert "0 earlier runs" in bench.html("<img")
    assert not bench.html("tlcourse-runs")


def test_a_run_can_be_stopped_and_what_was_measured_stays(bench):
    bench.go = threading.Semaphore(3)
    bench.press()
    assert bench.begun.wait(SOON)
    bench.press("Stop")
    bench.go.release(100)
    bench.wait()
    assert bench.controls["Message"].text.startswith("Stopped.")
    bench.press()
    bench.wait()
    assert "photonet 70 %" in bench.controls["Message"].text


def test_an_error_is_one_line_and_the_next_run_works(bench, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(race, "from_scratch", lambda few, seed: 1 / 0)
        bench.press()
        assert bench.jobs[0].wait(SOON)
    assert "did not work" in bench.controls["Message"].text
    bench.press()
    bench.wait()
    assert "photonet 70 %" in bench.controls["Message"].text


def test_labels_are_moved_apart():
    assert apart([0.5, 0.5, 0.2, 0.52], 0.1) == pytest.approx([0.5, 0.6, 0.2, 0.7])
    assert apart([], 0.1) == []


def test_words_of_a_run():
    one = Try("digits", 0, 5, np.array([[0.1, 0.876], [0.1, 0.5]]))
    assert in_words(one) == (
        "0 of 4 stages frozen, 5 images a class: photonet 88 %, from scratch 50 %."
    )
