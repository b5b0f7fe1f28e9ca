"""The dials in the page: what they show and say, from the bundled tables.

Each dial is a dict that goes into its page as JSON; `site/_static/dials.js` draws it and knows
nothing of the studies. The numbers, and the words of two dials, are made by the functions that the
demos in the notebooks use. What a dial holds:

- `controls`: choices; `views` has an entry for each combination of them, under their values.
- a view: `rows`, one a step of the dial, as (cells of the table, mean, worst, best, in percent),
  and `words`, one more than rows: what is said with so many of them shown.
- `guess`: what is asked before anything is shown; `tour`: five steps, each a question, its
  `right` answers by number, and what is shown and told then.
"""

import json
from collections.abc import Sequence

import numpy as np

from tlcourse.claims import interval
from tlcourse.data.studies import DISTANCE_SIZES, STAGES, TARGETS, load_distance, load_surface
from tlcourse.plots.results import COLORS
from tlcourse.widgets.distance_dial import LABELS, gains_of, verdict
from tlcourse.widgets.distance_dial import in_words as distance_words
from tlcourse.widgets.how_much_data import crossing
from tlcourse.widgets.how_much_data import in_words as data_words
from tools.site_tours import distance_tour, freeze_tour, how_much_tour

WAYS = {"frozen": "frozen", "tuned": "learning on"}
KEPT = ("from scratch", *(f"{k} of {STAGES}" for k in range(1, STAGES)), f"all {STAGES}")
PERCENT = [[tick, f"{tick} %"] for tick in range(0, 101, 20)]
CHANCE = 100 / 6  # six kinds of eyewear


def _control(name: str, label: str, options: Sequence, value: object) -> dict:
    pairs = [[str(o), str(o)] if not isinstance(o, tuple) else list(o) for o in options]
    return {"name": name, "label": label, "options": pairs, "value": str(value)}


def _row(cells: Sequence[str], values: np.ndarray, **more) -> dict:
    """A step of a dial: its cells in the table, and mean, worst and best in percent."""
    numbers = (float(100 * v) for v in (values.mean(), values.min(), values.max()))
    mean, worst, best = (round(number, 3) for number in numbers)
    return {"cells": list(cells), "mean": mean, "worst": worst, "best": best, **more}


def _percents(*values: float) -> list[str]:
    return [f"{100 * value:.0f} %" for value in values]


def _points(*values: float) -> list[str]:
    return [f"{100 * value:+.0f}".replace("-", "−") for value in values]


def best_kept(runs: np.ndarray) -> list[int]:
    """Numbers of kept stages that may be the best: the best by the mean comes first.

    Args:
        runs: (5, seeds) accuracies, from none kept to all.
    """
    best = int(runs.mean(axis=1).argmax())
    others = [k for k in range(len(runs)) if k != best and interval(runs[best] - runs[k])[0] <= 0]
    return [best, *others]


def freeze_words(runs: np.ndarray, shown: int) -> str:
    """What the freeze dial says with the first `shown` of (5, seeds) accuracies revealed."""
    if not shown:
        return "How many stages would you keep? Choose your guess, then turn the dial."
    low, high = interval(runs[shown - 1])
    told = f"{KEPT[shown - 1]}: {100 * runs[shown - 1].mean():.0f} % right "
    told += f"(95 % interval {100 * low:.0f} to {100 * high:.0f} %)."
    if shown < len(runs):
        return told
    best, *others = best_kept(runs)
    told += f" Best by the mean: {KEPT[best]}."
    if others:
        told += f" No worse, as far as ten runs tell: {', '.join(KEPT[k] for k in others)}."
    return told


def freeze() -> dict:
    """How many stages to keep, and to freeze: the transfer surface, at one number of labels."""
    sizes, table = load_surface()
    stacked = {
        way: np.stack([table["scratch", 0], *(table[way, k] for k in range(1, STAGES + 1))])
        for way in WAYS
    }  # each (5, sizes, seeds)
    views = {}
    for way, runs in stacked.items():
        for at, size in enumerate(sizes):
            colors = [
                COLORS["from scratch"],
                *[COLORS["fine-tuned" if way == "tuned" else way]] * 4,
            ]
            rows = [
                _row(
                    [name, *_percents(one.mean(), one.min(), one.max())],
                    one,
                    color=color,
                    hatched=name == KEPT[0],
                    text=_percents(one.mean())[0],
                )
                for name, one, color in zip(KEPT, runs[:, at], colors, strict=True)
            ]
            words = [freeze_words(runs[:, at], shown) for shown in range(len(KEPT) + 1)]
            views[f"{size}/{way}"] = {"rows": rows, "words": words}
    return {
        "title": "Freeze dial",
        "figure": "bars",
        "alt": "Test accuracy by the number of stages kept",
        "controls": [
            _control("size", "Images a class", sizes, 10),
            _control("way", "Kept stages are", list(WAYS.items()), "frozen"),
        ],
        "dial": {"label": "Stages kept", "steps": ["turn me", *KEPT]},
        "guess": {"label": "My guess: best is", "options": list(KEPT), "mark": "at"},
        "axis": {"low": 0, "high": 112, "base": 0, "ticks": PERCENT, "label": "right in the test"},
        "line": {"at": CHANCE, "label": "guessing"},
        "columns": ["stages kept", "mean", "worst", "best"],
        "views": views,
        "tour": freeze_tour(sizes, stacked, KEPT, best_kept),
    }


def how_much() -> dict:
    """Accuracy against labeled images, beside training from scratch: the transfer surface."""
    sizes, table = load_surface()
    scratch = table["scratch", 0]
    no_guess = np.zeros(len(sizes))
    views = {}
    for way in WAYS:
        for kept in range(1, STAGES + 1):
            runs = table[way, kept]
            rows = [
                _row([f"{size}", *_percents(one.mean(), one.min(), one.max())], one)
                for size, one in zip(sizes, runs, strict=True)
            ]
            told = [
                data_words(sizes, runs, scratch, no_guess, shown).split(" Your guess is off")[0]
                for shown in range(len(sizes) + 1)
            ]
            place = crossing(sizes, (runs - scratch).mean(axis=1))
            at = None if place is None else float(np.interp(np.log(place), np.log(sizes), range(6)))
            color = COLORS["fine-tuned" if way == "tuned" else "frozen"]
            views[f"{kept}/{way}"] = {"rows": rows, "words": told, "cross": at, "color": color}
    return {
        "title": "How much data?",
        "figure": "lines",
        "alt": "Test accuracy by labeled images a class",
        "controls": [
            _control("kept", "Stages kept (of 4)", range(1, STAGES + 1), STAGES),
            _control("way", "They are", list(WAYS.items()), "frozen"),
        ],
        "dial": {"label": "Reveal transfer up to", "steps": ["turn me", *map(str, sizes)]},
        "guess": {
            "label": "My guess for transfer, percent right",
            "options": [f"{size} a class" for size in sizes],
            "values": [5 * round(20 * value) for value in scratch.mean(axis=1)],
            "off": "Your guess is off by {} points on average.",
        },
        "axis": {"low": 0, "high": 112, "base": 0, "ticks": PERCENT, "label": "right in the test"},
        "line": {"at": CHANCE, "label": "guessing"},
        "columns": ["images a class", "transfer, mean", "worst", "best"],
        "scratch": [_row(_percents(one.mean(), one.min(), one.max()), one) for one in scratch],
        "scratch_color": COLORS["from scratch"],
        "views": views,
        "tour": how_much_tour(sizes, table),
    }


def distance() -> dict:
    """Points over training from scratch, from a near source to a useless one."""
    table = load_distance()
    names = list(LABELS.values())
    views = {}
    for target in TARGETS:
        for method in WAYS:
            for size in DISTANCE_SIZES[method]:
                gains = gains_of(table, target, method, size)
                rows = [
                    _row(
                        [name, *_points(gain.mean(), gain.min(), gain.max())],
                        gain,
                        color=COLORS["frozen" if gain.mean() > 0 else "from scratch"],
                        hatched=bool(gain.mean() <= 0),
                        text=_points(gain.mean())[0],
                    )
                    for name, gain in zip(names, gains, strict=True)
                ]
                words = [distance_words(gains, shown, None) for shown in range(len(names) + 1)]
                right = table[target, "none", "scratch", size].mean()
                views[f"{target}/{method}/{size}"] = {
                    "rows": rows,
                    "words": words,
                    "base": f"from scratch: {_percents(right)[0]} right",
                }
    ticks = [[tick, _points(tick / 100)[0] if tick else "0"] for tick in range(-40, 41, 20)]
    methods = [("frozen", "frozen"), ("tuned", "fine-tuned")]
    return {
        "title": "Distance dial",
        "figure": "bars",
        "alt": "Points over training from scratch by source",
        "controls": [
            _control("target", "Target", TARGETS, TARGETS[0]),
            _control("method", "The network is", methods, "frozen"),
            _control("size", "Images a class", DISTANCE_SIZES["frozen"], 10),
        ],
        "dial": {"label": "Source, near to useless", "steps": ["turn me", *names]},
        "guess": {
            "label": "My guess: harm begins at",
            "options": [*names, "none of them"],
            "mark": "from",
        },
        "axis": {
            "low": -66,
            "high": 52,
            "base": 0,
            "ticks": ticks,
            "label": "points over from scratch",
        },
        "columns": ["source", "points over from scratch, mean", "worst", "best"],
        "views": views,
        "tour": distance_tour(table, names, gains_of, verdict),
    }


DIALS = {"freeze": freeze, "how-much": how_much, "distance": distance}
ABOUT = {
    "freeze": "A small network learns to tell six kinds of drawn eyewear apart. Some of its four "
    "stages come from a network that has learned twenty other things; *frozen*, they stay as they "
    "are, or they *learn on*. Bars are means over ten runs, thin lines go from the worst to the "
    "best. These are runs of lesson 3's table, made beforehand. The demo in the notebook trains "
    "photonet before your eyes instead, on other pictures, so its numbers differ.",
    "how-much": "Draw where you expect a network with transfer to be, then reveal what was "
    "measured. Lines are means over ten runs, bands go from the worst to the best: the numbers of "
    "lesson 3's table.",
    "distance": "Guess at which source help turns into harm, then turn the dial, from a near "
    "source to a useless one. Bars are means over repetitions, thin lines go from the worst to "
    "the best. The runs were made beforehand; the notebook's demo reads the same table.",
}
# A page: the dials that stand in it, and the cell that each follows; "" is the only code cell.
PLACES = {
    "lessons/03_why.ipynb": {"how-much": "l03-17", "freeze": "l03-20"},
    "lessons/04_when.ipynb": {"distance": "l04-29"},
    "lessons/demos/02_freeze_dial.ipynb": {"freeze": ""},
    "lessons/demos/03_how_much_data.ipynb": {"how-much": ""},
    "lessons/demos/04_distance_dial.ipynb": {"distance": ""},
}


def cell(kind: str, page: str) -> dict:
    """A Markdown cell that holds a dial."""
    dial = DIALS[kind]()
    root = "../" * page.count("/")
    level = "##" if "/demos/" in page else "###"
    held = json.dumps(dial, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    source = (
        f"{level} In this page: {dial['title'][0].lower()}{dial['title'][1:]}\n\n{ABOUT[kind]}\n\n"
        f'<div class="dial" id="{kind}-dial"><noscript>The dial needs JavaScript.</noscript>'
        f'<script type="application/json">{held}</script></div>\n'
        f'<script src="{root}_static/dials.js" defer></script>\n'
    )
    return {"cell_type": "markdown", "id": f"{kind}-dial", "metadata": {}, "source": source}


def insert(notebook: dict, page: str) -> None:
    """Put the dials of a page where they belong; in a demo's page, in the place of its widget."""
    for kind, after in PLACES.get(page, {}).items():
        cells = notebook["cells"]
        if after:
            at = [one["id"] for one in cells].index(after)
        else:
            at = [one["cell_type"] for one in cells].index("code")
            cells[at]["outputs"] = []
        cells.insert(at + 1, cell(kind, page))
