"""Mistakes about the pictures that a model is given: their size, scale and numbers."""

from collections.abc import Iterator

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
    kinds = {
        name: _scale(split.images)
        for name, split in facts.data.splits.items()
        if split.images is not None and split.images.ndim == 4 and len(split.images)
    }
    if len(set(kinds.values())) < 2:
        return
    first, kind = next(iter(kinds.items()))
    other, theirs = next((n, k) for n, k in kinds.items() if k != kind)
    yield Finding(
        "error",
        "splits scaled differently",
        f"The numbers of {first} lie in {kind}, those of {other} in {theirs}.",
        "What is learned on one scale is asked on another, where all pictures look alike. The "
        "training goes well, and every result on the other split is wrong.",
        f"x = keras.layers.Rescaling({_RESCALING[kind]})(x)  # inside the model, and nowhere else",
    )


_RESCALING = {
    "[0, 255]": "1.0",
    "[0, 1]": "1 / 255",
    "[-1, 1]": "1 / 127.5, offset=-1",
    "around 0": "scale=1 / std, offset=-mean / std",
}


def _scale(images: np.ndarray) -> str:
    low, high = np.nanmin(images), np.nanmax(images)
    if low >= 0:
        return "[0, 1]" if high <= 1.5 else "[0, 255]"
    return "[-1, 1]" if low >= -1.05 and high <= 1.05 else "around 0"


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
