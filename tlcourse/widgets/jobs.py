"""A long computation beside the controls: in a thread, with a bar, and with a way to stop it.

    job = Job("Training", on_finish=show_result)
    job.start(train)  # at once back; `train(run)` computes meanwhile

    def train(run):
        for step in range(100):
            if run.stopped:
                break
            ...
            run.report((step + 1) / 100, f"step {step + 1} of 100")
        return model

Python cannot end a thread from outside, so the function looks at `run.stopped` now and then. Only
one runs at a time in a kernel: Keras's random numbers are shared, and so are the cores.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from tlcourse.widgets import style

if TYPE_CHECKING:
    import keras

_newest: "Run | None" = None  # of all jobs of this kernel


class Run:
    """What a function that runs as a job is given: to say how far it is, and to hear of a stop."""

    def __init__(self, job: "Job") -> None:
        """A run of `job` that has not begun."""
        self._job = job
        self._stop = threading.Event()
        self.over = threading.Event()  # set when nothing of this run comes any more

    @property
    def stopped(self) -> bool:
        """Whether somebody wants it to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stop.set()

    def report(self, done: float, words: str = "") -> None:
        """Show how far it is.

        Args:
            done: share of the work in [0, 1].
            words: what goes on now.
        """
        self._job.bar.value = round(min(max(done, 0.0), 1.0), 2)  # no message for less than that
        self._job.line.say(words)

    def stop_training(self) -> "keras.callbacks.Callback":
        """A callback that ends `model.fit` after the step at which a stop is asked for."""
        import keras

        run = self

        class StopTraining(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                self.model.stop_training = self.model.stop_training or run.stopped

        return StopTraining()


class Job:
    """Runs one function after another in the background, and shows how far it is.

    A run begins when the one before it is over, and writes to the widgets only in its own thread,
    so all that is shown comes in order.

    Attributes:
        widget: bar, stop button and line, to be put below the controls.
        bar: the progress bar.
        button: the stop button; off while nothing runs.
        line: what goes on, or what went wrong, in one line.
        result: what the last run returned; None when it failed.
        error: what the last run raised, or None.
        stopped: whether the last run was stopped.
    """

    def __init__(self, label: str, on_finish: "Callable[[Job], object] | None" = None) -> None:
        """A job that has nothing to do yet; stops what an earlier one is at.

        So a cell that is run again leaves nothing behind.

        Args:
            label: of the bar, such as `"Training"`.
            on_finish: called with the job, in its thread, after each run, however it ended.
        """
        stop_all()
        self.bar = style.labeled(widgets.FloatProgress, label, min=0, max=1)
        self.button = style.button("Stop", lambda _: self.stop(), icon="stop", disabled=True)
        self.line = style.message()
        self.widget = widgets.VBox([widgets.HBox([self.bar, self.button]), self.line])
        self.result, self.error, self.stopped = None, None, False
        self._on_finish = on_finish
        self._run: Run | None = None

    @property
    def running(self) -> bool:
        """Whether something runs, or waits for the run before it to end."""
        return self._run is not None and not self._run.over.is_set()

    def start(self, function: Callable[[Run], object]) -> None:
        """Run `function(run)` in the background; whatever runs in this kernel is stopped first."""
        global _newest
        before, self._run = _newest, Run(self)
        _newest = self._run
        if before is not None:
            before.stop()
        arguments = (function, self._run, before)
        threading.Thread(target=self._work, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Ask the run to stop, and come back at once. Does nothing when nothing runs."""
        if self._run is not None:
            self._run.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over, for `timeout` seconds at most; gives whether it is."""
        return self._run is None or self._run.over.wait(timeout)

    def _work(self, function: Callable[[Run], object], run: Run, before: Run | None) -> None:
        if before is not None:
            before.over.wait()
        self.result, self.error = None, None
        self.button.disabled = False
        run.report(0.0)
        try:
            if not run.stopped:  # while it waited
                self.result = function(run)
        except Exception as error:
            self._fail(error)
        self.stopped = run.stopped
        self.button.disabled = True
        if self.error is None and not run.stopped:
            self.bar.value = 1.0
        try:
            if self._on_finish is not None:
                self._on_finish(self)
        except Exception as error:
            self._fail(error)
        run.over.set()  # last of all: the next run begins now

    def _fail(self, error: Exception) -> None:
        self.error = error
        self.line.warn(style.friendly(error))


def stop_all() -> None:
    """Ask whatever runs in this kernel to stop."""
    if _newest is not None:
        _newest.stop()
