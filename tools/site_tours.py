"""The guided tours of the dials: five steps, each asks before it shows.

The right answers and the words that follow are computed from the tables, so that they cannot
disagree with the figure.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tlcourse.claims import interval
from tlcourse.widgets.distance_dial import gains_of, labels_of, verdict
from tlcourse.widgets.how_much_data import Curves, crossing, two_digits


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


SIDES = ("higher", "lower", "the same, as far as the runs tell")


def side(gain: np.ndarray) -> tuple[int, str]:
    """Number of the side of `SIDES` on which a gain over some runs lies, and words for it."""
    low, high = interval(gain)
    mean = 100 * gain.mean()
    ahead = f"By the mean of the runs, {abs(mean):.1f} points {'higher' if mean > 0 else 'lower'}"
    if low > 0 or high < 0:
        return int(high < 0), f"{ahead}."
    return 2, f"{ahead}, which may be luck."


def _needed(level: float, scratch: np.ndarray, sizes: Sequence[int]) -> float:
    """Images a class with which training from scratch reaches a level, between measured points."""
    curve = np.maximum.accumulate(scratch.mean(axis=1))
    return float(np.exp(np.interp(level, curve, np.log(sizes))))


def how_much_tour(sizes, table: dict) -> list[dict]:
    """The first point, where curves cross, with fewer stages, learning on, and labels saved."""
    scratch, all_frozen = table["scratch", 0], table["frozen", 4]
    places = (10, 25, 80)
    options = [*(f"near {place}" for place in places), "they do not cross"]

    def where(kept: int, ask: str) -> dict:
        place = crossing(sizes, (table["frozen", kept] - scratch).mean(axis=1))
        right = len(places) if place is None else nearest(place, places, ratio=True)
        told = (
            "They do not cross." if place is None else f"They cross at about {two_digits(place)}."
        )
        start = {"kept": kept, "way": "frozen", "shown": 0 if kept < 4 else 1, "end": len(sizes)}
        return step("scratch", start, ask, options, [right], told)

    first, words = side((all_frozen - scratch)[0])
    last, last_words = side((table["tuned", 4] - scratch)[-1])
    needed = _needed(all_frozen[1].mean(), scratch, sizes)
    few, counts = sizes[1], (10, 20, 50)
    learning = {"kept": 4, "way": "tuned", "shown": 0, "end": len(sizes)}
    start = {"kept": 4, "way": "frozen", "shown": 0, "end": 1}
    reading = {"kept": 4, "way": "frozen", "shown": 2, "end": len(sizes)}
    return [
        step("scratch", start, f"The line is training from scratch. With {sizes[0]} images a "
             "class, where is a network that keeps four frozen stages?", SIDES, [first], words),
        where(4, "On to the right. At how many images a class do the two curves cross?"),
        where(2, "Two frozen stages instead of four. Where do the curves cross now?"),
        step("result", learning, f"Four stages again, but they learn on. With {sizes[-1]} images "
             "a class, where is transfer?", SIDES, [last], last_words),
        step("scratch", reading, f"Frozen, with {few} images a class. Follow its height to the "
             "right: how many does training from scratch need for the same?",
             [f"about {c}" for c in counts], [nearest(needed, counts, ratio=True)],
             f"About {two_digits(needed)}, read between the measured points."),
    ]  # fmt: skip


def flowers_tour(curves: dict[str, Curves]) -> list[dict]:
    """The first point, where curves cross, labels saved, the last point, and fine-tuning.

    Args:
        curves: of *photonet*, *mobilenet* (frozen) and *tuned*.
    """
    sizes, scratch, near = curves["photonet"][:3]
    frozen, tuned = curves["mobilenet"].transfer, curves["tuned"].transfer
    last = len(sizes)
    first, first_words = side((near - scratch)[0])
    ahead, gaps = 100 * (frozen - scratch)[-1].mean(), (0, 7, 20)
    few, few_words = side((tuned - frozen)[0])
    counts, places = (25, 100, 500), (10, 40, 150)
    needed = _needed(frozen[1].mean(), scratch, sizes)
    cross = crossing(sizes, (near - scratch).mean(axis=1))
    at = len(places) if cross is None else nearest(cross, places, ratio=True)

    def start(network: str, shown: int, end: int = last) -> dict:
        return {"network": network, "shown": shown, "end": end}

    return [
        step("scratch", start("photonet", 0, 1), "The line is training from scratch. With "
             f"{sizes[0]} photographs of each flower, where is photonet with a new head?", SIDES,
             [first], first_words),
        step("scratch", start("photonet", 1), "At how many photographs of each do they cross?",
             [*(f"near {place}" for place in places), "they do not cross"], [at],
             "They do not cross." if cross is None else f"At about {two_digits(cross)}."),
        step("scratch", start("mobilenet", 2), "Now a network that has learned ImageNet. Follow "
             f"its height at {sizes[1]} to the right: how many does training from scratch need "
             "for the same?", [f"about {count}" for count in counts],
             [nearest(needed, counts, ratio=True)],
             f"About {two_digits(needed)}, read between the measured points."),
        step("result", start("mobilenet", 2), f"With {sizes[-1]} of each, how many points is it "
             "ahead?", [f"about {gap}" for gap in gaps], [nearest(ahead, gaps)],
             f"It is {ahead:.1f}: the curves come nearer, and do not meet."),
        step("result", start("tuned", 0), "Frozen no more: its later layers learn on. With "
             f"{sizes[0]} of each, where is it, against the frozen one?", SIDES, [few], few_words),
    ]  # fmt: skip


LISTED = {"help": "It helps.", "harm": "It harms.", "luck": "It may be luck either way."}
KINDS = ("help", "harm", "luck")


def _start(target: str, method: str, size: int, end: int | None = None) -> dict:
    """How a distance dial stands when a step begins."""
    end = len(labels_of(target)) if end is None else end
    return {"target": target, "method": method, "size": size, "shown": 0, "end": end}


def _nearest_source(table: dict, key: tuple, ask: str) -> dict:
    first = verdict(gains_of(table, *key)[0])
    options = ["above it", "below it", "too near to tell"]
    return step("base", _start(*key, 1), ask, options, [KINDS.index(first)], LISTED[first])


def _begins(table: dict, key: tuple, ask: str) -> dict:
    found = [verdict(gain) for gain in gains_of(table, *key)]
    listed = [*labels_of(key[0]).values(), "none of them"]
    at = found.index("harm") if "harm" in found else len(found)
    return step("result", _start(*key), ask, listed, [at], f"Harm begins at: {listed[at]}.")


def _count(table: dict, what: str, key: tuple, ask: str) -> dict:
    found = [verdict(gain) for gain in gains_of(table, *key)]
    number = found.count(what)
    told = f"{number} of {len(found)}, not counting those that may be luck either way."
    options = [str(k) for k in range(len(found) + 1)]
    return step("result", _start(*key), ask, options, [number], told)


def distance_tour(table: dict) -> list[dict]:
    """The nearest source, where harm begins, with more labels, another target, learning on."""
    return [
        _nearest_source(table, ("sunglasses", "frozen", 10), "The line in the middle is training "
                        "from scratch, with the same 10 pictures a class. Where will the nearest "
                        "source be, frozen?"),
        _begins(table, ("sunglasses", "frozen", 10),
                "Now from left to right, to the useless. Where does harm begin?"),
        _begins(table, ("sunglasses", "frozen", 100),
                "Ten times as many labels, and the same sources. Where does harm begin?"),
        _count(table, "help", ("digits", "frozen", 10),
               "Another target: digits. How many of the six frozen sources help?"),
        _count(table, "harm", ("digits", "tuned", 100), "Digits, with 100 images a class, and the "
               "networks learn on. How many of the six harm?"),
    ]  # fmt: skip


def real_tour(table: dict) -> list[dict]:
    """Flowers, where harm begins, land from above, cells under a microscope, learning on."""
    return [
        _nearest_source(table, ("flowers", "frozen", 10), "The line in the middle is training "
                        "from scratch, with the same 10 photographs a class. Where will a network "
                        "be that has learned ImageNet, frozen?"),
        _begins(table, ("flowers", "frozen", 10),
                "Now from left to right. Where does harm begin?"),
        _count(table, "help", ("satellite", "frozen", 10), "Land, seen by a satellite: ImageNet "
               "has nothing of the kind. How many of the four frozen sources help?"),
        _count(table, "harm", ("blood_cells", "frozen", 10),
               "Blood cells under a microscope. How many of the four harm?"),
        _count(table, "harm", ("blood_cells", "tuned", 10),
               "Still blood cells, but the networks learn on. How many of the four harm?"),
    ]  # fmt: skip
