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
