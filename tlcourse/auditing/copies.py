"""Pictures that are nearly the same: saved again, brighter, turned, mirrored, or cut a bit."""

from typing import NamedTuple

import numpy as np

from tlcourse.machine.limits import one_by_one

SIDE = 16  # pixels of a thumbnail
SURELY, PERHAPS, NEARER = 0.9985, 0.98, 0.18  # see `near_pairs`
FINE = 32  # pixels of the larger thumbnails by which a suspicion is confirmed
SUSPECT, LIKELY, DETAIL = 0.8, 0.95, 0.6  # correlations: of thumbnails, at first and when moved;
# and of fine detail, which must not be
SIMPLE = 0.85  # of three singular values or fewer
MARGINS = (0.025, 0.055, 0.09)  # cut off on each side, in parts of the side
ROWS = 500  # of a table of correlations at a time
MOST_SUSPECTS = 40  # the most alike are confirmed first


def near_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each picture of `second`, whether `first` has one that is nearly the same.

    Gray thumbnails are compared by their correlation, so that brightness and contrast do not
    count. The same picture saved again as a JPEG, or made smaller, has one of 0.99 and more; but
    so have some digits of different people. So a pair must be nearly identical, or close and much
    closer than is usual in these splits.

    Then each is looked for upside down, turned by a quarter, mirrored, and with up to a sixth of
    its height and width cut off. There are so many ways to be alike that such a pair must hold at
    twice the size, too, and in its fine detail.

    Args:
        first: (n, height, width, channels); anything else has no near pairs.
        second: (m, height, width, channels).

    Returns:
        bool (m,).
    """
    before, after = looks(first), looks(second)
    if before is None or after is None:
        return np.zeros(len(second), bool)
    return near(before, after)


class Looks(NamedTuple):
    """Pictures of one split, and what is compared of them.

    Attributes:
        images: as they were given.
        plain: thumbnails (n, SIDE, SIDE), each of mean 0 and length 1.
        cut: the same without each of the `MARGINS`.
    """

    images: np.ndarray
    plain: np.ndarray
    cut: tuple[np.ndarray, ...]


def looks(images: np.ndarray) -> Looks | None:
    """None where the pictures are none."""
    if images.ndim != 4 or not np.issubdtype(images.dtype, np.number) or not len(images):
        return None
    whole, cut = [], [[] for _ in MARGINS]
    for gray in map(_gray, one_by_one(images)):
        whole.append(_thumbnail(gray, SIDE))
        for margin, kept in zip(MARGINS, cut, strict=True):
            kept.append(_thumbnail(gray, SIDE, _box(gray, margin)))
    return Looks(images, np.stack(whole), tuple(np.stack(kept) for kept in cut))


def near(first: Looks, second: Looks) -> np.ndarray:
    """`near_pairs` of what was looked at before."""
    (best, _), *turned = _by_turning(first.plain, second.plain)
    usual = float(np.median(_distance(best)))
    found = (best >= SURELY) | ((best >= PERHAPS) & (_distance(best) < NEARER * usual))
    suspects = [
        (value[at], at, int(partner[at]), (orientation, None))
        for orientation, (value, partner) in enumerate(turned, start=1)
        for at in np.flatnonzero((value >= SUSPECT) & ~found & _has_detail(second.plain))
    ]
    for smaller, larger, which in ((second, first, 0), (first, second, 1)):
        for cut in larger.cut:  # one is a part of the other: of `first`, or of `second`
            given = (cut, smaller.plain) if which == 0 else (smaller.plain, cut)
            value, partner = _most_alike(*given)
            suspects += [
                (value[at], at, int(partner[at]), (0, which))
                for at in np.flatnonzero((value >= SUSPECT) & ~found & _has_detail(second.plain))
            ]
    suspects.sort(key=lambda suspect: -suspect[0])
    for _, at, partner, (orientation, which) in suspects[:MOST_SUSPECTS]:
        if not found[at]:
            a, b = turn(_gray(first.images[partner]), orientation), _gray(second.images[at])
            found[at] = _confirmed(*((a, b) if which != 1 else (b, a)), which is not None, usual)
    return found


def _distance(correlation: np.ndarray) -> np.ndarray:
    return np.sqrt(2 * np.clip(1 - correlation, 0, None))


# ------------------------------------------------------------------ in all eight directions


def turn(picture: np.ndarray, orientation: int) -> np.ndarray:
    """One of the eight ways to lay down a square: transposed from 4 on, mirrored by the rest."""
    picture = picture.swapaxes(-1, -2) if orientation & 4 else picture
    picture = picture[..., ::-1] if orientation & 1 else picture
    return picture[..., ::-1, :] if orientation & 2 else picture


def _by_turning(plain: np.ndarray, whole: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each orientation of `plain`: the highest correlations with `whole`, and with which.

    A thumbnail is the sum of four parts that a mirror leaves as they are or makes negative. So the
    products of the parts give those of all mirror images, by sums.
    """
    known = [_parts(turn(plain, transposed)) for transposed in (0, 4)]
    best = [(np.empty(len(whole), "float32"), np.empty(len(whole), int)) for _ in range(8)]
    for at in range(0, len(whole), ROWS):
        asked = _parts(whole[at : at + ROWS])
        for orientation in range(8):
            if orientation in (0, 4):
                parts = known[orientation // 4]
                products = [a @ b.T for a, b in zip(asked, parts, strict=True)]
            x, y = -1 if orientation & 1 else 1, -1 if orientation & 2 else 1
            total = products[0] + x * products[1] + y * products[2] + x * y * products[3]
            best[orientation][0][at : at + ROWS] = total.max(axis=1)
            best[orientation][1][at : at + ROWS] = total.argmax(axis=1)
    return best


def _parts(thumbnails: np.ndarray) -> list[np.ndarray]:
    """Even in both directions, odd from left to right, odd from top to bottom, odd in both."""
    half = SIDE // 2
    left, right = thumbnails[:, :, :half], thumbnails[:, :, : half - 1 : -1]
    parts = []
    for sign_y in (1, -1):
        for sign_x in (1, -1):
            along = left + sign_x * right
            both = along[:, :half] + sign_y * along[:, : half - 1 : -1]
            parts.append(both.reshape(len(both), -1) / 2)
    return parts


def _most_alike(plain: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = whole.reshape(len(whole), -1) @ plain.reshape(len(plain), -1).T
    partner = total.argmax(axis=1)
    return total[np.arange(len(total)), partner], partner


def _has_detail(thumbnails: np.ndarray) -> np.ndarray:
    """Whether a thumbnail is more than one edge: many pictures of a wall are alike, mirrored."""
    strengths = np.linalg.svd(thumbnails, compute_uv=False) ** 2
    return strengths[:, 0] < 0.97 * np.maximum(strengths.sum(axis=1), 1e-12)


# ------------------------------------------------------------------ a closer look


def _confirmed(larger, smaller, is_cut: bool, usual: float) -> bool:
    """Whether two gray pictures are alike at twice the size, and in their fine detail."""
    target = _thumbnail(smaller, FINE)
    detail = _detail(target)
    strengths = np.linalg.svd(detail, compute_uv=False) ** 2
    if strengths[:3].sum() > SIMPLE * strengths.sum():
        return False  # a few straight edges, such as a corner: what is moved a bit fits it
    box = None
    if is_cut:
        if max(larger.shape) > 3 * FINE:
            larger = _thumbnail(larger, 3 * FINE)  # it is looked at many times
        value, part = _best_part(larger, _thumbnail(smaller, SIDE), COARSE)
        for step in (0.02, 0.008):
            if value < LIKELY:
                return False
            value, part = _best_part(larger, target, _around(part, step))
        box = _in_pixels(larger, *part)
    made = _thumbnail(larger, FINE, box)
    value = float(np.sum(made * target))
    if value < PERHAPS or _distance(value) >= NEARER * usual:
        return False
    return float(np.sum(_detail(made) * detail)) >= DETAIL


def _detail(thumbnail: np.ndarray) -> np.ndarray:
    """What a blur over three pixels takes away, of length 1."""
    padded = np.pad(thumbnail, 1, mode="edge")
    size = len(thumbnail)
    blurred = sum(padded[y : y + size, x : x + size] for y in range(3) for x in range(3)) / 9
    detail = thumbnail - blurred
    return detail / max(float(np.linalg.norm(detail)), 1e-6)


# A part of a picture: how much of both sides is cut off, and where it lies, from 0 to 1.
Part = tuple[float, float, float]
COARSE: list[Part] = [
    (c, y / 2, x / 2) for c in (0.04, 0.09, 0.14) for y in range(3) for x in range(3)
]


def _around(part: Part, step: float) -> list[Part]:
    """Parts that are cut a bit more or less, and lie a bit aside, by shares of the picture."""
    cut, y, x = part
    return [
        (c, float(np.clip(y + dy / cut, 0, 1)), float(np.clip(x + dx / cut, 0, 1)))
        for c in (max(cut - step, 0.005), cut, cut + step)
        for dy in (-step, 0, step)
        for dx in (-step, 0, step)
    ]


def _best_part(larger, target: np.ndarray, parts: list[Part]) -> tuple[float, Part]:
    made = [_thumbnail(larger, len(target), _in_pixels(larger, *part)) for part in parts]
    values = [float(np.sum(thumbnail * target)) for thumbnail in made]
    best = int(np.argmax(values))
    return values[best], parts[best]


def _in_pixels(gray: np.ndarray, cut: float, y: float, x: float):
    height, width = gray.shape
    left, top = cut * x * width, cut * y * height
    return left, top, left + (1 - cut) * width, top + (1 - cut) * height


def _box(gray: np.ndarray, margin: float) -> tuple[float, float, float, float]:
    height, width = gray.shape
    return margin * width, margin * height, (1 - margin) * width, (1 - margin) * height


def _gray(image: np.ndarray) -> np.ndarray:
    return np.nan_to_num(image.mean(axis=-1, dtype="float32"), posinf=0)


def _thumbnail(gray: np.ndarray, side: int, box=None) -> np.ndarray:
    from PIL import Image

    small = Image.fromarray(gray).resize((side, side), Image.Resampling.BOX, box=box)
    small = np.array(small)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)
