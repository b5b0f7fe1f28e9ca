"""Source classes from out of doors: one drawing function a class, shapes from back to front."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tlcourse.drawing.canvas import Canvas
from tlcourse.drawing.outlines import arc, cos, ellipse, flipped, poly, rect, ring, sin, smooth
from tlcourse.drawing.scenery import mix


def aeroplane(c: Canvas) -> None:
    """An airliner seen from above at any angle, or from the side."""
    deep = mix(c.main, c.dark, 0.2)
    if c.chance(0.5):
        c.turn = 60
        span, sweep = c.between(0.78, 0.98), c.between(0.2, 0.5)
        engines = c.pick((0.34, 0.58), (0.42,))
        for side in (lambda p: p, flipped):
            c.fill(
                side(poly((0, -0.28), (span, sweep - 0.12), (span, sweep + 0.04), (0, 0.16))),
                c.second,
            )
            c.fill(side(poly((0, 0.62), (0.38, 0.84), (0.38, 0.94), (0, 0.84))), c.second)
            for x in engines:
                y = -0.22 + x * (sweep + 0.16) / span
                c.fill(side(rect(x - 0.05, y - 0.1, x + 0.05, y + 0.12, 0.05)), c.accent)
        r = c.between(0.11, 0.15)
        c.fill(smooth((0, -1.0), (r * 0.8, -0.82), (r, -0.5), (r, 0.3), (r * 0.5, 0.8), (0, 0.98),
                      (-r * 0.5, 0.8), (-r, 0.3), (-r, -0.5), (-r * 0.8, -0.82)),
                      c.main)  # fmt: skip
        c.fill(arc(0, -0.78, r * 0.7, 0.09, 180, 360), c.dark)
        c.fill(rect(-0.025, 0.6, 0.025, 0.94), deep, outline=False)
        return
    c.turn = 24
    c.fill(
        poly((-0.1, -0.06), (0.28, -0.06), (0.52, -0.46), (0.4, -0.46)), mix(c.second, c.dark, 0.35)
    )
    c.fill(poly((0.54, -0.1), (0.76, -0.62), (0.97, -0.62), (0.94, -0.08)), c.second)
    c.fill(smooth((-0.98, 0.06), (-0.84, -0.12), (-0.5, -0.2), (0.2, -0.2), (0.7, -0.16),
                  (1.0, -0.12),
                  (0.8, 0.06), (0.3, 0.18), (-0.5, 0.2), (-0.88, 0.17)), c.main)  # fmt: skip
    c.line(poly((-0.9, 0.1), (0.7, 0.05)), 0.05, c.accent)
    for i in range(6):
        c.fill(ellipse(-0.5 + i * 0.18, -0.07, 0.05), c.dark, outline=False)
    c.fill(
        poly((-0.86, -0.1), (-0.74, -0.15), (-0.68, -0.03), (-0.84, -0.02)), c.dark, outline=False
    )
    c.fill(rect(-0.16, 0.24, 0.12, 0.38, 0.07), c.accent)
    c.fill(poly((-0.22, 0.06), (0.18, 0.06), (0.62, 0.56), (0.46, 0.58)), c.second)
    c.fill(poly((0.66, -0.06), (0.9, -0.08), (1.06, 0.1), (0.94, 0.1)), c.second)


def bicycle(c: Canvas) -> None:
    """Two spoked wheels, a diamond or step-through frame, handlebar and saddle."""
    c.turn = 12
    r, gap = c.between(0.36, 0.42), c.between(0.56, 0.62)
    tyre, spoke = c.ink, mix(c.ink, c.palette.wall, 0.45)
    for x in (-gap, gap):
        if c.chance(0.75):
            for a in range(0, 180, 45):
                c.bars(
                    poly((x - r * cos(a), 0.4 - r * sin(a)), (x + r * cos(a), 0.4 + r * sin(a))),
                    0.025,
                    spoke,
                )
        c.fill(ring(ellipse(x, 0.4, r), ellipse(x, 0.4, r - 0.085)), tyre, outline=False)
        c.fill(ellipse(x, 0.4, 0.07), tyre, outline=False)
    pedal, saddle, head = (-0.06, 0.42), (-0.27, -0.24), (0.4, -0.3)
    t, frame = c.between(0.085, 0.11), c.bold(c.main)
    c.bars(poly((-gap, 0.4), pedal, (-0.22, -0.08), (-gap, 0.4)), t * 0.85, frame)
    c.bars(poly(pedal, (0.43, -0.12)), t, frame)
    if c.chance(0.65):
        c.bars(poly((-0.22, -0.1), (0.41, -0.2)), t, frame)
    else:
        c.bars(poly((-0.16, 0.14), (0.41, -0.18)), t, frame)
    c.bars(poly((-0.22, -0.08), saddle), t * 0.8, frame)
    c.bars(poly((gap, 0.4), head), t, frame)
    c.bars(poly(head, (0.36, -0.46)), 0.08, c.ink)
    if c.chance(0.5):
        c.bars(poly((0.36, -0.46), (0.16, -0.5)), 0.09, c.ink)
    else:
        c.line(
            smooth((0.34, -0.46), (0.52, -0.5), (0.58, -0.36), (0.48, -0.26), closed=False),
            0.08,
            c.ink,
        )
    c.fill(
        smooth((-0.46, -0.34), (-0.26, -0.31), (-0.08, -0.3), (-0.28, -0.2), (-0.44, -0.22)),
        c.ink,
        outline=False,
    )
    c.fill(ellipse(*pedal, 0.11), c.second, outline=False)
    c.bars(poly(pedal, (0.06, 0.6)), 0.055, c.ink)
    c.bars(poly((0.0, 0.61), (0.14, 0.6)), 0.06, c.ink)
    if c.chance(0.35):
        c.fabric(rect(0.44, -0.36, 0.76, -0.08, 0.06), c.second)


def car(c: Canvas) -> None:
    """A car from the side: saloon, hatchback, van, beetle or pick-up."""
    c.turn = 9
    kind = c.pick("saloon", "hatch", "van", "beetle", "pickup")
    roof = {"saloon": -0.42, "hatch": -0.46, "van": -0.6, "beetle": -0.54, "pickup": -0.46}[kind]
    a, b, d, e = {  # where the cabin meets the body and the roof, from the back to the front
        "saloon": (-0.62, -0.36, 0.2, 0.5),
        "hatch": (-0.92, -0.72, 0.12, 0.48),
        "van": (-0.97, -0.94, 0.3, 0.6),
        "beetle": (-0.82, -0.36, 0.16, 0.56),
        "pickup": (-0.12, -0.06, 0.26, 0.52),
    }[kind]
    if kind == "beetle":
        c.fill(arc(-0.1, 0.1, 0.72, 0.68, 180, 360), c.main)
        c.fill(
            smooth(
                (-1.0, 0.34), (-0.9, -0.02), (-0.5, -0.1), (0.5, -0.1), (0.92, 0.02), (1.0, 0.34)
            ),
            c.main,
        )
        glass = [arc(-0.14, -0.08, 0.5, 0.36, 180, 268), arc(-0.04, -0.08, 0.5, 0.36, 272, 360)]
    else:
        nose = c.between(0.0, 0.08)
        c.fill(poly((a, 0.02), (b, roof), (d, roof), (e, 0.02)), c.pick(c.main, c.main, c.second))
        c.fill(np.concatenate((poly((-1.0, 0.36), (-1.0, -0.02)), poly((-0.94, -0.08), (e, -0.08)),
                               smooth((e, -0.08), (0.86, nose), (1.0, 0.12), (1.0, 0.36),
                                      closed=False))), c.main)  # fmt: skip
        m = (b + d) / 2
        glass = [poly((a + 0.12, -0.06), (b + 0.06, roof + 0.08), (m - 0.03, roof + 0.08),
                      (m - 0.03, -0.06)),
                 poly((m + 0.04, -0.06), (m + 0.04, roof + 0.08), (d - 0.03, roof + 0.08),
                      (e - 0.1, -0.06))]  # fmt: skip
        if kind == "pickup":
            glass = [
                poly(
                    (a + 0.08, -0.06),
                    (b + 0.06, roof + 0.08),
                    (d - 0.03, roof + 0.08),
                    (e - 0.1, -0.06),
                )
            ]
    pane = mix(c.dark, (130, 170, 190), c.between(0.0, 0.75))
    for window in glass:
        c.fill(window, pane, outline=False)
        c.shine(poly(window[0], window[len(window) // 3], window[len(window) // 2]), 0.25)
    if c.chance(0.5):
        c.fill(rect(-0.98, 0.12, 0.98, 0.2), c.second, outline=False)
    c.fill(rect(0.88, 0.04, 1.0, 0.16, 0.05), c.light, outline=False)
    c.fill(rect(-1.01, 0.02, -0.93, 0.16, 0.03), c.accent, outline=False)
    c.bars(poly((-0.02, 0.06), (0.1, 0.06)), 0.04, mix(c.main, c.dark, 0.55))
    c.shade(rect(-1.0, 0.26, 1.0, 0.37), 0.25)
    r = c.between(0.2, 0.25)
    for x in (-0.56, 0.56):
        c.fill(ellipse(x, 0.36, r), c.dark, outline=False)
        c.fill(ellipse(x, 0.36, r * 0.55), c.pick(c.light, c.accent), outline=False)
        c.fill(ellipse(x, 0.36, r * 0.2), c.dark, outline=False)


def fish(c: Canvas) -> None:
    """A fish from the side: slim or round, with fins, gill, eye and sometimes bands."""
    c.turn = 22
    h = c.between(0.32, 0.56)
    fin = c.pick(c.second, c.second, mix(c.main, c.dark, 0.25))
    spread = c.between(0.32, 0.46)
    c.fill(
        smooth(
            (0.5, 0),
            (0.78, -spread * 0.8),
            (1.0, -spread),
            (0.88, 0),
            (1.0, spread),
            (0.78, spread * 0.8),
        ),
        fin,
    )
    c.fill(smooth((-0.3, -h * 0.7), (-0.05, -h - 0.2), (0.38, -h - 0.12), (0.36, -h * 0.4)), fin)
    c.fill(smooth((-0.05, h * 0.7), (0.1, h + 0.18), (0.32, h + 0.12), (0.3, h * 0.4)), fin)
    body = smooth((-0.96, 0.03), (-0.72, -h * 0.62), (-0.2, -h), (0.3, -h * 0.6), (0.64, -0.1),
                  (0.64, 0.1),
                  (0.3, h * 0.6), (-0.2, h), (-0.72, h * 0.66))  # fmt: skip
    c.fabric(body, c.main, often=0.3)
    kind = c.pick("bands", "belly", "scales", "plain")
    if kind == "bands":
        for x, k in ((-0.28, 0.95), (0.1, 0.78)):
            c.fill(smooth((x, -h * k), (x + 0.14, -h * k * 0.9), (x + 0.18, 0),
                          (x + 0.14, h * k * 0.9), (x, h * k),
                          (x + 0.05, 0)), c.light, outline=False)  # fmt: skip
    elif kind == "belly":
        c.tint(smooth((-0.9, 0.1), (-0.2, h * 0.25), (0.6, 0.06), (0.3, h * 0.6), (-0.2, h),
                      (-0.7, h * 0.66)), c.light,
               0.6)  # fmt: skip
    elif kind == "scales":
        for i, x in enumerate((-0.16, 0.04, 0.24)):
            for y in (-h * 0.4, 0.0, h * 0.4) if i < 2 else (0.0,):
                c.line(arc(x, y, 0.1, 0.12, 280, 440, 40), 0.035, mix(c.main, c.dark, 0.45))
    c.line(arc(-0.62, 0.02, 0.2, h * 0.6, 300, 420, 30), 0.05, mix(c.main, c.dark, 0.45))
    c.fill(smooth((-0.2, 0.1), (0.06, 0.05), (0.1, 0.24), (-0.06, 0.28)), fin)
    c.fill(ellipse(-0.68, -h * 0.22, 0.11), (250, 250, 246))
    c.fill(ellipse(-0.7, -h * 0.22, 0.06), (26, 24, 34), outline=False)
    c.line(poly((-0.93, 0.1), (-0.8, 0.14)), 0.04, mix(c.main, c.dark, 0.6))
    if c.chance(0.3):
        for x, y, r in ((-1.08, -0.3, 0.06), (-1.16, -0.52, 0.08)):
            c.glass(ellipse(x, y, r), c.ink, 0.35)


def sailboat(c: Canvas) -> None:
    """A hull with a mast and one or two sails, sometimes on water."""
    c.turn = 10
    tall = c.between(0.92, 1.06)
    mast = c.between(-0.1, 0.1)
    c.bars(poly((mast, -tall), (mast, 0.45)), 0.055, c.ink)
    right = smooth(
        (mast + 0.07, -tall + 0.08), (mast + 0.5, -0.3), (mast + 0.74, 0.22), closed=False
    )
    c.fabric(np.concatenate((right, poly((mast + 0.07, 0.28)))), c.second)
    if c.chance(0.8):
        left = smooth((mast - 0.06, -tall * 0.84), (mast - 0.34, -0.2), (-0.78, 0.3), closed=False)
        color = c.pick(c.light, c.second, c.accent)
        c.fabric(np.concatenate((left, poly((mast - 0.06, 0.22)))), color, often=0.3)
    if c.chance(0.6):
        c.fill(
            poly((mast, -tall - 0.14), (mast + 0.3, -tall - 0.06), (mast, -tall + 0.04)), c.accent
        )
    depth = c.between(0.34, 0.46)
    hull = smooth((-0.95, 0.42), (0, 0.46), (1.02, 0.38), (0.82, 0.4 + depth * 0.7),
                  (0.5, 0.4 + depth),
                  (-0.5, 0.4 + depth), (-0.8, 0.4 + depth * 0.7))  # fmt: skip
    c.fill(hull, c.main)
    c.line(poly((-0.82, 0.54), (0.86, 0.52)), 0.06, c.pick(c.light, c.accent))
    if c.chance(0.4):
        for x in (-0.4, 0.0, 0.4):
            c.fill(ellipse(x, 0.66, 0.06), c.light)
    if c.chance(0.6):
        y = 0.42 + depth * 0.78
        crest = [(-1.1 + 0.22 * i, y + (0.06 if i % 2 else -0.02)) for i in range(11)]
        c.fill(np.concatenate((smooth(*crest, closed=False), poly((1.0, y + 0.2),
                                                                  (-1.0, y + 0.2)))),
               mix(c.palette.wall, c.ink, 0.35), outline=False)  # fmt: skip


def umbrella(c: Canvas) -> None:
    """An open umbrella with scalloped edge and a hooked handle."""
    c.turn = 34
    r, rise = c.between(0.9, 1.0), c.between(0.74, 0.92)
    panels = c.pick(3, 4, 5)
    c.bars(poly((0, -rise - 0.12), (0, 0.72)), 0.07, c.ink)
    hook = arc(-0.16, 0.72, 0.16, 0.2, 0, 190)
    c.line(hook, c.between(0.09, 0.12), c.second, outline=True)
    if c.chance(0.5):
        c.bars(poly((0, 0.5), (0, 0.72)), 0.12, c.second)
    dome = arc(0, 0, r, rise, 180, 360)
    edge = [2 * r * i / panels - r for i in range(panels + 1)]
    scallops = [arc((a + b) / 2, 0, (b - a) / 2, 0.15, 360, 180, -20) for a, b in
                zip(edge[-2::-1], edge[:0:-1], strict=True)]  # fmt: skip
    c.fabric(np.concatenate((dome, *scallops)), c.main, often=0.4)
    two_tone = c.chance(0.6)
    for i, (a, b) in enumerate(pairwise(edge)):
        left = smooth((0, -rise), (a * 0.72, -rise * 0.62), (a, 0), closed=False)
        right = smooth((0, -rise), (b * 0.72, -rise * 0.62), (b, 0), closed=False)
        panel = np.concatenate(
            (left, arc((a + b) / 2, 0, (b - a) / 2, 0.15, 180, 360, 20), right[::-1])
        )
        if two_tone and i % 2:
            c.fill(panel, c.second)
        elif i:
            c.line(left, 0.035, mix(c.main, c.dark, 0.4))
    c.shade(
        smooth(
            (r * 0.35, -rise * 0.9),
            (r * 0.86, -rise * 0.5),
            (r, 0),
            (r * 0.7, -0.1),
            (r * 0.6, -rise * 0.5),
        ),
        0.16,
    )
    c.fill(ellipse(0, -rise - 0.02, 0.08, 0.05), c.second)
