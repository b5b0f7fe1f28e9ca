"""Jobs: a function in the background, its bar, its stop, its error, and the next run after it."""

import threading
import time

import numpy as np
import pytest

from tlcourse.widgets import jobs
from tlcourse.widgets.jobs import Job

SOON = 20.0  # seconds; more than any of these takes


def until_stopped(run):
    """Work that ends only when it is told to."""
    for step in range(10_000):
        if run.stopped:
            return step
        time.sleep(0.002)
    raise AssertionError("nobody stopped it")


def finished(job):
    assert job.wait(SOON)
    return job


def test_a_job_runs_beside_and_gives_its_result():
    go = threading.Event()
    job = Job("Training")
    job.start(lambda run: go.wait(SOON) and 42)
    assert job.running  # and `start` came back
    assert job.result is None
    go.set()
    assert finished(job).result == 42
    assert (job.bar.value, job.bar.description, job.running) == (1.0, "Training", False)


def test_progress_is_shown_in_order_and_in_one_line():
    job, seen, lines = Job("Training"), [], []
    job.bar.observe(lambda change: seen.append(change.new), "value")
    job.line.observe(lambda change: lines.append(job.line.text), "value")

    def work(run):
        for step in range(4):
            run.report((step + 1) / 4, f"step {step} <b>")

    job.start(work)
    finished(job)
    assert seen == [0.25, 0.5, 0.75, 1.0]
    assert lines[-4:] == ["step 0 <b>", "step 1 <b>", "step 2 <b>", "step 3 <b>"]


def test_the_stop_button_stops_and_works_only_while_something_runs():
    job = Job("Training")
    begun = threading.Event()
    assert job.button.disabled
    job.start(lambda run: (begun.set(), until_stopped(run)))
    assert begun.wait(SOON)
    assert not job.button.disabled
    job.button.click()
    assert finished(job).stopped
    assert job.button.disabled
    assert job.bar.value == 0.0  # it did not come to its end
    job.start(lambda run: "again")
    assert finished(job).result == "again"
    assert not job.stopped


def test_stopping_what_does_not_run_does_nothing():
    job = Job("Training")
    job.stop()
    assert job.wait(0)
    job.start(lambda run: 1)
    finished(job).stop()
    assert job.result == 1


def test_a_second_start_ends_the_first_run_before_its_own_begins():
    order = []
    job = Job("Training", on_finish=lambda job: order.append(f"finish {job.result}"))

    def first(run):
        order.append("first begins")
        until_stopped(run)
        order.append("first ends")
        return 1

    def second(run):
        order.append("second begins")
        return 2

    job.start(first)
    while not order:
        time.sleep(0.001)
    job.start(second)
    finished(job)
    assert order == ["first begins", "first ends", "finish 1", "second begins", "finish 2"]


def test_of_many_starts_that_have_to_wait_only_the_last_runs():
    began, go = [], threading.Event()
    job = Job("Training")
    job.start(lambda run: go.wait(SOON))
    for number in range(20):
        job.start(lambda run, number=number: began.append(number))
    go.set()
    finished(job)
    assert began == [19]  # the others were stopped while they waited


def test_a_new_job_stops_the_one_of_the_cell_that_is_run_again():
    old = Job("Training")
    old.start(until_stopped)
    new = Job("Training")
    assert finished(old).stopped
    new.start(lambda run: "new")
    assert finished(new).result == "new"


@pytest.mark.parametrize(
    "wrong", [lambda run: 1 / 0, lambda run: np.zeros(2) @ np.zeros(3)], ids=["zero", "numpy"]
)
def test_an_error_becomes_one_friendly_line_and_the_next_run_works(wrong):
    ended = []
    job = Job("Training", on_finish=lambda job: ended.append(job.error))
    job.start(wrong)
    assert isinstance(finished(job).error, ArithmeticError | ValueError)
    assert "That did not work." in job.line.text
    assert "zero" not in job.line.text
    assert "matmul" not in job.line.text
    assert ended == [job.error]
    job.start(lambda run: 3)
    assert (finished(job).result, job.error) == (3, None)
    assert "did not work" not in job.line.text


def test_an_error_in_the_callback_does_not_block_the_next_run():
    job = Job("Training", on_finish=lambda job: 1 / 0)
    job.start(lambda run: 1)
    assert isinstance(finished(job).error, ZeroDivisionError)
    job.start(lambda run: 2)
    assert finished(job).result == 2


def test_the_courses_own_errors_are_told_as_they_are():
    from tlcourse import load_task

    def ask(run):
        return load_task("digits").few_shot(100_000)

    job = Job("Training")
    job.start(ask)
    assert "asks for more images than there are" in finished(job).line.text


def test_memory_is_named():
    def fill(run):
        raise MemoryError

    job = Job("Training")
    job.start(fill)
    assert "not enough memory" in finished(job).line.text


def test_the_callback_may_start_the_next_run():
    results = []

    def go_on(job):
        results.append(job.result)
        if len(results) < 3:
            job.start(lambda run: len(results))

    job = Job("Training", on_finish=go_on)
    job.start(lambda run: 0)
    deadline = time.monotonic() + SOON
    while len(results) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert results == [0, 1, 2]


def test_a_stop_ends_fit_after_the_step():
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = np.zeros((64, 2)), np.zeros(64)
    job, steps = Job("Training"), []

    def train(run):
        count = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: (
                steps.append(batch),
                len(steps) == 3 and job.stop(),
            )
        )
        model.fit(*data, batch_size=1, epochs=5, verbose=0, callbacks=[count, run.stop_training()])

    job.start(train)
    assert finished(job).error is None
    assert len(steps) == 3


def test_stop_all_reaches_the_run_of_any_job():
    job = Job("Training")
    job.start(until_stopped)
    jobs.stop_all()
    assert finished(job).stopped
