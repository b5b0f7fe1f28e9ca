"""A small engine that draws vector shapes as soft, flat-design pictures.

An object is a function that adds shapes to a `Canvas` in its own coordinates (about -1 to 1,
x to the right, y down).  `Canvas.picture` then poses the whole object, draws it four times too
large, shrinks it, and adds light, shadow, a background and the faults of a camera.

**Same seed, same pixels, on every machine.**  Sines, exponentials, matrix products and sums of
floats differ in their last bit between processors and libraries, and one bit can move a pixel.
So this module keeps to: raw bits of PCG64 for chance; `+ - * /` and `sqrt` on floats, which IEEE
754 defines to the last bit; a table of sines in whole degrees, made by those operations; shapes
rounded to whole coordinates before Pillow fills them; and whole numbers for all work on pixels.
Keep to it when you add a shape.  Pillow 11.3 to 13.0 and NumPy 1.26 to 2.4 give the same pixels; a
test pins them, so a release that fills polygons differently is noticed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tlcourse.drawing.outlines import Path, bar, cos, ribbon, sin
from tlcourse.drawing.scenery import (
    CLEAR,
    Chance,
    Color,
    Palette,
    background,
    camera,
    contrast,
    light_and_shadow,
    mix,
    pattern_bank,
)

SUPERSAMPLE = 4


@dataclass(slots=True)
class _Shape:
    path: Path
    color: Color
    alpha: int = 255
    kind: str = "fill"  # "fill" replaces what is below, "glass" and "tint" are mixed into it
    pattern: tuple[int, int, int, Color] | None = None  # number, x and y offset, color
    outline: bool = True


class Canvas:
    """One picture in the making: its random choices, its colors and its list of shapes.

    `main`, `second` and `accent` are colors that stand out from each other and from the
    background; `dark` and `light` are nearly black and nearly white; `ink` is the one of those
    two that stands out from the background.  A drawing function chooses proportions through
    `between`, `chance` and `pick`, sets `turn` (largest rotation in degrees), `flip` and `tilt`
    if the defaults do not suit, and adds shapes from back to front.
    """

    def __init__(self, name: str, seed: int, index: int, size: int = 64) -> None:
        """Start picture `index` of class `name` under `seed`."""
        self.random = Chance([zlib.crc32(name.encode()), seed, index])
        self.between, self.chance, self.pick = (
            self.random.between,
            self.random.chance,
            self.random.pick,
        )
        self.size = size
        self.turn = 14
        self.flip = True
        self.tilt = 0.14
        palette = Palette(self.random)
        self.palette = palette
        self.main, self.second, self.accent = palette.main, palette.second, palette.accent
        self.ink, self.dark, self.light = palette.ink, palette.dark, palette.light
        self.style = self.pick("none", "none", "none", "self", "self", "ink")
        self.shapes: list[_Shape] = []

    def bold(self, color: Color) -> Color:
        """The color, darkened or lightened if thin lines of it would be lost on the background."""
        clear = contrast(color, self.palette.wall) >= 110
        return color if clear else mix(color, self.ink, 0.5)

    # adding shapes

    def fill(self, path: Path, color: Color, *, outline: bool = True) -> None:
        """Fill a path with one color."""
        self.shapes.append(_Shape(path, color, outline=outline))

    def fabric(self, path: Path, color: Color, *, often: float = 0.55) -> None:
        """Fill a path; with probability `often`, print a pattern on it."""
        self.fill(path, color)
        if self.chance(often):
            other = self.pick(
                mix(color, self.light, 0.5), mix(color, self.dark, 0.4), self.second, self.accent
            )
            number, dx, dy = (self.random.whole(n) for n in (1 << 16, 64, 64))
            self.shapes[-1].pattern = (number, dx, dy, other)

    def tint(self, path: Path, color: Color, amount: float = 0.3) -> None:
        """Mix a color into what is already drawn under a path: shade, shine, lettering."""
        self.shapes.append(_Shape(path, color, round(255 * amount), "tint", outline=False))

    def shade(self, path: Path, amount: float = 0.22) -> None:
        """Darken what is drawn under a path."""
        self.tint(path, (24, 20, 40), amount)

    def shine(self, path: Path, amount: float = 0.4) -> None:
        """Lighten what is drawn under a path."""
        self.tint(path, (255, 252, 244), amount)

    def glass(self, path: Path, color: Color, amount: float = 0.4) -> None:
        """Fill a path so that what is behind, background included, shows through."""
        self.shapes.append(_Shape(path, color, round(255 * amount), "glass", outline=False))

    def cut(self, path: Path) -> None:
        """Make a hole."""
        self.shapes.append(_Shape(path, CLEAR, 0, outline=False))

    def line(self, points: Path, width: float, color: Color, *, outline: bool = False) -> None:
        """A line of even width along a smooth path, with round ends."""
        self.fill(ribbon(points, width), color, outline=outline)

    def bars(self, points: Path, width: float, color: Color) -> None:
        """Straight bars from each point to the next."""
        corners = points.tolist()
        for (x0, y0), (x1, y1) in pairwise(corners):
            self.fill(bar(x0, y0, x1, y1, width), color, outline=False)

    # from shapes to pixels

    def _posed(self) -> list[list[tuple[int, int]]]:
        """All paths turned, sheared, put in perspective and fitted into the frame."""
        points = np.concatenate([shape.path for shape in self.shapes])
        x, y = points[:, 0], points[:, 1]
        if self.flip and self.chance(0.5):
            x = -x
        x = x * self.between(0.9, 1.1) + y * self.between(-self.tilt, self.tilt)
        angle = self.random.whole(2 * self.turn + 1) - self.turn
        c, s = cos(angle), sin(angle)
        x, y = c * x - s * y, s * x + c * y
        far = 1 + self.between(-0.12, 0.12) * x + self.between(-0.12, 0.12) * y
        x, y = x / far, y / far
        full = self.size * SUPERSAMPLE
        left, top, right, bottom = x.min(), y.min(), x.max(), y.max()
        wide, high = right - left, bottom - top
        slim = 1 - min(wide, high) / max(wide, high)
        # Long thin things are drawn larger, or little of them would be left at 64 pixels.
        scale = self.between(0.64 + 0.2 * slim, 0.93) * full / max(wide, high)
        margin = full * 3 / 128  # room for outlines too
        room_x, room_y = (full - 2 * margin - side * scale for side in (wide, high))
        x = (x - left) * scale + margin + room_x * self.between(0.1, 0.9)
        y = (y - top) * scale + margin + room_y * self.between(0.1, 0.9)
        xs, ys = (np.rint(along).astype(int).tolist() for along in (x, y))
        flat = list(zip(xs, ys, strict=True))
        paths, start = [], 0
        for shape in self.shapes:
            paths.append(flat[start : start + len(shape.path)])
            start += len(shape.path)
        return paths

    def cutout(self) -> np.ndarray:
        """Pose and draw the object alone; int32 (size, size, 4), premultiplied RGBA in 0..255."""
        full = self.size * SUPERSAMPLE
        # Four plain channels, used as premultiplied RGBA: Pillow shrinks this mode as it is, where
        # "RGBA" would be converted there and back first.
        image = Image.new("CMYK", (full, full), (0, 0, 0, 0))
        draw = ImageDraw.Draw(image)
        for shape, path in zip(self.shapes, self._posed(), strict=True):
            if shape.kind != "fill":
                _paste(image, path, shape.color, shape.alpha, None, clip=shape.kind == "tint")
                continue
            draw.polygon(path, fill=_premultiplied(shape.color, shape.alpha))
            if shape.pattern:
                number, dx, dy, color = shape.pattern
                bank = pattern_bank(self.size)
                pattern = (bank[number % len(bank)], dx * full // 256, dy * full // 256)
                _paste(image, path, color, 255, pattern, clip=False)
            if shape.outline and self.style != "none":
                color = self.ink if self.style == "ink" else mix(shape.color, (20, 16, 36), 0.5)
                # Odd widths: the half width is whole, so Pillow rounds the corners the same
                # everywhere.
                draw.line([*path, path[0]], fill=(*color, 255), width=2 * (self.size // 32) - 1)
        return np.asarray(image.reduce(SUPERSAMPLE)).astype(np.int32)

    def picture(self) -> np.ndarray:
        """Draw everything; uint8 (size, size, 3)."""
        item = self.cutout()
        behind = background(self.random, self.palette, self.size)
        lit = light_and_shadow(self.random, item, behind)
        return camera(self.random, lit, self.size)


def _premultiplied(color: Color, alpha: int) -> tuple[int, int, int, int]:
    red, green, blue = color
    return (red * alpha // 255, green * alpha // 255, blue * alpha // 255, alpha)


def _paste(
    image: Image.Image,
    path: list[tuple[int, int]],
    color: Color,
    alpha: int,
    pattern: tuple[Image.Image, int, int] | None,
    clip: bool,
) -> None:
    """Mix a color into the image inside a path, through a pattern or the drawn area if asked."""
    xs, ys = [p[0] for p in path], [p[1] for p in path]
    x0, y0 = max(min(xs), 0), max(min(ys), 0)
    x1, y1 = min(max(xs) + 1, image.width), min(max(ys) + 1, image.height)
    if x1 <= x0 or y1 <= y0:
        return
    mask = Image.new("L", (x1 - x0, y1 - y0), 0)
    ImageDraw.Draw(mask).polygon([(x - x0, y - y0) for x, y in path], fill=alpha)
    if pattern is not None:
        tile, dx, dy = pattern
        mask = ImageChops.multiply(mask, tile.crop((x0 + dx, y0 + dy, x1 + dx, y1 + dy)))
    if clip:
        mask = ImageChops.multiply(mask, image.crop((x0, y0, x1, y1)).getchannel("K"))
    image.paste((*color, 255), (x0, y0, x1, y1), mask)
