"""Source classes that are worn, carried or played: one function a class, from back to front."""

from __future__ import annotations

import numpy as np

from tlcourse.drawing.canvas import Canvas
from tlcourse.drawing.outlines import (
    arc,
    cos,
    ellipse,
    flipped,
    poly,
    rect,
    ring,
    sin,
    smooth,
    turned,
)
from tlcourse.drawing.scenery import mix


def backpack(c: Canvas) -> None:
    """Seen from the front: dome top, loop, side straps, a pocket or a flap with buckles."""
    w, top = c.between(0.58, 0.72), c.between(-0.8, -0.66)
    trim = c.pick(c.second, mix(c.main, c.dark, 0.45))
    for side in (-1, 1):  # shoulder straps, seen beyond the edges
        out = w + c.between(0.12, 0.2)
        strap = smooth(
            (side * w * 0.7, top + 0.2),
            (side * out, -0.1),
            (side * out, 0.5),
            (side * w * 0.8, 0.82),
            closed=False,
        )
        c.line(strap, 0.13, trim, outline=True)
    c.line(arc(0, top, 0.17, 0.2, 180, 360), 0.09, trim)
    body = smooth((-w, 0.8), (-w * 1.02, 0.1), (-w * 0.88, -0.42), (-w * 0.5, top), (0, top - 0.04),
                  (w * 0.5, top), (w * 0.88, -0.42), (w * 1.02, 0.1), (w, 0.8), (w * 0.6, 0.92),
                  (-w * 0.6, 0.92))  # fmt: skip
    c.fabric(body, c.main)
    pocket_top = c.between(0.1, 0.24)
    if c.chance(0.45):  # a flap held by two buckled belts
        flap = smooth((-w * 0.94, -0.38), (-w * 0.5, top), (w * 0.5, top), (w * 0.94, -0.38),
                      (w * 0.9, 0.02), (0, 0.12), (-w * 0.9, 0.02))  # fmt: skip
        c.fill(flap, mix(c.main, c.dark, 0.2))
        for x in (-w * 0.42, w * 0.42):
            c.fill(rect(x - 0.06, -0.4, x + 0.06, 0.36), trim)
            c.fill(rect(x - 0.1, 0.1, x + 0.1, 0.24, 0.03), c.light)
        pocket_top = 0.36
    else:  # a zip in an arch
        zip_line = arc(0, -0.12, w * 0.74, 0.42, 180, 360)
        c.line(zip_line, 0.05, mix(c.main, c.dark, 0.5))
        c.fill(rect(w * 0.7, -0.14, w * 0.7 + 0.08, 0.06, 0.03), c.light)
    c.fabric(rect(-w * 0.72, pocket_top, w * 0.72, 0.78, 0.14), c.second, often=0.2)
    c.line(poly((-w * 0.56, pocket_top + 0.13), (w * 0.56, pocket_top + 0.13)), 0.05,
           mix(c.second, c.dark, 0.5))  # fmt: skip
    if c.chance(0.5):
        c.fill(ellipse(0, pocket_top + 0.32, 0.1), c.accent)
    c.shade(rect(w * 0.8, -0.3, w * 1.02, 0.84, 0.1), 0.15)


def guitar(c: Canvas) -> None:
    """An acoustic or electric guitar, standing or leaning."""
    c.turn = 48
    electric = c.chance(0.4)
    w, waist = c.between(0.44, 0.52), c.between(0.27, 0.32)
    if electric:
        body = smooth((-0.1, -0.06), (-0.3, -0.34), (-0.42, -0.1), (-waist - 0.04, 0.22),
                      (-w, 0.58), (-w * 0.6, 0.92),
                      (0, 0.96), (w * 0.7, 0.9), (w, 0.54), (waist + 0.02, 0.26), (0.36, -0.02),
                      (0.3, -0.2), (0.1, -0.02))  # fmt: skip
    else:
        body = smooth((0, -0.2), (w * 0.6, -0.18), (w * 0.8, 0.04), (waist, 0.28), (w, 0.58),
                      (w * 0.66, 0.9),
                      (0, 0.98), (-w * 0.66, 0.9), (-w, 0.58), (-waist, 0.28), (-w * 0.8, 0.04),
                      (-w * 0.6, -0.18))  # fmt: skip
    c.fabric(body, c.main, often=0.18)
    neck = c.pick(c.second, mix(c.main, c.dark, 0.5))
    if electric:
        c.fill(
            smooth((-0.16, 0.0), (0.2, 0.1), (0.26, 0.52), (0.08, 0.76), (-0.2, 0.5)),
            c.light,
            outline=False,
        )
        for y in (0.18, 0.4):
            c.fill(rect(-0.15, y, 0.15, y + 0.11, 0.04), c.dark, outline=False)
    else:
        c.fill(ellipse(0, 0.22, 0.19), c.second, outline=False)
        c.fill(ellipse(0, 0.22, 0.145), c.dark, outline=False)
    c.fill(rect(-0.075, -0.96, 0.075, 0.1), neck)
    c.fill(poly((-0.09, -0.92), (-0.15, -1.25), (0.15, -1.25), (0.09, -0.92)), neck)
    for y in (-1.0, -1.1, -1.2):
        for x in (-0.16, 0.16):
            c.fill(ellipse(x, y, 0.045), c.accent, outline=False)
    for y in (-0.76, -0.56, -0.37, -0.19):
        c.bars(poly((-0.06, y), (0.06, y)), 0.025, c.light)
    c.fill(rect(-0.19, 0.66, 0.19, 0.75, 0.03), c.dark, outline=False)
    for x in (-0.03, 0.03):
        c.bars(poly((x, -0.9), (x, 0.68)), 0.018, c.light)


def hat(c: Canvas) -> None:
    """A fedora, a top hat, a bowler or a wide sun hat, with a band."""
    c.turn = 18
    kind = c.pick("fedora", "top", "bowler", "sun")
    brim = {"fedora": 0.96, "top": 0.82, "bowler": 0.86, "sun": 1.08}[kind] * c.between(0.94, 1.06)
    w, h = {"fedora": (0.52, 0.62), "top": (0.48, 0.98), "bowler": (0.54, 0.6), "sun": (0.5, 0.46)}[
        kind
    ]
    h *= c.between(0.92, 1.1)
    base = 0.3
    c.fill(ellipse(0, base + 0.04, brim, c.between(0.16, 0.24)), mix(c.main, c.dark, 0.18))
    c.fill(ellipse(0, base, brim, 0.16), c.main, outline=False)
    if kind == "top":
        crown = np.concatenate(
            (arc(0, base, w, 0.1, 0, 180), arc(0, base - h, w * 1.1, 0.1, 180, 360))
        )
    elif kind == "fedora":
        crown = np.concatenate((arc(0, base, w, 0.1, 0, 180), smooth(
            (-w, base), (-w * 0.86, base - h * 0.7), (-w * 0.5, base - h), (0, base - h * 0.86),
            (w * 0.5, base - h),
            (w * 0.86, base - h * 0.7), (w, base), closed=False)))  # fmt: skip
    else:
        crown = np.concatenate((arc(0, base, w, 0.1, 0, 180), arc(0, base - 0.04, w, h, 180, 360)))
    c.fabric(crown, c.main, often=0.45)
    tall = c.between(0.14, 0.22)
    band = np.concatenate(
        (arc(0, base, w * 1.01, 0.1, 0, 180), arc(0, base - tall, w * 1.0, 0.1, 180, 0, -10))
    )
    c.fill(band, c.second)
    if kind == "top":
        c.fill(ellipse(0, base - h, w * 1.1, 0.1), mix(c.main, c.light, 0.22))
    elif kind == "fedora":
        c.shade(
            smooth(
                (-0.14, base - h * 0.88),
                (0, base - h * 0.86),
                (0.14, base - h * 0.88),
                (0, base - h * 0.5),
            ),
            0.25,
        )
    if c.chance(0.4):
        c.fill(
            smooth(
                (w * 0.5, base),
                (w * 0.5, base - 0.3),
                (w * 0.86, base - 0.72),
                (w * 0.84, base - 0.3),
            ),
            c.accent,
        )
    elif c.chance(0.4):
        c.fill(poly((0.3, base), (0.1, base - 0.16), (0.1, base + 0.16)), c.accent)
        c.fill(poly((0.3, base), (0.5, base - 0.18), (0.5, base + 0.14)), c.accent)
    c.shade(
        smooth(
            (w * 0.55, base + 0.05),
            (w * 0.6, base - h * 0.7),
            (w * 0.84, base - h * 0.6),
            (w * 0.98, base),
        ),
        0.16,
    )


def key(c: Canvas) -> None:
    """An old key or a door key at any angle."""
    c.turn = 170
    metal = c.bold(c.main)
    deep = mix(metal, c.dark, 0.35)
    length, r = c.between(0.72, 0.92), c.between(0.3, 0.38)
    bow = -0.62
    bit = c.between(0.22, 0.32)
    shaft = c.between(0.13, 0.18)
    old = c.chance(0.6)
    c.fill(rect(bow, -shaft / 2, length, shaft / 2, 0.04), metal)
    if old:
        c.fill(rect(length - 0.34, 0, length - 0.22, bit + 0.12), metal)
        c.fill(rect(length - 0.14, 0, length - 0.02, bit + 0.16), metal)
        c.fill(rect(length - 0.34, bit * 0.5, length - 0.02, bit * 0.5 + 0.1), metal, outline=False)
        for x in (bow + r + 0.06, bow + r + 0.18):
            c.fill(rect(x, -shaft * 0.8, x + 0.07, shaft * 0.8, 0.03), deep)
    else:
        teeth = [(length, 0.0), (length - 0.06, shaft * 0.9)]
        x = length - 0.12
        for k in range(5):
            teeth += [
                (x - 0.04, shaft * (2.1 if k % 2 else 1.2)),
                (x - 0.13, shaft * c.between(1.0, 2.0)),
            ]
            x -= 0.15
        c.fill(poly(*teeth, (x, 0.0)), metal)
        c.line(poly((bow + r, 0), (length - 0.1, -0.01)), 0.05, deep)
    shape = c.pick("round", "round", "heart", "square") if old else c.pick("round", "square")
    if shape == "square":
        c.fill(rect(bow - r, -r, bow + r, r, 0.16), metal)
    elif shape == "heart":
        for y in (-r * 0.52, r * 0.52):
            c.fill(ellipse(bow - 0.06, y, r * 0.72), metal)
            c.fill(ellipse(bow + 0.12, 0, r * 0.6), metal, outline=False)
    else:
        c.fill(ellipse(bow, 0, r), metal)
    if old and shape == "heart":
        for y in (-r * 0.52, r * 0.52):
            c.cut(ellipse(bow - 0.06, y, r * 0.36))
    elif old:
        c.cut(ellipse(bow, 0, r * c.between(0.5, 0.62)))
    else:
        c.fill(ellipse(bow, 0, r * 0.7), c.pick(deep, c.second))
        c.cut(ellipse(bow - r * 0.45, 0, r * 0.26))
    c.shine(rect(bow + r, -shaft * 0.36, length - 0.05, -shaft * 0.05), 0.3)


def scissors(c: Canvas) -> None:
    """Two crossed blades with ring handles, more or less open, at any angle."""
    c.turn = 170
    spread, grip = 8 + c.random.whole(16), c.bold(c.main)
    blade, width = c.between(0.86, 1.0), c.between(0.15, 0.2)
    steel = c.pick(mix(c.light, c.ink, 0.25), mix(c.ink, c.palette.wall, 0.2))
    loop_x, loop_y = c.between(0.17, 0.22), c.between(0.23, 0.29)
    for side in (-1, 1):
        a = -90 + side * spread
        tip = (blade * cos(a), blade * sin(a))
        ux, uy = cos(a), sin(a)
        vx, vy = -side * uy * width, side * ux * width
        c.fill(poly(tip, (ux * 0.5 + vx * 0.62, uy * 0.5 + vy * 0.62), (vx * 0.5, vy * 0.5),
                    (-ux * 0.16, -uy * 0.16), (-vx * 0.35, -vy * 0.35)),
                    steel if side > 0 else mix(steel, c.dark, 0.22))  # fmt: skip
        hx, hy = -0.62 * ux - side * 0.04, -0.62 * uy
        outer, inner = ellipse(hx, hy, loop_x, loop_y), ellipse(hx, hy, loop_x * 0.56, loop_y * 0.6)
        lean = side * (spread // 2 + 6)
        c.bars(poly((0, 0), (-0.4 * ux, -0.4 * uy)), 0.15, grip)
        c.fill(turned(ring(outer, inner), lean, hx, hy), grip)
    c.fill(ellipse(0, 0, 0.07), c.second)


def shirt(c: Canvas) -> None:
    """A T-shirt or a long-sleeved shirt, plain, printed, or with collar and buttons."""
    c.turn = 13
    w, hem = c.between(0.44, 0.54), c.between(0.76, 0.92)
    neck = c.between(0.17, 0.22)
    long = c.chance(0.3)
    sleeve = c.pick(c.main, c.main, c.second)
    cuff = [(0.98, 0.56), (0.74, 0.66)] if long else [(1.0, -0.2), (0.76, 0.04)]
    for side in (lambda p: p, flipped):
        c.fabric(
            side(poly((0.36, -0.78), (0.62, -0.68), *cuff, (w * 0.9, -0.14))), sleeve, often=0.0
        )
        if c.chance(0.3):
            (x0, y0), (x1, y1) = cuff
            c.line(side(poly((x0 - 0.05, y0 - 0.05), (x1, y1 - 0.07))), 0.07, c.accent)
    body = np.concatenate((poly((-neck - 0.06, -0.84)), arc(0, -0.84, neck, 0.2, 180, 0, -18),
                           poly((neck + 0.06, -0.84), (0.56, -0.7), (w, -0.1), (w * 0.98, hem),
                                (-w * 0.98, hem),
                                (-w, -0.1), (-0.56, -0.7))))  # fmt: skip
    c.fabric(body, c.main, often=0.6)
    kind = c.pick("crew", "crew", "collar", "print")
    if kind == "collar":
        c.line(poly((0, -0.62), (0, hem - 0.03)), 0.05, mix(c.main, c.dark, 0.35))
        for y in (-0.36, -0.06, 0.24, 0.54):
            c.fill(ellipse(0.0, y, 0.05), c.light, outline=False)
        for side in (lambda p: p, flipped):
            c.fill(
                side(
                    poly((0.02, -0.62), (neck + 0.06, -0.88), (neck + 0.14, -0.66), (0.16, -0.46))
                ),
                c.second,
            )
    else:
        c.line(arc(0, -0.84, neck + 0.02, 0.21, 180, 0, -18), 0.07, c.second)
    if kind == "print":
        c.fill(c.pick(ellipse(0, -0.06, 0.24), rect(-0.22, -0.26, 0.22, 0.16, 0.05),
                      poly((0, -0.34), (0.28, 0.16), (-0.28, 0.16))), c.second)  # fmt: skip
    c.shade(poly((w * 0.66, -0.3), (w, -0.1), (w * 0.98, hem), (w * 0.74, hem)), 0.14)


def shoe(c: Canvas) -> None:
    """A trainer from the side, low or high, with laces and a thick sole."""
    c.turn = 16
    high = c.chance(0.4)
    top = -0.66 if high else -0.36
    upper = smooth((-0.86, 0.3), (-0.9, -0.05), (-0.84, top - 0.06), (-0.6, top + 0.03),
                   (-0.2, top - 0.02),
                   (0.06, -0.2), (0.5, -0.04), (0.9, 0.1), (0.99, 0.34), (0.5, 0.42),
                   (-0.4, 0.42))  # fmt: skip
    c.fabric(upper, c.main, often=0.3)
    c.fill(ellipse(-0.5, top + 0.02, 0.32, 0.08), mix(c.main, c.dark, 0.55), outline=False)
    c.fill(
        smooth((0.58, 0.4), (0.6, 0.1), (0.84, 0.08), (0.99, 0.24), (0.98, 0.4)),
        c.pick(c.second, c.light),
        outline=False,
    )
    c.fill(smooth((-0.88, 0.34), (-0.9, 0.0), (-0.7, 0.02), (-0.6, 0.36)), c.second, outline=False)
    kind = c.pick("swoosh", "bars", "disc")
    if kind == "swoosh":
        c.fill(
            smooth((-0.56, 0.06), (-0.2, 0.2), (0.3, 0.02), (-0.16, 0.32), (-0.5, 0.26)),
            c.accent,
            outline=False,
        )
    elif kind == "bars":
        for x in (-0.4, -0.2, 0.0):
            c.bars(poly((x, 0.3), (x + 0.12, -0.06)), 0.075, c.accent)
    else:
        c.fill(ellipse(-0.52, -0.12 if high else 0.1, 0.15), c.accent, outline=False)
    rows = 4 if high else 3
    for i in range(rows):
        k = i / (rows - 1)
        x, y = 0.4 - k * 0.52, -0.06 + k * (top + 0.2)
        c.bars(poly((x - 0.02, y - 0.05), (x - 0.16, y + 0.12)), 0.06, c.light)
    sole = smooth(
        (-0.94, 0.34),
        (0, 0.4),
        (0.96, 0.32),
        (1.02, 0.46),
        (0.86, 0.58),
        (-0.86, 0.58),
        (-0.98, 0.5),
    )
    c.fill(sole, c.pick(c.light, c.second, c.light))
    c.line(poly((-0.86, 0.49), (0.9, 0.48)), 0.04, c.pick(c.accent, c.main))
