"""The six target classes: sunglasses and what they are mistaken for.

All have the same layout, two lobes and a bridge; one drawing function a class, shapes from back
to front.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlcourse.drawing.canvas import Canvas
from tlcourse.drawing.outlines import (
    Path,
    arc,
    ellipse,
    flipped,
    moved,
    poly,
    rect,
    ribbon,
    ring,
    smooth,
)
from tlcourse.drawing.scenery import mix


def _both(c: Canvas, draw: Callable[[Callable[[Path], Path]], None]) -> None:
    """Call a drawing function for the right side, then mirrored for the left."""
    draw(lambda path: path)
    draw(flipped)


def _lens(c: Canvas) -> Path:
    """The outline of a right-hand lens around (0.5, 0), in one of many fashions."""
    w, h = c.between(0.36, 0.42), c.between(0.28, 0.38)
    kind = c.pick("round", "wayfarer", "aviator", "cat", "box")
    if kind == "round":
        return ellipse(0.5, 0, w * 0.95, min(w, h * 1.1))
    if kind == "box":
        return rect(0.5 - w, -h * 0.78, 0.5 + w, h * 0.78, 0.14)
    corners = {
        "wayfarer": (
            (-1, -0.8),
            (0, -0.92),
            (1.06, -0.86),
            (0.86, 0.5),
            (0.3, 0.98),
            (-0.5, 0.9),
            (-0.9, 0.3),
        ),
        "aviator": (
            (-0.86, -0.8),
            (0, -0.95),
            (0.96, -0.76),
            (0.98, 0.2),
            (0.56, 1.1),
            (-0.1, 1.1),
            (-0.8, 0.3),
        ),
        "cat": (
            (-0.94, -0.5),
            (0, -0.66),
            (1.2, -1.1),
            (1.0, 0.1),
            (0.4, 0.84),
            (-0.5, 0.8),
            (-0.96, 0.2),
        ),
    }[kind]
    return smooth(*((0.5 + w * x, h * y) for x, y in corners))


def _grown(path: Path, by: float) -> Path:
    """A lens outline with its edge moved out by about `by`."""
    x = (path[:, 0].min() + path[:, 0].max()) / 2
    y = (path[:, 1].min() + path[:, 1].max()) / 2
    kx = 1 + by / (path[:, 0].max() - x)
    ky = 1 + by / (path[:, 1].max() - y)
    return np.stack((x + (path[:, 0] - x) * kx, y + (path[:, 1] - y) * ky), axis=1)


def _temples(c: Canvas, color: tuple[int, int, int], edge: float) -> None:
    """Side arms: folded behind, reaching back in perspective, or hidden."""
    kind = c.pick("back", "back", "folded", "hidden")
    width = c.between(0.07, 0.11)
    if kind == "back":
        reach, lift = c.between(0.1, 0.28), c.between(-0.34, -0.16)
        _both(c, lambda m: c.line(m(smooth((edge - 0.04, -0.16), (edge + reach, lift - 0.08),
                                           (edge + reach + 0.06, lift + 0.12), closed=False)),
                                           width, color))  # fmt: skip
    elif kind == "folded":
        dip = c.between(0.0, 0.1)
        c.line(
            smooth((-edge, -0.12), (-0.3, 0.14 + dip), (0.5, 0.3 + dip), closed=False),
            width,
            color,
        )
        c.line(
            smooth((edge, -0.12), (0.3, 0.1 + dip), (-0.5, 0.24 + dip), closed=False), width, color
        )


def _bridge(c: Canvas, lens: Path, width: float, color: tuple[int, int, int]) -> None:
    inner = float(lens[:, 0].min())
    y = c.between(-0.16, -0.04)
    c.line(
        smooth((-inner - 0.03, y + 0.03), (0, y - 0.07), (inner + 0.03, y + 0.03), closed=False),
        width,
        color,
    )
    if c.chance(0.2):
        c.line(poly((-inner - 0.1, y - 0.17), (inner + 0.1, y - 0.17)), width * 0.7, color)


def sunglasses(c: Canvas) -> None:
    """Dark or mirrored lenses that hide what is behind, in a frame."""
    lens, rim = _lens(c), c.between(0.05, 0.1)
    frame = _grown(lens, rim)
    color = c.bold(c.pick(c.main, c.main, c.ink))
    _temples(c, mix(color, c.dark, 0.2), float(frame[:, 0].max()))
    _bridge(c, frame, c.between(0.07, 0.12), color)
    low, high = float(lens[:, 1].min()), float(lens[:, 1].max())
    shiny, mirrored = c.chance(0.75), c.chance(0.25)
    tint = mix(c.dark, (16, 14, 24), 0.5)
    if mirrored:
        tint = mix(tint, c.second, 0.3)
    glow = 0.45 if mirrored else c.pick(0.0, 0.08, 0.16)

    def side(m: Callable[[Path], Path]) -> None:
        c.fabric(m(frame), color, often=0.15)
        c.fill(m(lens), tint, outline=False)
        fade = np.stack((lens[:, 0], np.maximum(lens[:, 1], (low + high) / 2)), axis=1)
        c.tint(m(fade), c.second, glow)

    _both(c, side)
    if shiny:
        for x in (-0.5, 0.5):
            c.shine(
                poly((x - 0.2, 0.1), (x + 0.02, low * 0.7), (x + 0.12, low * 0.7), (x - 0.1, 0.1)),
                0.5,
            )


def eyeglasses(c: Canvas) -> None:
    """A frame with clear lenses: the background shows through."""
    lens, rim = _lens(c), c.between(0.05, 0.095)
    frame = _grown(lens, rim)
    color = c.bold(c.pick(c.main, c.main, c.ink))
    _temples(c, color, float(frame[:, 0].max()))
    _bridge(c, frame, c.between(0.06, 0.1), color)
    half, amount = c.chance(0.2), c.between(0.08, 0.26)
    tone = mix((236, 246, 250), c.palette.wall, c.between(0.1, 0.6))
    low = float(lens[:, 1].min())

    def side(m: Callable[[Path], Path]) -> None:
        c.glass(m(lens), tone, amount)
        c.fill(m(ring(frame, lens)), color, outline=False)
        if half:  # a heavy brow
            brow = (
                np.stack((p[:, 0], np.minimum(p[:, 1], low * 0.2)), axis=1)
                for p in (_grown(lens, rim * 1.7), lens)
            )
            c.fill(m(ring(*brow)), c.second, outline=False)

    _both(c, side)
    for x in (-0.5, 0.5):
        c.shine(
            poly((x - 0.18, 0.12), (x + 0.02, low * 0.7), (x + 0.1, low * 0.7), (x - 0.1, 0.12)),
            0.5,
        )


def goggles(c: Canvas) -> None:
    """Ski goggles (one wide pane, a broad strap) or swimming goggles (two cups, a thin strap)."""
    if c.chance(0.55):
        w, h = c.between(0.74, 0.84), c.between(0.4, 0.48)
        strap = c.between(0.2, 0.28)
        c.fabric(
            poly(
                (-1.12, -strap * 0.9),
                (1.12, -strap * 0.9),
                (1.12, strap * 0.7),
                (-1.12, strap * 0.7),
            ),
            c.second,
        )
        shape = ((0, -h * 0.94), (w * 0.6, -h), (w * 0.98, -h * 0.6), (w, h * 0.3),
                 (w * 0.7, h * 0.96),
                 (w * 0.34, h * 0.86), (0, h * 0.46))  # fmt: skip
        frame = smooth(*shape, *((-x, y) for x, y in shape[-2:0:-1]))
        c.fill(frame, c.main)
        pane = _grown(frame, -0.13)
        c.fill(pane, mix(c.accent, c.dark, c.between(0.1, 0.6)), outline=False)
        c.tint(np.stack((pane[:, 0], np.maximum(pane[:, 1], 0.02)), axis=1), c.second, 0.4)
        for x in (-0.4, 0.12):
            c.shine(
                poly((x, 0.16), (x + 0.2, -h * 0.66), (x + 0.36, -h * 0.66), (x + 0.16, 0.16)), 0.4
            )
        for x in (-w, w):
            c.fill(rect(x - 0.08, -strap, x + 0.08, strap * 0.8, 0.05), mix(c.main, c.dark, 0.4))
        return
    w, h = c.between(0.3, 0.36), c.between(0.22, 0.29)
    band = c.between(0.07, 0.11)
    far = 0.62 + w
    c.line(smooth((-0.9, 0), (-far - 0.1, -0.22), (-0.5, -0.62), (0, -0.74), (0.5, -0.62),
                  (far + 0.1, -0.22), (0.9, 0),
                  closed=False), band, c.second, outline=True)  # fmt: skip
    c.line(arc(0, -0.02, 0.16, 0.1, 180, 360), 0.08, c.second)
    cup = smooth((0.16, 0.02), (0.3, -h * 0.9), (0.3 + w, -h), (0.4 + w * 1.6, -h * 0.5),
                 (0.42 + w * 1.6, h * 0.4),
                 (0.3 + w, h), (0.28, h * 0.8))  # fmt: skip
    pane = _grown(cup, -0.1)
    tint = mix(c.accent, c.dark, c.between(0.1, 0.5))

    def side(m: Callable[[Path], Path]) -> None:
        c.fill(m(cup), c.main)
        c.fill(m(pane), tint, outline=False)
        c.shine(m(moved(pane, 0.3, -0.05, 0.36)), 0.45)

    _both(c, side)


def mask(c: Canvas) -> None:
    """A carnival mask: one solid piece with two eye holes, feathers, a stick or ribbons."""
    w, h = c.between(0.88, 1.0), c.between(0.4, 0.52)
    lift = c.between(0.3, 1.0)
    if c.chance(0.35):
        c.bars(poly((w * 0.82, 0.1), (w * 0.98, 1.0)), 0.08, c.ink)
    elif c.chance(0.5):
        for m in (lambda p: p, flipped):
            c.line(
                m(
                    smooth(
                        (w * 0.86, -0.1),
                        (w * 1.14, 0.1),
                        (w * 1.04, 0.4),
                        (w * 1.2, 0.7),
                        closed=False,
                    )
                ),
                0.1,
                c.second,
            )
    if c.chance(0.45):
        for i, x in enumerate((-0.34, -0.17, 0.0, 0.17, 0.34)):
            tall = 0.95 - abs(x) * 0.8
            c.fill(smooth((x * 0.6, -0.2), (x - 0.12 + x * 0.5, -tall * 0.8), (x * 1.7, -tall),
                          (x + 0.12 + x * 0.5, -tall * 0.8)),
                   c.second if i % 2 else c.accent)  # fmt: skip
    shape = ((0, -h * 0.7), (0.4, -h), (w * 0.8, -h * (0.8 + 0.3 * lift)),
             (w * 1.02, -h * (0.6 + lift * 0.7)), (w * 0.96, 0.0),
             (w * 0.66, h * 0.8), (0.3, h * 0.82), (0.12, h * 0.4))  # fmt: skip
    body = smooth(*shape, (0, h * 0.24), *((-x, y) for x, y in shape[-1:0:-1]))
    c.fabric(body, c.main, often=0.45)
    trim = c.pick(c.second, c.light)
    rim = c.chance(0.5)
    eye = smooth(
        (0.2, 0.08), (0.34, -0.12), (0.56, -0.16), (0.74, -0.06), (0.62, 0.12), (0.4, 0.18)
    )
    for m in (lambda p: p, flipped):
        if rim:
            c.fill(m(_grown(eye, 0.08)), trim, outline=False)
        c.cut(m(eye))
        if c.chance(0.5):
            c.line(m(smooth((0.86, -0.1), (0.7, -0.3), (0.4, -0.32), closed=False)), 0.05, trim)
    if c.chance(0.6):
        c.fill(poly((0, -h * 0.62), (0.1, -h * 0.3), (0, 0.0), (-0.1, -h * 0.3)), c.accent)


def bow_tie(c: Canvas) -> None:
    """Two flared lobes and a knot."""
    w, h, waist = c.between(0.86, 1.0), c.between(0.4, 0.54), c.between(0.12, 0.2)
    kind = c.pick("butterfly", "batwing", "diamond")
    if kind == "butterfly":
        lobe = smooth((0.04, -waist), (0.45, -h * 0.72), (w * 0.92, -h), (w, -h * 0.5),
                      (w * 0.97, 0), (w, h * 0.5),
                      (w * 0.92, h), (0.45, h * 0.72), (0.04, waist))  # fmt: skip
    elif kind == "batwing":
        lobe = smooth((0.04, -waist), (0.3, -h * 0.44), (w * 0.94, -h * 0.74), (w, -h * 0.6),
                      (w, h * 0.6),
                      (w * 0.94, h * 0.74), (0.3, h * 0.44), (0.04, waist))  # fmt: skip
    else:
        lobe = poly((0.0, -waist), (w * 0.76, -h), (w, 0), (w * 0.76, h), (0.0, waist))
    deep = mix(c.main, c.dark, 0.4)
    back = c.chance(0.5)
    for m in (lambda p: p, flipped):
        if back:
            c.fill(m(moved(lobe, 0.03, 0.1, 1.0)), deep)
        c.fabric(m(lobe), c.main, often=0.0)
    number = c.random.whole(1 << 16) if c.chance(0.6) else None
    if number is not None:
        print_color = c.pick(c.second, c.accent, mix(c.main, c.light, 0.5))
        for shape in c.shapes:
            if shape.color == c.main:
                shape.pattern = (number, 0, 0, print_color)
    for m in (lambda p: p, flipped):
        c.shade(
            m(poly((0.08, -waist * 0.4), (0.5, -h * 0.34), (0.62, -h * 0.2), (0.08, 0.02))), 0.3
        )
        c.shade(
            m(poly((0.08, waist * 0.5), (0.56, h * 0.36), (0.46, h * 0.5), (0.08, waist))), 0.25
        )
    k = c.between(0.14, 0.19)
    c.fill(rect(-k, -k * 1.3, k, k * 1.3, 0.07), c.pick(c.main, c.second, deep))
    c.shade(rect(k * 0.4, -k * 1.3, k, k * 1.3, 0.04), 0.2)


def binoculars(c: Canvas) -> None:
    """Two barrels side by side, seen from above or from the front, with a hinge between them."""
    c.turn = 26
    body, deep = c.main, mix(c.main, c.dark, 0.4)
    if c.chance(0.5):  # from the front: two big lenses
        r = c.between(0.4, 0.46)
        c.fill(rect(-0.3, -0.36, 0.3, 0.2, 0.1), deep)
        c.fill(ellipse(0, -0.3, 0.17), c.second)

        def front(m: Callable[[Path], Path]) -> None:
            c.fill(m(rect(0.2, -0.62, 0.72, 0.1, 0.16)), deep)
            c.fill(m(ellipse(0.5, 0.1, r)), body)
            c.fill(m(ellipse(0.5, 0.1, r * 0.8)), c.second, outline=False)
            c.fill(m(ellipse(0.5, 0.1, r * 0.66)), mix(c.dark, c.accent, 0.3), outline=False)

        _both(c, front)
        for x in (-0.5, 0.5):
            c.shine(
                smooth((x - 0.22, 0.06), (x - 0.1, -0.12), (x + 0.06, -0.16), (x - 0.08, 0.0)), 0.5
            )
        return
    spread, long = c.between(0.5, 0.58), c.between(0.72, 0.84)
    c.fill(rect(-0.3, -0.28, 0.3, 0.02, 0.05), deep)
    c.fill(rect(-0.28, 0.1, 0.28, 0.3, 0.05), deep)
    c.fill(rect(-0.09, -0.4, 0.09, 0.36, 0.05), c.second)

    def barrel(m: Callable[[Path], Path]) -> None:
        c.fill(m(rect(spread - 0.2, -long - 0.12, spread + 0.12, -long + 0.2, 0.08)), c.dark)
        c.fabric(m(smooth((spread - 0.17, -long + 0.1), (spread + 0.1, -long + 0.1),
                          (spread + 0.22, -0.16),
                          (spread + 0.34, 0.3), (spread + 0.34, long), (spread - 0.3, long),
                          (spread - 0.3, 0.3),
                          (spread - 0.28, -0.2))), body, often=0.2)  # fmt: skip
        c.fill(m(rect(spread - 0.36, long - 0.16, spread + 0.38, long + 0.08, 0.06)), deep)
        c.fill(m(rect(spread - 0.24, -0.06, spread + 0.26, 0.06)), c.second, outline=False)

    _both(c, barrel)
    for x in (-spread, spread):
        c.shine(ribbon(poly((x - 0.12, 0.2), (x - 0.12, long - 0.24)), 0.09), 0.3)
