"""Mistakes about the pictures that a model is given: their size, scale and numbers."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tlcourse.auditing.facts import Facts
from tlcourse.auditing.preprocessing import application, backbones
from tlcourse.auditing.report import Finding

SMALL_SIDE = 64  # pixels: far below the 224 and more that the networks of Keras learned from


def input_size(facts: Facts) -> Iterator[Finding]:
    """Pictures of another height, width or number of channels than the model takes."""
    expected, sample = getattr(facts.model, "input_shape", None), facts.data.sample
    if not isinstance(expected, tuple) or len(expected) != 4 or sample is None:
        return
    got = sample.shape[1:]
    if len(got) != 3 or all(a in (None, b) for a, b in zip(expected[1:], got, strict=True)):
        return
    shown = "×".join("any" if side is None else str(side) for side in expected[1:])
    if expected[3] not in (None, got[2]):
        mend = (
            "images = np.repeat(images, 3, axis=-1)  # gray as red, green and blue"
            if got[2] == 1
            else f"images = images[..., :{expected[3]}]"
        )
    else:
        mend = f"images = keras.ops.image.resize(images, {tuple(expected[1:3])}, antialias=True)"
    yield Finding(
        "error",
        "input size",
        f"The pictures are {'×'.join(map(str, got))}; the model takes {shown}.",
        "Keras stops with an error, or, where the size happens to pass, the patterns that the "
        "network knows have another size than the things in the pictures.",
        mend,
    )


def not_a_number(facts: Facts) -> Iterator[Finding]:
    """Pictures that hold NaN or infinity."""
    for name, split in facts.data.splits.items():
        if split.images is None or not np.issubdtype(split.images.dtype, np.floating):
            continue
        bad = ~np.isfinite(split.images.reshape(len(split.images), -1)).all(axis=1)
        if bad.any():
            yield Finding(
                "error",
                "not a number",
                f"{bad.sum()} of {len(bad)} pictures of {name} hold NaN or infinity, number "
                f"{int(np.argmax(bad))} the first.",
                "One of them makes the loss NaN, and with it every weight that learns.",
                "keep = np.isfinite(images.reshape(len(images), -1)).all(axis=1)\n"
                f"images, labels = images[keep], labels[keep]  # of {name}; then ask where they "
                "come from",
            )


def splits_scaled_alike(facts: Facts) -> Iterator[Finding]:
    """Pictures that are scaled in one split, and not in another."""
    scales = {
        name: _scale(split.images)
        for name, split in facts.data.splits.items()
        if split.images is not None and split.images.ndim == 4 and len(split.images)
    }
    for (first, a), (second, b) in combinations(scales.items(), 2):
        wide, narrow = max(a.span, b.span), max(min(a.span, b.span), 1e-6)
        below = sorted((a.negative, b.negative))
        if wide < APART * narrow and not (below[0] < 0.01 and below[1] > 0.1):
            continue
        yield Finding(
            "error",
            "splits scaled differently",
            f"Nearly all numbers of {first} lie from {a.low:.3g} to {a.high:.3g}, those of "
            f"{second} from {b.low:.3g} to {b.high:.3g}.",
            "What is learned on one scale is asked on another, where all pictures look alike. The "
            "training goes well, and every result on the other split is wrong.",
            "x = keras.layers.Rescaling(1 / 255)(image)  # inside the model, and nowhere else",
        )
        return


APART = 20.0  # times as wide: 255 or 127.5 was forgotten, or applied twice; light does not do it


class Scale(NamedTuple):
    """Between which numbers 98 % of a split's pixels lie, and the share of negative ones."""

    low: float
    high: float
    negative: float

    @property
    def span(self) -> float:
        """How far apart they are."""
        return self.high - self.low


def _scale(images: np.ndarray) -> Scale:
    some = images[:: max(1, len(images) // 200)]
    low, high = np.nanpercentile(some, [1, 99])
    return Scale(float(low), float(high), float(np.mean(some < 0)))


def small_pictures(facts: Facts) -> Iterator[Finding]:
    """Pictures that are far smaller than those which a network of Keras learned from."""
    for path, name in backbones(facts):
        arriving = facts.arriving.get(path)
        if application(name) is None or arriving is None or arriving.ndim != 4:
            continue
        inside = [place for place, _ in facts.body if place.startswith(path)]
        side = min(arriving.shape[1:3])
        if facts.pretrained.intersection(inside) and side < SMALL_SIDE:
            yield Finding(
                "warning",
                "small pictures",
                f"{name} gets pictures of {side} pixels a side; it learned from pictures of 224 "
                "or more.",
                "It shrinks them to a thirty-second inside: to a single place. The patterns that "
                "it knows are many pixels large.",
                "x = keras.layers.Resizing(160, 160)(image)  # in front of it; try sizes on "
                "validation",
            )
        return


CHECKS = (not_a_number, splits_scaled_alike, input_size, small_pictures)
