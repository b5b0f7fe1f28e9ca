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

from collections.abc import Sequence

import numpy as np

from tlcourse.claims import interval
from tlcourse.data.studies import STAGES, TARGETS, load_surface
from tlcourse.plots.results import COLORS
from tlcourse.widgets.distance_dial import REAL_TARGETS, gains_of, labels_of, load_all, sizes_of
from tlcourse.widgets.distance_dial import in_words as distance_words
from tlcourse.widgets.how_much_data import Curves, crossing, eyewear_curves, flowers_curves
from tlcourse.widgets.how_much_data import in_words as data_words
from tools.site_tours import distance_tour, flowers_tour, freeze_tour, how_much_tour, real_tour

WAYS = {"frozen": "frozen", "tuned": "learning on"}
KEPT = ("from scratch", *(f"{k} of {STAGES}" for k in range(1, STAGES)), f"all {STAGES}")
PERCENT = [[tick, f"{tick} %"] for tick in range(0, 101, 20)]
CHANCE = 100 / 6  # six kinds of eyewear
FLOWERS = {  # in an address → in the demo
    "photonet": "photonet, frozen",
    "mobilenet": "MobileNetV2, frozen",
    "tuned": "MobileNetV2, fine-tuned",
}


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


def _lines(curves: dict[str, Curves], colors: dict[str, str]) -> dict:
    """What the dials of curves share; `curves` and `colors` have an entry for each view."""
    one = next(iter(curves.values()))  # from scratch, sizes and chance are the same in all
    no_guess = np.zeros(len(one.sizes))
    views = {}
    for key, (sizes, scratch, transfer, _, _) in curves.items():
        rows = [
            _row([f"{size}", *_percents(runs.mean(), runs.min(), runs.max())], runs)
            for size, runs in zip(sizes, transfer, strict=True)
        ]
        told = [
            data_words(sizes, transfer, scratch, no_guess, shown).split(" Your guess is off")[0]
            for shown in range(len(sizes) + 1)
        ]
        place = crossing(sizes, (transfer - scratch).mean(axis=1))
        at = None if place is None else float(np.interp(np.log(place), np.log(sizes), range(6)))
        views[key] = {"rows": rows, "words": told, "cross": at, "color": colors[key]}
    return {
        "figure": "lines",
        "alt": "Test accuracy by labeled images a class",
        "dial": {"label": "Reveal transfer up to", "steps": ["turn me", *map(str, one.sizes)]},
        "guess": {
            "label": "My guess for transfer, percent right",
            "options": [f"{size} a class" for size in one.sizes],
            "values": [5 * round(20 * value) for value in one.scratch.mean(axis=1)],
            "off": "Your guess is off by {} points on average.",
        },
        "axis": {"low": 0, "high": 112, "base": 0, "ticks": PERCENT, "label": "right in the test"},
        "line": {"at": 100 * one.chance, "label": "guessing"},
        "columns": ["images a class", "transfer, mean", "worst", "best"],
        "scratch": [_row(_percents(r.mean(), r.min(), r.max()), r) for r in one.scratch],
        "scratch_color": COLORS["from scratch"],
        "views": views,
    }


def how_much() -> dict:
    """Accuracy against labeled images, beside training from scratch: the transfer surface."""
    sizes, table = load_surface()
    curves = {f"{k}/{way}": eyewear_curves(k, way) for way in WAYS for k in range(1, STAGES + 1)}
    colors = {key: COLORS["fine-tuned" if key.endswith("tuned") else "frozen"] for key in curves}
    return _lines(curves, colors) | {
        "title": "How much data?",
        "controls": [
            _control("kept", "Stages kept (of 4)", range(1, STAGES + 1), STAGES),
            _control("way", "They are", list(WAYS.items()), "frozen"),
        ],
        "tour": how_much_tour(sizes, table),
    }


def flowers() -> dict:
    """The same for photographs of flowers: photonet and MobileNetV2."""
    curves = {key: flowers_curves(name) for key, name in FLOWERS.items()}
    colors = {key: COLORS["fine-tuned" if key == "tuned" else "frozen"] for key in curves}
    return _lines(curves, colors) | {
        "title": "How much data for flowers?",
        "controls": [_control("network", "Network", list(FLOWERS.items()), "photonet")],
        "tour": flowers_tour(curves),
    }


def _bars(title: str, targets: dict[str, str], tour: list[dict]) -> dict:
    """Points over training from scratch, from a near source to a useless one, for some targets."""
    table, first = load_all(), next(iter(targets))
    names = list(labels_of(first).values())
    views = {}
    for target in targets:
        for method in WAYS:
            for size in sizes_of(target, method):
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
                words = [
                    distance_words(gains, shown, None, names) for shown in range(len(names) + 1)
                ]
                right = table[target, "none", "scratch", size].mean()
                views[f"{target}/{method}/{size}"] = {
                    "rows": rows,
                    "words": words,
                    "base": f"from scratch: {_percents(right)[0]} right",
                }
    ticks = [[tick, _points(tick / 100)[0] if tick else "0"] for tick in range(-40, 41, 20)]
    methods = [("frozen", "frozen"), ("tuned", "fine-tuned")]
    return {
        "title": title,
        "figure": "bars",
        "alt": "Points over training from scratch by source",
        "controls": [
            _control("target", "Target", list(targets.items()), first),
            _control("method", "The network is", methods, "frozen"),
            _control("size", "Images a class", sizes_of(first, "frozen"), 10),
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
        "tour": tour,
    }


def distance() -> dict:
    """Drawn sunglasses and digits as targets: six sources with the same layers."""
    return _bars("Distance dial", {target: target for target in TARGETS}, distance_tour(load_all()))


def real() -> dict:
    """Real tasks as targets: MobileNetV2, photonet, objectnet, and random layers."""
    return _bars("Distance dial for real tasks", REAL_TARGETS, real_tour(load_all()))


DIALS = {
    "freeze": freeze,
    "how-much": how_much,
    "flowers": flowers,
    "distance": distance,
    "real": real,
}
