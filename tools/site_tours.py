"""The guided tours of the dials: five steps, each asks before it shows.

The right answers and the words that follow are computed from the tables, so that they cannot
disagree with the figure.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tlcourse.claims import interval
from tlcourse.widgets.how_much_data import crossing


def step(
    light: str, start: dict, ask: str, options: Sequence[str], right: Sequence[int], told: str
) -> dict:
    """A step of a tour: it sets the dial to `start`, asks, then shows everything.

    `light` names the part of the figure that is lit; `end` is how far the dial is turned then.
    """
    end = start.pop("end")
    return {
        "light": light,
        "set": {name: str(value) for name, value in start.items()},
        "ask": ask,
        "options": list(options),
        "right": list(right),
        "end": end,
        "told": told,
    }


def nearest(value: float, options: Sequence[float], *, ratio: bool = False) -> int:
    """Number of the option that a value is nearest to, by difference or by ratio."""
    values, value = np.array(options, float), float(value)
    off = np.abs(np.log(values / value)) if ratio else np.abs(values - value)
    return int(off.argmin())


def freeze_tour(sizes, runs: dict, names: Sequence[str], best: Callable) -> list[dict]:
    """Few labels, the spread, many labels, learning on, and a case between.

    Args:
        sizes: images a class.
        runs: way → (kept, sizes, seeds) accuracies.
        names: of the numbers of kept stages.
        best: from (kept, seeds) accuracies to the numbers that may be best, the best first.
    """

    def which(size: int, ask: str, light: str = "result") -> dict:
        found = best(runs["frozen"][:, sizes.index(size)])
        told = f"Best by the mean: {names[found[0]]}."
        if found[1:]:
            told += f" Ten runs cannot tell it from {', '.join(names[k] for k in found[1:])}."
        start = {"size": size, "way": "frozen", "shown": 0, "end": len(names)}
        return step(light, start, ask, names, found, told)

    first = runs["frozen"][:, 0]
    top = first[best(first)[0]]
    spread, spreads = 100 * (top.max() - top.min()), (5, 15, 40)
    means = 100 * runs["tuned"][1:, -1].mean(axis=1)
    apart, gaps = means.max() - means.min(), (1, 10, 25)
    shown = {"size": sizes[0], "way": "frozen", "shown": len(names), "end": len(names)}
    last = {"size": sizes[-1], "way": "tuned", "shown": 0, "end": len(names)}
    return [
        which(sizes[0], f"Each place below is a number of stages that are kept, and frozen. With "
              f"{sizes[0]} images a class, which is best?", "axis"),
        step("spread", shown, "The thin lines go from the worst of ten runs to the best. How far "
             "apart are these two for the best way, in points?", [f"about {s}" for s in spreads],
             [nearest(spread, spreads)], f"It is {spread:.0f} points: one run is one run."),
        which(sizes[-1], f"Now {sizes[-1]} images a class. Which is best?"),
        step("result", last, f"Still {sizes[-1]}, but the kept stages may learn on. How far apart "
             "are the best and the worst of 1 to 4 stages kept, in points?",
             [f"about {g}" for g in gaps], [nearest(apart, gaps)],
             f"It is {apart:.1f}. Where all may learn on, it matters less what was kept."),
        which(50, "Frozen again, and 50 images a class, between the two. Which is best?"),
    ]  # fmt: skip


def how_much_tour(sizes, table: dict) -> list[dict]:
    """The first point, where curves cross, with fewer stages, learning on, and labels saved."""
    scratch, all_frozen = table["scratch", 0], table["frozen", 4]
    sides = ("higher", "lower", "the same, as far as ten runs tell")

    def side(gain: np.ndarray) -> tuple[int, str]:
        low, high = interval(gain)
        mean = 100 * gain.mean()
        ahead = (
            f"By the mean of ten runs, {abs(mean):.1f} points {'higher' if mean > 0 else 'lower'}"
        )
        if low > 0 or high < 0:
            return int(high < 0), f"{ahead}."
        return 2, f"{ahead}, which may be luck."

    places = (10, 25, 80)
    options = [*(f"near {place}" for place in places), "they do not cross"]

    def where(kept: int, ask: str) -> dict:
        place = crossing(sizes, (table["frozen", kept] - scratch).mean(axis=1))
        right = len(places) if place is None else nearest(place, places, ratio=True)
        told = "They do not cross." if place is None else f"They cross at about {place:.2g}."
        start = {"kept": kept, "way": "frozen", "shown": 0 if kept < 4 else 1, "end": len(sizes)}
        return step("scratch", start, ask, options, [right], told)

    first, words = side((all_frozen - scratch)[0])
    last, last_words = side((table["tuned", 4] - scratch)[-1])
    level = all_frozen[1].mean()
    curve = np.maximum.accumulate(scratch.mean(axis=1))
    needed = float(np.exp(np.interp(level, curve, np.log(sizes))))
    few, counts = sizes[1], (10, 20, 50)
    learning = {"kept": 4, "way": "tuned", "shown": 0, "end": len(sizes)}
    start = {"kept": 4, "way": "frozen", "shown": 0, "end": 1}
    reading = {"kept": 4, "way": "frozen", "shown": 2, "end": len(sizes)}
    return [
        step("scratch", start, f"The line is training from scratch. With {sizes[0]} images a "
             "class, where is a network that keeps four frozen stages?", sides, [first], words),
        where(4, "On to the right. At how many images a class do the two curves cross?"),
        where(2, "Two frozen stages instead of four. Where do the curves cross now?"),
        step("result", learning, f"Four stages again, but they learn on. With {sizes[-1]} images "
             "a class, where is transfer?", sides, [last], last_words),
        step("scratch", reading, f"Frozen, with {few} images a class. Follow its height to the "
             "right: how many does training from scratch need for the same?",
             [f"about {c}" for c in counts], [nearest(needed, counts, ratio=True)],
             f"About {needed:.2g}, read between the measured points."),
    ]  # fmt: skip


def distance_tour(
    table: dict, names: Sequence[str], gains_of: Callable, verdict: Callable
) -> list[dict]:
    """The nearest source, where harm begins, with more labels, another target, learning on."""

    def verdicts(*key) -> list[str]:
        return [verdict(gain) for gain in gains_of(table, *key)]

    def start(target: str, method: str, size: int, end: int = len(names)) -> dict:
        return {"target": target, "method": method, "size": size, "shown": 0, "end": end}

    def begins(size: int, ask: str) -> dict:
        found = verdicts("sunglasses", "frozen", size)
        at = found.index("harm") if "harm" in found else len(names)
        listed = [*names, "none of them"]
        told = f"Harm begins at: {listed[at]}."
        return step("result", start("sunglasses", "frozen", size), ask, listed, [at], told)

    def count(what: str, key: tuple, ask: str) -> dict:
        number = verdicts(*key).count(what)
        told = f"{number} of {len(names)}, not counting those that may be luck either way."
        options = [str(k) for k in range(len(names) + 1)]
        return step("result", start(*key), ask, options, [number], told)

    kinds = ("help", "harm", "luck")
    first = verdicts("sunglasses", "frozen", 10)[0]
    words = {"help": "It helps.", "harm": "It harms.", "luck": "It may be luck either way."}
    return [
        step("base", start("sunglasses", "frozen", 10, 1), "The line in the middle is training "
             "from scratch, with the same 10 pictures a class. Where will the nearest source be, "
             "frozen?", ["above it", "below it", "too near to tell"], [kinds.index(first)],
             words[first]),
        begins(10, "Now from left to right, to the useless. Where does harm begin?"),
        begins(100, "Ten times as many labels, and the same sources. Where does harm begin?"),
        count("help", ("digits", "frozen", 10), "Another target: digits. How many of the five "
              "frozen sources help?"),
        count("harm", ("digits", "tuned", 100), "Digits, with 100 images a class, and the networks "
              "learn on. How many of the five harm?"),
    ]  # fmt: skip
