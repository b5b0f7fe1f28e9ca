"""What the loaders share: resizing, and splits that keep the classes balanced."""

import numpy as np
from PIL import Image


def resize_all(images: np.ndarray, size: int) -> np.ndarray:
    """Enlarge or shrink square images (bicubic) and give gray ones three equal channels.

    Args:
        images: uint8 (n, h, w) or (n, h, w, 3).
        size: new height and width, in pixels, at least 8.

    Returns:
        uint8 (n, size, size, 3).

    Raises:
        ValueError: the size is too small.
    """
    if size < 8:
        raise ValueError(f"image_size must be at least 8 pixels, not {size}.")
    resized = [
        Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC) for image in images
    ]
    stack = np.stack([np.asarray(picture) for picture in resized])
    return stack if stack.ndim == 4 else np.repeat(stack[..., None], 3, axis=-1)


def stratified_parts(
    labels: np.ndarray, fractions: tuple[float, ...], seed: int = 0
) -> list[np.ndarray]:
    """Disjoint sorted index arrays, each with about its fraction of every class.

    Args:
        labels: int (n,).
        fractions: one a part, adding up to 1.
        seed: seed of the random draw.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[] for _ in fractions]
    cuts = np.cumsum(fractions)[:-1]
    for k in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == k))
        pieces = np.split(members, np.round(cuts * len(members)).astype(int))
        for part, piece in zip(parts, pieces, strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def grouped_parts(
    labels: np.ndarray, groups: np.ndarray, fractions: tuple[float, ...], seed: int = 0
) -> list[np.ndarray]:
    """Disjoint sorted index arrays, each with about its fraction of every class; no group is cut.

    The large groups are dealt first, each to where it overflows least. Where every group is one
    example, the parts are those of `stratified_parts`.

    Args:
        labels: int (n,).
        groups: int (n,), from 0; examples of one group belong together, in whatever classes.
        fractions: one a part, adding up to 1.
        seed: seed of the random draw.
    """
    sizes = np.bincount(groups)
    if sizes.max(initial=0) <= 1:
        return stratified_parts(labels, fractions, seed)
    rng = np.random.default_rng(seed)
    counts = np.zeros((len(sizes), labels.max() + 1))  # of each class in each group
    np.add.at(counts, (groups, labels), 1)
    wanted = np.outer(fractions, counts.sum(axis=0))
    have, part_of = np.zeros_like(wanted), np.zeros(len(sizes), int)
    for group in sorted(rng.permutation(len(sizes)), key=lambda group: -sizes[group]):
        over = np.clip(have + counts[group] - wanted, 0, None).sum(axis=1)
        lack = ((wanted - have) / np.maximum(wanted, 1) * counts[group]).sum(axis=1)
        part = min(range(len(fractions)), key=lambda p: (over[p], -lack[p]))
        part_of[group] = part
        have[part] += counts[group]
    _give_each_a_group(part_of, counts, sizes, len(fractions))
    return [np.flatnonzero(part_of[groups] == part) for part in range(len(fractions))]


def _give_each_a_group(part_of: np.ndarray, counts: np.ndarray, sizes: np.ndarray, parts: int):
    """Where a part has nothing of a class, move the smallest group of a part that has several."""
    for k in range(counts.shape[1]):
        holders = np.flatnonzero(counts[:, k])
        for part in range(parts):
            several = np.bincount(part_of[holders], minlength=parts)
            spare = [g for g in holders if several[part_of[g]] > 1]
            if not several[part] and spare:
                part_of[min(spare, key=lambda g: sizes[g])] = part


def few_of_each(
    labels: np.ndarray, n: int, class_names: tuple[str, ...], seed: int, name: str, what: str
) -> np.ndarray:
    """Sorted indices of `n` examples a class, drawn at random; nested for one seed.

    Raises:
        ValueError: `n` is below 1, or a class has fewer of what is there.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if n < 1:
        raise ValueError(f"n, the {what} a class, must be at least 1, not {n}.")
    if n > counts.min():
        least = int(counts.argmin())
        raise ValueError(
            f"few_shot({n}) asks for more {what} than there are: class "
            f"{class_names[least]!r} of {name!r} has {counts[least]}. "
            f"Ask for {counts.min()} or fewer."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = np.concatenate([order[labels[order] == k][:n] for k in range(len(class_names))])
    return np.sort(chosen)
