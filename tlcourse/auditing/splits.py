"""Mistakes about the data: splits that share pictures or move, classes out of order or scarce."""

import hashlib
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tlcourse.auditing.data import Pictures, class_numbers, is_class_labels
from tlcourse.auditing.facts import Facts
from tlcourse.auditing.outputs import predicts_a_quantity
from tlcourse.auditing.report import Finding

IMBALANCE = 5.0  # times as many pictures of one class as of another
SIDE = 16  # pixels of a thumbnail
SURELY, PERHAPS, NEARER = 0.9985, 0.98, 0.18  # see `near_pairs`


def split_moves(facts: Facts) -> Iterator[Finding]:
    """A validation or test set that holds other pictures when it is read again."""
    for name in _moving(facts):
        first, again = (set(_digests(d[name])) for d in (facts.data.splits, facts.data.again))
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
        if set(_digests(again)) != set(_digests(facts.data.splits[name]))
    ]


def shared_pictures(facts: Facts) -> Iterator[Finding]:
    """Pictures that are in two splits, as they are or nearly so."""
    moving = _moving(facts)
    splits = {n: s for n, s in facts.data.splits.items() if n not in moving}
    looks = {
        n: _looks(s.images)
        for n, s in splits.items()
        if len(splits) > 1 and s.images is not None and len(s.images)
    }
    for (first, a), (second, b) in combinations(splits.items(), 2):
        if a.images is None or b.images is None or not len(a.images) or not len(b.images):
            continue
        digests = set(_digests(a))
        exact = np.array([digest in digests for digest in _digests(b)])
        near = np.zeros(len(exact), bool)
        if looks[first] is not None and looks[second] is not None:
            near = _near(looks[first], looks[second]) & ~exact
        if not exact.any() and not near.any():
            continue
        nearly = f", and {near.sum()} nearly the same" if near.any() else ""
        yield Finding(
            "error",
            "shared pictures",
            f"Of {len(exact)} pictures of {second}, {exact.sum()} are in {first}, too{nearly}; "
            f"the first is number {int(np.argmax(exact | near))}.",
            "What was learned from, or chosen by, cannot measure: the result looks better than it "
            "will be on new pictures.",
            _without(exact | near, first, second),
        )


def _without(shared: np.ndarray, first: str, second: str) -> str:
    if shared.all():
        return f"{first} = {first}_images, {first}_labels  # pictures that are not in {second}"
    return (
        f"keep = np.delete(np.arange({len(shared)}), {np.flatnonzero(shared).tolist()})\n"
        f"{second} = images[keep], labels[keep]  # images and labels of {second}"
    )


def near_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each picture of `second`, whether `first` has one that is nearly the same.

    Gray thumbnails are compared by their correlation, so that brightness and contrast do not
    count; each also mirrored, and with a margin cut off on either side. The same picture saved
    again as a JPEG, or made smaller, has one of 0.99 and more; but so have some digits of
    different people. So a pair must be nearly identical, or close and much closer than is usual
    in these splits.

    Args:
        first: (n, height, width, channels); anything else has no near pairs.
        second: (m, height, width, channels).

    Returns:
        bool (m,).
    """
    before, after = _looks(first), _looks(second)
    if before is None or after is None:
        return np.zeros(len(second), bool)
    return _near(before, after)


def _looks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Thumbnails of pictures as they are, and of what is left without a margin."""
    if images.ndim != 4 or not np.issubdtype(images.dtype, np.number):
        return None
    return _thumbnails(images), _thumbnails(_without_margin(images))


def _near(first, second) -> np.ndarray:
    (plain, cut), (whole, inner) = first, second
    best = (whole @ plain.T).max(axis=1)
    mirrored = whole.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(len(whole), -1)
    changed = np.max([(m @ n.T).max(axis=1) for m, n in
                      ((mirrored, plain), (inner, plain), (whole, cut))], axis=0)  # fmt: skip
    best = np.maximum(best, np.where(_has_detail(whole), changed, -1))
    distance = np.sqrt(2 * np.clip(1 - best, 0, None))
    close = (best >= PERHAPS) & (distance < NEARER * np.median(distance))
    return (best >= SURELY) | close


def _has_detail(thumbnails: np.ndarray) -> np.ndarray:
    """Whether a thumbnail is more than one edge: many pictures of a wall are alike, mirrored."""
    strengths = np.linalg.svd(thumbnails.reshape(-1, SIDE, SIDE), compute_uv=False) ** 2
    return strengths[:, 0] < 0.97 * np.maximum(strengths.sum(axis=1), 1e-12)


def _without_margin(images: np.ndarray) -> np.ndarray:
    """Without a margin of a twentieth: what is often cut off when pictures are enlarged a bit."""
    top, left = (round(side * 0.025) for side in images.shape[1:3])
    height, width = images.shape[1:3]
    return images[:, top : height - top, left : width - left]


def _thumbnails(images: np.ndarray) -> np.ndarray:
    from PIL import Image

    small = np.empty((len(images), SIDE * SIDE), "float32")
    for at, image in enumerate(images):
        gray = Image.fromarray(np.nan_to_num(image.mean(axis=-1, dtype="float32"), posinf=0))
        small[at] = np.asarray(gray.resize((SIDE, SIDE), Image.Resampling.BOX)).ravel()
    small -= small.mean(axis=1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def _digests(split: Pictures) -> list[bytes]:
    if split.images is None:
        return []
    return [
        hashlib.blake2b(
            repr(image.tolist()).encode() if image.dtype == object else image.tobytes(),
            digest_size=12,
        ).digest()
        for image in map(np.ascontiguousarray, split.images)
    ]


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
    """Far more training pictures of one class than of another, or none of one."""
    train = facts.data.splits.get("train")
    if train is None or not is_class_labels(train.labels):
        return
    if predicts_a_quantity(facts):
        return
    counts = np.bincount(class_numbers(train.labels), minlength=facts.data.num_classes or 0)
    names = next(iter(facts.data.names.values()), ())
    names = names if len(names) == len(counts) else tuple(f"class {k}" for k in range(len(counts)))
    if not counts.all():
        lacking = ", ".join(names[k] for k in np.flatnonzero(counts == 0))
        yield Finding(
            "error",
            "class without pictures",
            f"The {len(train.labels)} training pictures show nothing of: {lacking}.",
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
