"""Freeze dial: how many stages of photonet stay frozen? Two networks learn before your eyes."""

import functools
import html
from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np

from tlcourse import plots
from tlcourse.data import load_task
from tlcourse.networks.backbones import load_backbone
from tlcourse.transfer import race
from tlcourse.transfer.race import ROUNDS, STAGES
from tlcourse.widgets import style
from tlcourse.widgets.jobs import Job, Run

TASKS = {"sunglasses": 6, "digits": 10}  # number of classes
SIZES = (2, 5, 10, 20, 50)
_CELL = "text-align: left; padding: 0 8px 0 0"
_FAINT = 6  # earlier runs in the picture; more could not be told apart
_PARTS = ("stem, stage 1", "stage 2", "stage 3", "stage 4", "new head")
_COLORS = {"photonet": plots.COLORS["frozen"], "from scratch": plots.COLORS["from scratch"]}
_MARKERS = (plots.MARKERS["frozen"], plots.MARKERS["from scratch"])


class Try(NamedTuple):
    """What was set, and what came of it."""

    task: str
    frozen: int
    images_per_class: int
    curves: np.ndarray  # (2, looks) accuracies in [0, 1]: photonet, from scratch


def freeze_dial(
    *, task: str = "sunglasses", frozen: int = 3, images_per_class: int = 10, seed: int = 0
) -> widgets.VBox:
    """Train photonet with some stages frozen, and a small network from scratch, side by side.

    The accuracy on validation pictures is drawn while they learn; the test is not touched. Earlier
    runs stay as faint lines. Every run with one seed has the same pictures and first weights.

    Args:
        task: one of `TASKS`, at first.
        frozen: stages that do not learn at first, 0 to 4.
        images_per_class: training pictures of each class at first, one of `SIZES`.
        seed: of the pictures drawn, the first weights and the order of training.

    Returns:
        The widget.
    """
    stages = [("none", 0), *((f"{k} of 4", k) for k in range(1, STAGES)), ("all 4", STAGES)]
    name = style.labeled(widgets.Dropdown, "Pictures", options=list(TASKS), value=task)
    dial = style.labeled(widgets.SelectionSlider, "Frozen stages", options=stages, value=frozen)
    size = style.labeled(
        widgets.SelectionSlider, "Images a class", options=SIZES, value=images_per_class
    )
    network, picture, table = widgets.HTML(), widgets.HTML(), widgets.HTML()
    earlier: list[Try] = []

    def show(now: Try | None = None) -> None:
        wanted = now.task if now else name.value
        faint = [one for one in earlier if one.task == wanted]
        figure, alt = _draw(now, faint, chance=1 / TASKS[wanted])
        picture.value = style.image_html(figure, alt=alt)

    def learn(run: Run, wanted: Try) -> Try:
        run.report(0.0, "Loading photonet and the pictures …")
        few = load_task(wanted.task).few_shot(wanted.images_per_class, seed=seed)
        run.report(0.0, "Computing what the frozen stages see, once for all …")
        racers = (
            race.with_transfer(_photonet(), wanted.frozen, few, seed=seed),
            race.from_scratch(few, seed=seed),
        )
        for number, look in enumerate(race.race(racers, [run.stop_training()])):
            if run.stopped:
                break
            wanted = wanted._replace(curves=np.column_stack([wanted.curves, look]))
            show(wanted)
            run.report(number / ROUNDS, in_words(wanted))
        return wanted

    def finish(job: Job) -> None:
        if job.error is None and job.result is not None and job.result.curves.shape[1] > 1:
            earlier.append(job.result)
            table.value = _table(earlier)
            show(job.result)
        if job.stopped:
            job.line.say("Stopped. What was measured so far stays in the picture.")

    job = Job("Training", on_finish=finish)

    def press(_) -> None:
        wanted = Try(name.value, dial.value, size.value, np.empty((2, 0)))
        job.start(functools.partial(learn, wanted=wanted))

    def forget(_) -> None:
        earlier.clear()
        table.value = ""
        if not job.running:
            show()

    def turn(_=None) -> None:
        network.value = _network(dial.value)

    dial.observe(turn, "value")
    name.observe(lambda _: job.running or show(), "value")
    turn()
    show()
    train = style.button("Train", press, icon="play", primary=True)
    wrap = widgets.Layout(flex_flow="row wrap", grid_gap="12px", align_items="flex-start")
    return style.demo(
        "Freeze dial",
        widgets.HBox([name, size], layout=wrap),
        widgets.HBox([dial, network], layout=wrap),
        widgets.HBox([train, job.widget, style.button("Forget earlier runs", forget)], layout=wrap),
        widgets.HBox([picture, table], layout=wrap),
    )


def in_words(one: Try) -> str:
    """What a run has come to so far, in a line."""
    photonet, scratch = 100 * one.curves[:, -1]
    return (
        f"{one.frozen} of {STAGES} stages frozen, {one.images_per_class} images a class: "
        f"photonet {photonet:.0f} %, from scratch {scratch:.0f} %."
    )


@functools.cache
def _photonet():
    return load_backbone("photonet")


def _network(frozen: int) -> str:
    """The parts of photonet from left to right, and which of them learn."""
    boxes = []
    for at, part in enumerate(_PARTS):
        still = at < frozen
        look = (
            f"background: #d6e6f2; border: 2px solid {_COLORS['photonet']}"
            if still
            else f"background: white; border: 2px dashed {_COLORS['from scratch']}"
        )
        boxes.append(
            f'<div style="{look}; color: black; padding: 4px 8px; text-align: center; '
            f'line-height: 1.3">{html.escape(part)}<br><b>{"frozen" if still else "learns"}</b>'
            "</div>"
        )
    return f'<div style="display: flex; gap: 6px; flex-wrap: wrap">{"".join(boxes)}</div>'


def _table(tries: Sequence[Try]) -> str:
    """Runs so far, the newest first, of those that the page has room for."""
    head = "".join(
        f'<th scope="col" style="{_CELL}">{word}</th>'
        for word in ("pictures", "frozen", "images", *_COLORS)
    )
    rows = [
        (one.task, f"{one.frozen} of {STAGES}", f"{one.images_per_class}",
         *(f"{value:.0%}" for value in one.curves[:, -1]))
        for one in tries[::-1][:10]
    ]  # fmt: skip
    lines = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        '<table class="tlcourse-runs" style="font-size: 16px"><caption style="text-align: left">'
        f"<b>Runs so far</b></caption><tr>{head}</tr>{lines}</table>"
    )


def _draw(now: Try | None, earlier: Sequence[Try], *, chance: float):
    """The figure and its alt text."""
    figure, ax = plots.figure(6.2, 4.3)
    faint = [one for one in earlier if one is not now][-_FAINT:]
    for one in faint:
        _lines(ax, one, alpha=0.25, linewidth=2)
    ends = [one.curves[0, -1] for one in faint]
    for one, height in zip(faint, apart(ends, 0.055), strict=True):
        words = f"{one.frozen} frozen, {one.images_per_class}"
        ax.text(ROUNDS + 0.3, height, words, fontsize=12, va="center", color="#444444")
    alt = f"Validation accuracy while training; {len(faint)} earlier runs"
    if now is not None:
        _lines(ax, now, linewidth=3.5, markersize=8)
        alt += f"; {in_words(now)}"
    for (label, color), marker in zip(_COLORS.items(), _MARKERS, strict=True):
        ax.plot([], [], color=color, linewidth=3.5, marker=marker, markersize=8, label=label)
    ax.legend(fontsize=14, frameon=False, loc="upper left", ncols=2)
    ax.axhline(chance, color="#444444", linestyle=":", linewidth=2)
    ax.annotate("guessing", (ROUNDS, chance), (0, -14), ha="right", textcoords="offset points",
                fontsize=12, color="#444444")  # fmt: skip
    ax.set_xlim(-0.2, ROUNDS + (2.9 if faint else 0.2))
    ax.set_xticks(range(0, ROUNDS + 1, 2), [f"{10 * k}%" for k in range(0, ROUNDS + 1, 2)])
    ax.set_ylim(0, 1.12)  # room for the legend
    ax.set_yticks(np.linspace(0, 1, 6), [f"{v:.0%}" for v in np.linspace(0, 1, 6)])
    ax.tick_params(labelsize=13)
    ax.set_xlabel("share of the training done", fontsize=14)
    ax.set_ylabel("validation accuracy", fontsize=14)
    ax.grid(axis="y", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, alt


def _lines(ax, one: Try, **look) -> None:
    for curve, color, marker in zip(one.curves, _COLORS.values(), _MARKERS, strict=True):
        marker = marker if "markersize" in look else None
        ax.plot(range(len(curve)), curve, color=color, marker=marker, **look)


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Nearly the same heights, but none nearer to another than `gap`, for labels.

    The lowest stays where it is; the others are moved up as far as they must.
    """
    placed, last = {}, -np.inf
    for at in np.argsort(heights, kind="stable"):
        last = placed[at] = max(heights[at], last + gap)
    return [float(placed[at]) for at in range(len(heights))]
