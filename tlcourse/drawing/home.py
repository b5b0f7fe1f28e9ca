"""Source classes found at home: one drawing function a class, shapes from back to front."""

from __future__ import annotations

import numpy as np

from tlcourse.drawing.canvas import Canvas
from tlcourse.drawing.outlines import (
    arc,
    cos,
    ellipse,
    flipped,
    moved,
    poly,
    rect,
    ribbon,
    ring,
    sin,
    smooth,
    turned,
)
from tlcourse.drawing.scenery import contrast, luma, mix


def apple(c: Canvas) -> None:
    """An apple with stalk and leaf: whole, bitten, or cut in half."""
    c.turn = 24
    w, h = c.between(0.76, 0.88), c.between(0.72, 0.84)
    half = [(0, -h * 0.66), (w * 0.42, -h * 0.86), (w * 0.9, -h * 0.56), (w, 0),
            (w * 0.72, h * 0.72),
            (w * 0.3, h * 0.98), (0, h * 0.88)]  # fmt: skip
    body = smooth(*half, *((-x, y) for x, y in half[-2:0:-1]))
    c.fabric(body, c.main, often=0.22)
    if c.chance(0.3):
        _apple_inside(c, body)
    else:
        c.shade(smooth((w, 0), (w * 0.72, h * 0.72), (w * 0.3, h * 0.98), (0, h * 0.88),
                       (w * 0.5, h * 0.6), (w * 0.76, 0.1)), 0.16)  # fmt: skip
        c.shine(smooth((-w * 0.75, -0.1), (-w * 0.62, -h * 0.5), (-w * 0.36, -h * 0.6),
                       (-w * 0.54, -0.14)), 0.42)  # fmt: skip
        c.shade(arc(0, -h * 0.7, w * 0.3, 0.12, 0, 180), 0.35)
        if c.chance(0.3):  # bitten
            for y in (-0.16, 0.08, 0.3):
                c.cut(ellipse(w * 1.02, y, 0.2))
    stalk = smooth((0, -h * 0.6), (0.02, -h * 0.9), (0.14, -h * 1.24), closed=False)
    c.line(stalk, 0.11, mix(c.ink, (110, 80, 60), 0.4))
    if c.chance(0.85):
        c.fill(
            smooth((0.06, -h * 0.88), (0.26, -h * 1.26), (0.62, -h * 1.26), (0.46, -h * 0.94)),
            c.second,
        )
        c.line(poly((0.14, -h * 0.95), (0.5, -h * 1.18)), 0.03, mix(c.second, c.dark, 0.4))


def _apple_inside(c: Canvas, body: np.ndarray) -> None:
    c.fill(moved(body, 0, 0.02, 0.84), mix(c.light, c.main, 0.12), outline=False)
    core = smooth((0, -0.26), (0.3, -0.16), (0.22, 0.3), (0, 0.38), (-0.22, 0.3), (-0.3, -0.16))
    c.fill(core, mix(c.light, c.main, 0.35), outline=False)
    pip = smooth((0.1, -0.12), (0.18, 0.06), (0.09, 0.2), (0.03, 0.06))
    for path in (pip, flipped(pip)):
        c.fill(path, c.dark, outline=False)


def book(c: Canvas) -> None:
    """A closed book, its pages seen from the side, or an open one."""
    c.turn = 28
    if c.chance(0.45):
        _open_book(c)
        return
    w, h, d = c.between(0.5, 0.62), c.between(0.76, 0.88), c.between(0.16, 0.26)
    rise = d * 0.7
    c.fill(poly((-w + d, -h - rise), (w + d, -h - rise), (w + d, h - rise), (-w + d, h - rise)),
           mix(c.main, c.dark, 0.3))  # fmt: skip
    c.fill(poly((-w, -h), (-w + d, -h - rise), (w + d, -h - rise), (w, -h)), c.light)
    near, far = (w, h), (w + d * 0.86, h - rise * 0.86)
    c.fill(poly((w, -h), (far[0], -h - rise * 0.86), far, near), mix(c.light, c.dark, 0.14))
    for k in (0.3, 0.6):
        c.line(poly((w + d * k, -h - rise * k + 0.04), (w + d * k, h - rise * k - 0.04)), 0.025,
               mix(c.light, c.dark, 0.4))  # fmt: skip
    c.fabric(rect(-w, -h, w, h, 0.03), c.main, often=0.3)
    c.fill(rect(-w, -h, -w + 0.15, h, 0.03), mix(c.main, c.dark, 0.35), outline=False)
    kind = c.pick("label", "bands", "disc")
    if kind == "label":
        c.fill(rect(-w * 0.5, -h * 0.7, w * 0.75, -h * 0.15, 0.04), c.light)
        for y in (-0.52, -0.34):
            c.line(poly((-w * 0.28, h * y), (w * 0.52, h * y)), 0.06, c.second)
    else:
        if kind == "disc":
            c.fill(ellipse(w * 0.13, h * 0.15, w * 0.42), c.second)
        for y in (-0.62, -0.42):
            c.line(poly((-w * 0.4, h * y), (w * 0.68, h * y)), 0.08, c.second)
    if c.chance(0.5):  # a bookmark
        c.fill(poly((w * 0.4, h - 0.1), (w * 0.6, h - 0.1), (w * 0.6, h + 0.2), (w * 0.5, h + 0.1),
                    (w * 0.4, h + 0.2)), c.accent)  # fmt: skip


def _open_book(c: Canvas) -> None:
    h, sag = c.between(0.44, 0.58), c.between(0.1, 0.18)
    top = poly((0, -h + sag), (0.3, -h - 0.02), (0.65, -h - 0.06), (0.98, -h + sag * 0.6))
    page = np.concatenate((top, moved(top[::-1], 0, 2 * h)))
    cover = poly((0, -h + sag + 0.05), (1.06, -h + 0.06), (1.06, h + 0.16), (0, h + sag + 0.12))
    rows = c.pick(3, 5, 5)
    for side in (lambda path: path, flipped):
        c.fill(side(cover), c.main)
        c.fill(side(moved(page, 0, 0.04)), mix(c.light, c.dark, 0.25))
        c.fill(side(page), c.light)
        for k in range(rows):
            y = -h + 0.28 + k * 0.17
            c.line(side(poly((0.2, y - 0.02), (0.55, y - 0.07), (0.84, y - 0.02))), 0.05,
                   mix(c.light, c.dark, 0.5))  # fmt: skip
    c.shade(poly((-0.13, -h), (0, -h + sag), (0.13, -h), (0.13, h), (0, h + sag), (-0.13, h)), 0.2)
    if c.chance(0.6):
        c.line(poly((0.05, h), (0.1, h + 0.22), (0.06, h + 0.4)), 0.09, c.second)


def chair(c: Canvas) -> None:
    """Three-quarter view: four legs, a seat, and a back."""
    c.turn = 8
    h, d = c.between(0.72, 0.95), c.between(0.2, 0.3)
    seat, rail = c.between(0.02, 0.16), c.between(0.09, 0.13)
    deep = mix(c.main, c.dark, 0.3)
    for x, foot in ((-0.5 + d, -0.5 + d), (0.5 + d, 0.54 + d)):
        c.bars(poly((x, seat - 0.1), (foot, 0.74)), rail, deep)
    _chair_back(c, seat, h, d, rail)
    front, back = seat + 0.1, seat - 0.16
    c.fill(rect(-0.64, front, 0.44, front + 0.16), deep)
    c.fill(poly((0.44, front), (0.52 + d, back), (0.52 + d, back + 0.14), (0.44, front + 0.16)),
           mix(deep, c.dark, 0.25))  # fmt: skip
    top = poly((-0.5 + d, back), (0.52 + d, back), (0.44, front + 0.02), (-0.64, front + 0.02))
    c.fabric(top, c.pick(c.main, c.second, c.second), often=0.4)
    for x, foot in ((-0.57, -0.6), (0.38, 0.4)):
        c.bars(poly((x, seat + 0.22), (foot, 0.98)), rail * 1.1, c.main)


def _chair_back(c: Canvas, seat: float, h: float, d: float, rail: float) -> None:
    """A solid, slatted, laddered or rounded back."""
    lean = c.between(0.0, 0.1)
    low = seat - 0.12

    def at(across: float, up: float) -> tuple[float, float]:
        return -0.5 + d + across + lean * up, low + (-h - low) * up

    kind = c.pick("solid", "slats", "ladder", "round")
    if kind == "round":
        c.fabric(
            smooth(at(0, 0), at(-0.03, 0.4), at(0.12, 1), at(0.88, 1), at(1.06, 0.4), at(1, 0)),
            c.second,
        )
        return
    if kind == "solid":
        c.fabric(poly(at(0, 1), at(1, 1), at(1, 0.2), at(0, 0.2)), c.second)
    elif kind == "slats":
        c.bars(poly(at(0, 1), at(1, 1)), rail * 1.5, c.second)
        for k in (0.25, 0.5, 0.75):
            c.bars(poly(at(k, 0), at(k, 1)), rail * 0.75, c.second)
    else:
        for k in (0.3, 0.62, 0.95):
            c.bars(poly(at(0, k), at(1, k)), rail * 1.1, c.second)
    for across in (0, 1):
        c.bars(poly(at(across, 0), at(across, 1)), rail, c.main)


def clock(c: Canvas) -> None:
    """A round wall clock or an alarm clock with two bells."""
    c.turn = 16
    alarm = c.chance(0.5)
    r, y = (0.72, 0.1) if alarm else (0.92, 0.0)
    if alarm:
        for side in (-1, 1):
            c.bars(poly((side * 0.4, 0.6), (side * 0.58, 0.96)), 0.13, c.second)
            c.fill(turned(arc(0, y - r - 0.03, 0.27, 0.24, 180, 360), side * 34, 0, y), c.second)
        c.bars(poly((0, -0.6), (0, -0.82)), 0.1, c.second)
        c.fill(rect(-0.14, -0.92, 0.14, -0.8, 0.05), c.second)
    c.fill(ellipse(0, y, r), c.main)
    face = c.pick(c.light, c.light, mix(c.accent, c.light, 0.7), c.dark)
    if contrast(face, c.main) < 60:
        face = c.dark if contrast(c.dark, c.main) > 60 else c.light
    mark = c.light if luma(face) < 110 else c.dark
    inner = r * c.between(0.76, 0.86)
    c.fill(ellipse(0, y, inner), face)

    def spoke(
        angle: int, start: float, end: float, width: float, color: tuple[int, int, int]
    ) -> None:
        dx, dy = inner * cos(angle), inner * sin(angle)
        c.bars(poly((start * dx, y + start * dy), (end * dx, y + end * dy)), width, color)

    for angle in range(0, 360, c.pick(30, 30, 90)):
        quarter = angle % 90 == 0
        spoke(angle, 0.92, 0.72 if quarter else 0.8, 0.06 if quarter else 0.045, mark)
    spoke(30 * c.random.whole(12), -0.12, 0.48, 0.11, mark)
    spoke(6 * c.random.whole(60), -0.12, 0.74, 0.08, mark)
    if c.chance(0.4):
        spoke(c.random.whole(360), 0.0, 0.8, 0.035, c.second)
    c.fill(ellipse(0, y, 0.07), c.second, outline=False)
    c.shine(arc(0, y, inner * 0.9, inner * 0.9, 190, 260), 0.25)


def lamp(c: Canvas) -> None:
    """A table lamp with a cloth shade, or a desk lamp with a jointed arm."""
    c.turn = 9
    if c.chance(0.3):
        _desk_lamp(c)
        return
    bottom, top = c.between(0.6, 0.76), c.between(0.26, 0.46)
    low = c.between(-0.08, 0.08)
    kind = c.pick("stick", "vase", "ball", "tripod")
    if kind == "tripod":
        for x in (-0.46, 0.46, 0.05):
            c.bars(poly((0, low), (x, 0.96)), 0.09, c.second)
    else:
        c.bars(poly((0, low - 0.1), (0, 0.9)), 0.1, c.second)
        c.fill(rect(-0.36, 0.84, 0.36, 0.97, 0.06), c.second)
    if kind == "vase":
        right = [(0.1, low + 0.1), (0.3, 0.4), (0.22, 0.72), (0.14, 0.88)]
        c.fabric(smooth(*right, *((-x, y) for x, y in right[::-1])), c.second, often=0.4)
    elif kind == "ball":
        c.fabric(ellipse(0, 0.56, 0.28, 0.3), c.second, often=0.4)
    if c.chance(0.5):  # a pull cord
        c.bars(poly((0.34, low - 0.05), (0.34, low + 0.3)), 0.03, c.ink)
        c.fill(ellipse(0.34, low + 0.32, 0.05), c.accent, outline=False)
    c.fill(ellipse(0, low, bottom, 0.08), mix(c.main, c.dark, 0.4))
    top_edge = poly((-top, -0.92), (top, -0.92))
    c.fabric(np.concatenate((top_edge, arc(0, low, bottom, 0.09, 0, 180))), c.main)
    if c.chance(0.6):  # switched on: light through the shade
        for k in (0.75, 0.45):
            c.shine(
                poly((-top * k, -0.87), (top * k, -0.87), (bottom * k, low), (-bottom * k, low)),
                0.2,
            )
    c.fill(rect(-0.05, -1.02, 0.05, -0.92), c.second)


def _desk_lamp(c: Canvas) -> None:
    joint = (-0.5, c.between(-0.15, 0.02))
    x = c.between(0.06, 0.2)
    c.fill(arc(-0.1, 0.94, 0.5, 0.2, 180, 360), c.second)
    c.bars(poly((-0.1, 0.8), joint, (x, -0.62)), 0.1, c.second)
    for knob in (joint, (-0.1, 0.78)):
        c.fill(ellipse(*knob, 0.09), c.accent)
    c.fill(ellipse(x + 0.43, -0.17, 0.17), c.light)
    c.fill(smooth((x - 0.14, -0.68), (x + 0.1, -0.84), (x + 0.5, -0.68), (x + 0.82, -0.26),
                  (x + 0.46, -0.2), (x + 0.1, 0.1), (x - 0.16, -0.34)), c.main)  # fmt: skip
    c.shine(ribbon(poly((x + 0.1, -0.7), (x + 0.55, -0.45)), 0.09), 0.35)


def mug(c: Canvas) -> None:
    """A mug with a round opening, a handle, a print and sometimes steam."""
    w, h, foot = c.between(0.52, 0.66), c.between(0.58, 0.76), c.between(0.8, 1.0)
    lip = c.between(0.12, 0.19)
    y, r = c.between(-0.02, 0.1), c.between(0.3, 0.42)
    handle = ring(ellipse(w - 0.02, y, r, r * 1.05), ellipse(w - 0.02, y, r * 0.58, r * 0.64))
    c.fill(handle, mix(c.main, c.dark, 0.12))
    c.fabric(
        np.concatenate((poly((-w, -h), (w, -h)), arc(0, h - lip, w * foot, lip, 0, 180))), c.main
    )
    kind = c.pick("none", "band", "heart", "star", "band")
    if kind == "band":
        y = c.between(-0.25, 0.1)
        k = 1 - (1 - foot) * (y + h) / (2 * h)  # the mug is narrower lower down
        low = arc(0, y + 0.24, w * (k - (1 - foot) * 0.12 / h), lip, 180, 0, -10)
        c.fabric(np.concatenate((arc(0, y, w * k, lip, 0, 180), low)), c.second, often=0.3)
    elif kind == "heart":
        c.fill(smooth((0, 0.42), (-0.27, 0.1), (-0.16, -0.08), (0, 0.05), (0.16, -0.08),
                      (0.27, 0.1)),
               c.second)  # fmt: skip
    elif kind == "star":
        tips = ((36 * i, 0.26 if i % 2 == 0 else 0.12) for i in range(10))
        c.fill(poly(*((k * sin(a), 0.12 - k * cos(a)) for a, k in tips)), c.second)
    c.fill(ellipse(0, -h, w, lip), mix(c.main, c.light, 0.45))
    c.fill(ellipse(0, -h + 0.02, w * 0.86, lip * 0.76), mix(c.main, c.dark, 0.55), outline=False)
    if c.chance(0.65):
        drink = mix(c.accent, c.dark, 0.35)
        c.fill(ellipse(0, -h + 0.05, w * 0.76, lip * 0.55), drink, outline=False)
    c.shine(rect(-w * 0.78, -h * 0.55, -w * 0.6, h * 0.5, 0.08), 0.35)
    c.shade(
        poly((w * 0.62, -h + lip), (w, -h), (w * foot, h - lip), (w * foot * 0.62, h - 0.06)), 0.14
    )
    if c.chance(0.4):
        for x in (-0.18, 0.16):
            steam = smooth((x, -h - 0.14), (x + 0.1, -h - 0.28), (x - 0.04, -h - 0.42),
                           (x + 0.06, -h - 0.56), closed=False)  # fmt: skip
            c.glass(ribbon(steam, 0.09), c.ink, 0.4)


def teapot(c: Canvas) -> None:
    """A round pot with a spout, a handle, a lid and a knob."""
    c.turn = 10
    w, h = c.between(0.5, 0.6), c.between(0.44, 0.54)
    deep = mix(c.main, c.dark, 0.15)
    if c.chance(0.15):  # a handle over the top
        over = ring(arc(0, -0.2, w * 0.84, 0.82, 180, 540), arc(0, -0.2, w * 0.7, 0.7, 180, 540))
        c.fill(over, c.second)
    else:
        x = -w - 0.02
        handle = smooth((x + 0.12, -0.3), (x - 0.2, -0.34), (x - 0.36, -0.02), (x - 0.18, 0.32),
                        (x + 0.14, 0.36), closed=False)  # fmt: skip
        c.line(handle, c.between(0.11, 0.15), c.pick(deep, c.second), outline=True)
    spout = smooth(
        (w * 0.7, 0.3), (w + 0.16, 0.16), (w + 0.24, -0.2), (w + 0.42, -0.42), closed=False
    )
    narrowing = np.arange(len(spout)) / (len(spout) - 1)
    c.fill(ribbon(spout, 0.34 - 0.21 * narrowing, round_ends=False), deep)
    c.fill(rect(-w * 0.55, h * 0.86, w * 0.55, h + 0.14, 0.05), deep)
    body = smooth((-w, 0.02), (-w * 0.72, -h * 0.82), (0, -h), (w * 0.72, -h * 0.82), (w, 0.02),
                  (w * 0.7, h * 0.88), (0, h + 0.06), (-w * 0.7, h * 0.88))  # fmt: skip
    c.fabric(body, c.main)
    if c.chance(0.5):
        c.fill(ellipse(0, 0.08, 0.2), c.second)
        c.fill(ellipse(0, 0.08, 0.09), c.accent, outline=False)
    c.fill(arc(0, -h * 0.86, w * 0.6, c.between(0.16, 0.26), 180, 360), c.pick(c.main, c.second))
    rim = poly((-w * 0.62, -h * 0.86), (w * 0.62, -h * 0.86))
    c.line(rim, 0.07, mix(c.main, c.dark, 0.45))
    c.fill(ellipse(0, -h - 0.2, c.between(0.09, 0.13)), c.second)
    c.shine(
        smooth((-w * 0.75, -0.05), (-w * 0.5, -h * 0.6), (-w * 0.36, -h * 0.55), (-w * 0.6, 0)), 0.4
    )
    c.shade(smooth((w * 0.3, h * 0.94), (w * 0.8, h * 0.4), (w * 0.95, 0), (w * 0.94, h * 0.3),
                   (w * 0.66, h * 0.86)), 0.18)  # fmt: skip
