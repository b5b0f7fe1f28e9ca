"""Which photos show nearly the same: pairs, by their pictures and by a network's features.

Two looks, as each is blind to something. Gray thumbnails find copies that are gray, turned,
mirrored or saved anew, for which features differ much; features find what was cut out of the same
photo, or is another shot of the same thing. The bounds were chosen on 60 of 1,500 photographs of
flowers and 15 changed copies of each (photonet): of copies cut by a tenth, 95 of 100 have features
alike by 0.83 and more; of the nearest other photos, 1 of 100 have 0.90, and most of these are shots
of the same flower.
"""

import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tlcourse.machine.limits import release_pages

SIDE = 16  # pixels of a thumbnail
COPY, CLOSE, NEARER = 0.998, 0.98, 0.25  # of thumbnails; see `copies`
SHOT = 0.88  # of features: shots of one thing
PERHAPS, ALIGNED = 0.65, 0.94  # of features that are worth a look, and of what is then compared
MOST_LOOKS = 2000  # pairs that are compared piece by piece
ENTRIES = 4_000_000  # of a table of likenesses at a time: some photos, each with all others
FEW = 64  # photos as floating-point numbers at a time
CUTS = (0.95, 0.9, 0.85, 0.8, 0.7)  # of the side, that may be left of a picture
FINE, INNER = 48, 24  # pixels of what is cut, and at which pieces are compared

Pairs = np.ndarray  # int (n, 2), the smaller index first


def unit_features(features: np.ndarray) -> np.ndarray:
    """Standardized features of length 1, so that a product says how alike two photos are.

    Args:
        features: (n, d).

    Returns:
        float32 (n, d). Faint features stay faint, as in `tlcourse.transfer.probe.FloorScaler`.
    """
    x = np.asarray(features, "float32")
    spread = x.std(axis=0)
    spread = np.maximum(spread, 0.3 * np.sqrt(np.mean(spread**2)) + 1e-9)
    return _unit((x - x.mean(axis=0)) / spread)


def copies(pictures: np.ndarray) -> Pairs:
    """Pairs of pictures that are one, but for colors, brightness, turns and mirrors.

    A pair must be nearly identical, or close and much closer than is usual in this folder: of some
    things all photos are alike.

    Args:
        pictures: uint8 (n, size, size, 3).
    """
    small = thumbnails(pictures)
    turned = [_flat(np.rot90(side, quarter, (1, 2))) for quarter in range(4)
              for side in (_square(small), _square(small)[:, :, ::-1])]  # fmt: skip
    found, nearest = [], np.full(len(small), -1.0)
    step = _rows(len(small))
    for start in range(0, len(small), step):
        rows = small[start : start + step]
        alike = rows @ turned[0].T
        for other in turned[1:]:  # one table at a time: of 20,000 photos, each is 80 MB
            np.maximum(alike, rows @ other.T, out=alike)
        alike[np.arange(len(rows)), start + np.arange(len(rows))] = -1
        nearest[start : start + step] = alike.max(axis=1)
        a, b = np.nonzero(alike >= CLOSE)
        found.append(np.stack([a + start, b, alike[a, b]], axis=1))
    pairs = np.concatenate(found)
    usual = np.median(_distance(nearest))
    keep = (pairs[:, 2] >= COPY) | (_distance(pairs[:, 2]) < NEARER * usual)
    plain = _is_plain(small)
    keep &= ~plain[pairs[:, 0].astype(int)]
    return _sorted(pairs[keep, :2])


def shots(unit: np.ndarray, pictures: np.ndarray, labels: np.ndarray) -> Pairs:
    """Pairs of photos of one thing: much alike, or alike and one a piece of the other.

    Args:
        unit: of `unit_features`.
        pictures: uint8 (n, size, size, 3).
        labels: int (n,); what photos of two classes have in common is not one thing.
    """
    found, alike, sample, step = [], [], [], _rows(len(unit))
    for start in range(0, len(unit), step):
        close = unit[start : start + step] @ unit.T
        a, b = np.nonzero(close >= PERHAPS)
        keep = a + start < b
        a, b = a[keep], b[keep]
        likeness = close[a, b]
        kept = _most_alike(likeness)
        found.append(np.stack([a[kept] + start, b[kept]], axis=1).astype("int32"))
        alike.append(likeness[kept])
        other = labels[start : start + step, None] != labels[None]
        sample.append(_some(close[other]))
    pairs, likeness = np.concatenate(found), np.concatenate(alike)
    surely = max(SHOT, _quantile(np.concatenate(sample), 0.9999))
    order = np.argsort(-likeness, kind="stable")[np.count_nonzero(likeness >= surely) :]
    looks = pairs[order[:MOST_LOOKS]]
    pieces = [pair for pair in looks if _in_one_piece(pictures, *pair)]
    return _sorted(np.concatenate([pairs[likeness >= surely], np.reshape(pieces, (-1, 2))]))


def _most_alike(likeness: np.ndarray) -> np.ndarray:
    """Pairs that may matter; of parts from one machine, say, there are millions that are alike."""
    order = np.argsort(-likeness, kind="stable")
    return np.sort(order[: np.count_nonzero(likeness >= SHOT) + MOST_LOOKS])


def _rows(photos: int) -> int:
    """How many photos are compared with all others at a time."""
    return max(1, ENTRIES // max(1, photos))


def usual_likeness(unit: np.ndarray, labels: np.ndarray, place: np.ndarray) -> float:
    """What two photos of one class that were not taken together seldom reach: 1 pair of 100.

    Args:
        unit: of `unit_features`.
        labels: int (n,).
        place: int (n,), of a photo in the order in which it was taken; far means 20 apart.
    """
    far, other, step = [], [], _rows(len(unit))
    for start in range(0, len(unit), step):
        close = unit[start : start + step] @ unit.T
        same = labels[start : start + step, None] == labels[None]
        apart = np.abs(place[start : start + step, None] - place[None]) > 20
        far.append(_some(close[same & apart]))
        other.append(_some(close[~same]))
    far, other = np.concatenate(far), np.concatenate(other)
    return max(0.4, _quantile(far, 0.99), _quantile(other, 0.999))


def is_piece(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether one picture is cut out of the other, which may be mirrored.

    Args:
        one: uint8 (size, size, 3).
        two: the same.
    """
    one, two = _gray(one), _gray(two)
    wholes = [_unit(_flat(_shrink(side)[None]))[0] for side in (one, two)]
    if _is_plain(np.stack(wholes)).any():
        return False
    return any(
        bool((_pieces(side) @ part >= ALIGNED).any())
        for whole, part in ((one, wholes[1]), (two, wholes[0]))
        for side in (whole, whole[:, ::-1])
    )


def _in_one_piece(pictures: np.ndarray, one: int, two: int) -> bool:
    found = is_piece(pictures[one], pictures[two])
    release_pages(pictures)
    return found


def _gray(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture).convert("L").resize((FINE, FINE), Image.Resampling.BOX)
    gray = np.asarray(image, "float32")
    return gray - gray.mean()


def _pieces(gray: np.ndarray) -> np.ndarray:
    """What is left after cuts from the sides: 45 pieces as (45, INNER²), each of length 1."""
    found = []
    for rows in _cuts():  # (3, INNER, FINE): a piece at the start, in the middle, at the end
        both = np.einsum("aif,fg,bjg->abij", rows, gray, rows, optimize=True)
        found.append(both.reshape(-1, INNER * INNER))
    pieces = np.concatenate(found)
    return _unit(pieces - pieces.mean(axis=1, keepdims=True))


def _shrink(gray: np.ndarray) -> np.ndarray:
    whole = _means(0, FINE)
    return whole @ gray @ whole.T


@functools.cache
def _cuts() -> tuple[np.ndarray, ...]:
    """Of each size of a piece, three matrices (INNER, FINE) that average what is in its cells."""
    return tuple(
        np.stack([_means(at * FINE * (1 - share), share * FINE) for at in (0, 0.5, 1)])
        for share in CUTS
    )


def _means(start: float, length: float) -> np.ndarray:
    """A matrix that cuts a line of FINE pixels into INNER cells, and gives the mean of each."""
    edges = start + np.arange(INNER + 1) * length / INNER
    pixels = np.arange(FINE)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) * INNER / length).astype("float32")


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Gray, 16 pixels a side, brightness and contrast taken out: float32 (n, 256) of length 1."""
    step = max(1, pictures.shape[1] // SIDE)
    side = step * SIDE if pictures.shape[1] >= SIDE else pictures.shape[1]
    rows = []
    for start in range(0, len(pictures), FEW):
        part = np.asarray(pictures[start : start + FEW, :side, :side], "float32")
        gray = part @ np.array([0.299, 0.587, 0.114], "float32")  # as in a gray copy
        cells = gray.reshape(len(gray), side // step, step, side // step, step).mean(axis=(2, 4))
        rows.append(cells.reshape(len(gray), -1))
        release_pages(pictures)
    small = np.concatenate(rows)
    return _unit(small - small.mean(axis=1, keepdims=True))


def _is_plain(small: np.ndarray) -> np.ndarray:
    """Whether a thumbnail is hardly more than one edge or blob: many photos have the same."""
    strengths = np.linalg.svd(_square(small), compute_uv=False) ** 2
    return strengths[:, 0] > 0.97 * np.maximum(strengths.sum(axis=1), 1e-12)


def _square(small: np.ndarray) -> np.ndarray:
    side = round(small.shape[1] ** 0.5)
    return small.reshape(-1, side, side)


def _flat(small: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(small).reshape(len(small), -1)


def _distance(alike: np.ndarray) -> np.ndarray:
    return np.sqrt(2 * np.clip(1 - alike, 0, None))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _some(values: np.ndarray) -> np.ndarray:
    """About 100,000 of many values, evenly; a copy, as a view would keep all of them."""
    return values[:: max(1, len(values) // 100_000)].copy()


def _quantile(values: np.ndarray, share: float) -> float:
    """Of too few values nothing can be said: -1."""
    return float(np.quantile(values, share)) if len(values) >= 200 else -1.0


def _sorted(pairs) -> Pairs:
    pairs = np.asarray(pairs, int).reshape(-1, 2)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def linked(pairs: Sequence[Pairs], count: int) -> np.ndarray:
    """Groups of all that is linked by pairs, also by way of others: int (n,), numbers from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    both = np.concatenate([np.empty((0, 2), int), *pairs])
    graph = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(int)
