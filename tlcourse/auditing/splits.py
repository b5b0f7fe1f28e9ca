"""Mistakes about the data: splits that share pictures or move, classes out of order or scarce."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tlcourse.auditing.copies import looks, near
from tlcourse.auditing.data import class_numbers, digests, is_class_labels
from tlcourse.auditing.facts import Facts
from tlcourse.auditing.outputs import predicts_a_quantity
from tlcourse.auditing.report import Finding

IMBALANCE = 5.0  # times as many pictures of one class as of another


def split_moves(facts: Facts) -> Iterator[Finding]:
    """A validation or test set that holds other pictures when it is read again."""
    for name in _moving(facts):
        first, again = (set(digests(d[name])) for d in (facts.data.splits, facts.data.again))
        yield Finding(
            "error",
            "split that moves",
            f"{name} was read twice: {len(first - again)} of its {len(first)} pictures were not "
            "there the second time.",
            "It is cut by `take` or `skip` from a dataset that is shuffled anew for each epoch. "
            "So each picture is in this split in one epoch, and in another one in the next: what "
            "is measured here has been seen.",
            "pictures = pictures.shuffle(len(pictures), seed=0, reshuffle_each_iteration=False)"
            "  # then take and skip",
        )


def _moving(facts: Facts) -> list[str]:
    return [
        name
        for name, again in facts.data.again.items()
        if set(digests(again)) != set(digests(facts.data.splits[name]))
    ]


def shared_pictures(facts: Facts) -> Iterator[Finding]:
    """Pictures that are in two splits, as they are or nearly so."""
    moving = _moving(facts)
    splits = {n: s for n, s in facts.data.splits.items() if n not in moving}
    seen = {
        n: looks(s.images)
        for n, s in splits.items()
        if len(splits) > 1 and s.images is not None and len(s.images)
    }
    for (first, a), (second, b) in combinations(splits.items(), 2):
        if a.images is None or b.images is None or not len(a.images) or not len(b.images):
            continue
        known = set(digests(a))
        exact = np.array([digest in known for digest in digests(b)])
        close = np.zeros(len(exact), bool)
        if seen[first] is not None and seen[second] is not None:
            close = near(seen[first], seen[second]) & ~exact
        if not exact.any() and not close.any():
            continue
        nearly = f", and {close.sum()} nearly the same" if close.any() else ""
        yield Finding(
            "error",
            "shared pictures",
            f"Of {len(exact)} pictures of {second}, {exact.sum()} are in {first}, too{nearly}; "
            f"the first is number {int(np.argmax(exact | close))}.",
            "What was learned from, or chosen by, cannot measure: the result looks better than it "
            "will be on new pictures.",
            _without(exact | close, first, second),
        )


def _without(shared: np.ndarray, first: str, second: str) -> str:
    if shared.all():
        return f"{first} = {first}_images, {first}_labels  # pictures that are not in {second}"
    return (
        f"keep = np.delete(np.arange({len(shared)}), {np.flatnonzero(shared).tolist()})\n"
        f"{second} = images[keep], labels[keep]  # images and labels of {second}"
    )


def class_order(facts: Facts) -> Iterator[Finding]:
    """Two sources that give a label different names."""
    (first, names), *others = facts.data.names.items() or [("", ())]
    for second, more in others:
        if more == names:
            continue
        pairs = zip((*names, "nothing"), (*more, "nothing"), strict=False)
        at, (one, other) = next((k, p) for k, p in enumerate(pairs) if p[0] != p[1])
        missing = sorted(set(names) ^ set(more))
        yield Finding(
            "error",
            "class order",
            f"Label {at} is {one} in {first} and {other} in {second}."
            + (f" Not in both: {', '.join(missing)}." if missing else ""),
            "Folders are numbered by the alphabet. One that is missing, extra or named otherwise "
            "moves all that follow, and right answers count as wrong.",
            f"keras.utils.image_dataset_from_directory({second!r}, class_names={list(names)})"
            if not missing
            else "\n".join(_folder_code(first, names, second, more)),
        )


def _folder_code(first: str, names, second: str, more) -> list[str]:
    """Code that makes the folders that are missing on either side."""
    wanted = [(first, name) for name in more if name not in names]
    wanted += [(second, name) for name in names if name not in more]
    return [
        f"pathlib.Path({folder!r}, {name!r}).mkdir()  # or rename, if it is another one's name"
        for folder, name in wanted
    ]


def class_imbalance(facts: Facts) -> Iterator[Finding]:
    """Far more training pictures of one class than of another, or none of one.

    By all of the labels: pictures often lie sorted by class, and the first of them say nothing.
    """
    train = facts.data.splits.get("train")
    if train is None or not is_class_labels(train.all_labels):
        return
    if predicts_a_quantity(facts):
        return
    counts = np.bincount(class_numbers(train.all_labels), minlength=facts.data.num_classes or 0)
    names = next(iter(facts.data.names.values()), ())
    names = names if len(names) == len(counts) else tuple(f"class {k}" for k in range(len(counts)))
    if not counts.all():
        lacking = ", ".join(names[k] for k in np.flatnonzero(counts == 0))
        yield Finding(
            "error",
            "class without pictures",
            f"The {len(train.all_labels)} training pictures show nothing of: {lacking}.",
            "It will never be named. Pictures that lie sorted by class, cut without shuffling, "
            "often are the cause.",
            "order = np.random.default_rng(0).permutation(len(labels))  # before the cut\n"
            "images, labels = images[order], labels[order]",
        )
    elif counts.max() >= IMBALANCE * counts.min() and not facts.data.class_weight:
        most, least = int(counts.argmax()), int(counts.argmin())
        if train.weighted:
            return
        weights = counts.sum() / (len(counts) * counts)
        shown = ", ".join(f"{k}: {weight:.2f}" for k, weight in enumerate(weights))
        yield Finding(
            "warning",
            "class imbalance",
            f"{counts[most]} training pictures of {names[most]}, {counts[least]} of "
            f"{names[least]}.",
            f"Who always says {names[most]} is right in {counts[most] / counts.sum():.0%} of them, "
            "so training goes there first. Accuracy alone does not show it.",
            f"model.fit(train, class_weight={{{shown}}})",
        )


CHECKS = (split_moves, shared_pictures, class_order, class_imbalance)
