"""Paths for drawn objects: corners, curves, ribbons and rings as arrays of points.

A path is a float64 array (n, 2), x to the right and y down.  Part of the renderer; the rule for
"same seed, same pixels" is in `tlcourse.drawing.canvas`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Path = np.ndarray
"""Points of a shape: float64 (n, 2), x to the right and y down."""

_SPLINE_STEPS = 6


@lru_cache(maxsize=1)
def _sines() -> tuple[float, ...]:
    """Sines of 0, 1, ... 359 degrees by a Taylor series: only `+ - * /`, so the same everywhere."""
    quarter = []
    for degree in range(91):
        x = degree * 3.141592653589793 / 180
        term, total = x, x
        for k in range(1, 12):
            term = -term * x * x / ((2 * k) * (2 * k + 1))
            total += term
        quarter.append(total)
    half = quarter + quarter[89:0:-1]
    return tuple(half + [-value for value in half])


def sin(degrees: int) -> float:
    """Sine of a whole number of degrees."""
    return _sines()[degrees % 360]


def cos(degrees: int) -> float:
    """Cosine of a whole number of degrees."""
    return _sines()[(degrees + 90) % 360]


@lru_cache(maxsize=512)
def _unit_arc(start: int, stop: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    angles = [*range(start, stop, step), stop]
    return np.array([cos(a) for a in angles]), np.array([sin(a) for a in angles])


def poly(*points: Sequence[float]) -> Path:
    """A path through the given corners."""
    return np.array(points, dtype=np.float64)


def _points(x: np.ndarray, y: np.ndarray) -> Path:
    path = np.empty((len(x), 2))
    path[:, 0] = x
    path[:, 1] = y
    return path


def arc(x: float, y: float, rx: float, ry: float, start: int, stop: int, step: int = 10) -> Path:
    """Part of an ellipse from `start` to `stop` degrees; 0 is right, 90 is down."""
    c, s = _unit_arc(start, stop, step)
    return _points(x + rx * c, y + ry * s)


def ellipse(x: float, y: float, rx: float, ry: float | None = None) -> Path:
    """An ellipse (a circle where `ry` is left out) around (x, y)."""
    return arc(x, y, rx, rx if ry is None else ry, 0, 350)


def rect(x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Path:
    """A rectangle, its corners rounded with radius `r`."""
    if r <= 0:
        return poly((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    r = min(r, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = (
        (x1 - r, y0 + r, -90),
        (x1 - r, y1 - r, 0),
        (x0 + r, y1 - r, 90),
        (x0 + r, y0 + r, 180),
    )
    return np.concatenate([arc(x, y, r, r, a, a + 90, 18) for x, y, a in corners])


@lru_cache(maxsize=2)
def _spline_weights(steps: int) -> tuple[np.ndarray, ...]:
    t = np.arange(steps, dtype=np.float64) / steps
    t2 = t * t
    t3 = t2 * t
    weights = (2 * t2 - t3 - t, 3 * t3 - 5 * t2 + 2, 4 * t2 - 3 * t3 + t, t3 - t2)
    return tuple((w / 2).reshape(1, steps, 1) for w in weights)


def smooth(*points: Sequence[float], closed: bool = True) -> Path:
    """A smooth curve through the points (Catmull-Rom); closed unless told otherwise."""
    p = np.array(points, dtype=np.float64)
    if closed:
        before, after, last = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        end = p[-1:]
        before = np.concatenate((p[:1], p[:-2]))
        p, after, last = p[:-1], p[1:], np.concatenate((p[2:], end))
    w0, w1, w2, w3 = _spline_weights(_SPLINE_STEPS)
    curve = before[:, None] * w0 + p[:, None] * w1 + after[:, None] * w2 + last[:, None] * w3
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate((curve, end))


def turned(path: Path, degrees: int, x: float = 0.0, y: float = 0.0) -> Path:
    """The path turned clockwise about (x, y)."""
    c, s = cos(degrees), sin(degrees)
    dx, dy = path[:, 0] - x, path[:, 1] - y
    return _points(x + c * dx - s * dy, y + s * dx + c * dy)


def moved(path: Path, dx: float, dy: float, scale: float = 1.0) -> Path:
    """The path scaled about the origin, then moved."""
    return _points(path[:, 0] * scale + dx, path[:, 1] * scale + dy)


def flipped(path: Path) -> Path:
    """The path mirrored left to right about x = 0."""
    return _points(-path[:, 0], path[:, 1])


def ribbon(points: Path, width: float | np.ndarray, round_ends: bool = True) -> Path:
    """The outline of a line of the given width (one number, or one a point) along an open path."""
    step = points[1:] - points[:-1]
    step = step / _lengths(step)
    along = np.concatenate((step[:1], step[:-1] + step[1:], step[-1:]))
    along = along / _lengths(along) * (np.reshape(width, (-1, 1)) / 2)
    normal = _points(-along[:, 1], along[:, 0])
    left, right = points + normal, (points - normal)[::-1]
    if not round_ends:
        return np.concatenate((left, right))
    (x0, y0), (x1, y1) = points[0].tolist(), points[-1].tolist()
    (first_x, first_y), (last_x, last_y) = normal[0].tolist(), normal[-1].tolist()
    last, first = _cap(x1, y1, last_x, last_y), _cap(x0, y0, -first_x, -first_y)
    return np.concatenate((left, last, right, first))


def _lengths(steps: Path) -> np.ndarray:
    dx, dy = steps[:, :1], steps[:, 1:]
    return np.sqrt(dx * dx + dy * dy) + 1e-9


def _cap(x: float, y: float, nx: float, ny: float) -> list[tuple[float, float]]:
    """Points of a half circle around (x, y) from the normal (nx, ny) round to its opposite."""
    turns = ((0.866, 0.5), (0.5, 0.866), (0.0, 1.0), (-0.5, 0.866), (-0.866, 0.5))
    return [(x + nx * c + ny * s, y + ny * c - nx * s) for c, s in turns]


def bar(x0: float, y0: float, x1: float, y1: float, width: float) -> Path:
    """A straight bar with round ends."""
    dx, dy = x1 - x0, y1 - y0
    k = width / 2 / (math.sqrt(dx * dx + dy * dy) + 1e-9)
    nx, ny = -dy * k, dx * k
    start, end = _cap(x0, y0, -nx, -ny), _cap(x1, y1, nx, ny)
    return np.array(
        [
            (x0 + nx, y0 + ny),
            (x1 + nx, y1 + ny),
            *end,
            (x1 - nx, y1 - ny),
            (x0 - nx, y0 - ny),
            *start,
        ]
    )


def ring(outer: Path, inner: Path) -> Path:
    """The band between two closed paths, as one path."""
    return np.concatenate((outer, outer[:1], inner[:1], inner[::-1]))
