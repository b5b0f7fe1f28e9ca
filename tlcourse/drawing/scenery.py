"""Everything around a drawn object: chance, colors, patterns, backgrounds, light and camera.

Part of the renderer; the rule for "same seed, same pixels" is in `tlcourse.drawing.canvas`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]

CLEAR: Color = (0, 0, 0)

COLOURS: tuple[Color, ...] = (
    *((214, 78, 62), (232, 124, 84), (240, 158, 98), (232, 190, 98), (246, 212, 128)),
    *((148, 180, 128), (92, 144, 98), (52, 150, 138), (38, 108, 118), (72, 126, 160)),
    *((36, 62, 98), (92, 126, 184), (136, 170, 214), (164, 212, 214), (116, 92, 156)),
    *((164, 134, 194), (212, 134, 170), (238, 172, 180), (176, 62, 92), (138, 50, 60)),
    *((120, 86, 64), (172, 130, 94), (212, 182, 146), (240, 226, 204), (246, 242, 234)),
    *((198, 202, 206), (142, 150, 158), (86, 94, 104), (52, 58, 70), (100, 166, 168)),
    *((186, 200, 112), (118, 158, 82), (200, 92, 100), (246, 184, 96), (64, 94, 164)),
)


class Chance:
    """Random choices from raw PCG64 bits, whose stream NumPy promises never to change."""

    def __init__(self, key: Sequence[int]) -> None:
        """Start a stream of choices; the same whole numbers in `key` give the same stream."""
        self._bits = np.random.PCG64(np.random.SeedSequence(list(key)))
        self._pool: list[int] = []

    def _next(self) -> int:
        if not self._pool:
            self._pool = (self._bits.random_raw(256) >> np.uint64(40)).tolist()
        return self._pool.pop()

    def whole(self, n: int) -> int:
        """A whole number in [0, n), n at most 2**20."""
        return self._next() * n >> 24

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * (self._next() / 16777216)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._next() < probability * 16777216

    def pick(self, *options):
        """One of the options."""
        return options[self.whole(len(options))]


# --- colors -----------------------------------------------------------------------------------


def mix(a: Color, b: Color, amount: float) -> Color:
    """Color `a` with `amount` (0 to 1) of color `b`."""
    k = round(amount * 256)
    (r, g, b), (r2, g2, b2) = a, b
    return (r + ((r2 - r) * k >> 8), g + ((g2 - g) * k >> 8), b + ((b2 - b) * k >> 8))


def luma(color: Color) -> int:
    """Brightness of a color, 0 to 255."""
    return (77 * color[0] + 150 * color[1] + 29 * color[2]) >> 8


def contrast(a: Color, b: Color) -> int:
    """How far apart two colors look; 100 is clearly different."""
    (r, g, b), (r2, g2, b2) = a, b
    hue = (abs(r - r2) + abs(g - g2) + abs(b - b2)) // 4
    return 2 * (abs(77 * (r - r2) + 150 * (g - g2) + 29 * (b - b2)) >> 8) + hue


def _jittered(random: Chance, color: Color) -> Color:
    red, green, blue = (min(max(v + random.whole(25) - 12, 0), 255) for v in color)
    return (red, green, blue)


class Palette:
    """Colors that go together, drawn the same way for every class."""

    def __init__(self, random: Chance) -> None:
        """Choose the colors of one picture."""
        base = self._any(random)
        mood = random.between(0, 1)
        if mood < 0.6:
            self.wall = mix(base, (250, 246, 238), random.between(0.35, 0.8))
        elif mood < 0.82:
            self.wall = mix(base, (150, 146, 140), random.between(0.2, 0.6))
        else:
            self.wall = mix(base, (30, 30, 44), random.between(0.45, 0.75))
        self.dark = mix(self._any(random), (30, 28, 40), 0.82)
        self.light = mix(self._any(random), (252, 250, 244), 0.82)
        away = contrast(self.dark, self.wall) > contrast(self.light, self.wall)
        self.ink = self.dark if away else self.light
        self.main = self._apart(random, 95, self.wall)
        self.second = self._apart(random, 85, self.main, self.wall)
        self.accent = self._apart(random, 70, self.main, self.second)
        near = self._apart(random, 40, self.main)
        self.floor = mix(self.wall, near, random.between(0.25, 0.5))
        self.clutter = [mix(self._any(random), self.wall, 0.5) for _ in range(4)]

    @staticmethod
    def _any(random: Chance) -> Color:
        return _jittered(random, COLOURS[random.whole(len(COLOURS))])

    def _apart(self, random: Chance, enough: int, *others: Color) -> Color:
        """The first of some random colors that stands out from the others, or the best."""
        best, best_score = CLEAR, -1
        for _ in range(10):
            color = COLOURS[random.whole(len(COLOURS))]
            score = min(contrast(color, other) for other in others)
            if score > best_score:
                best, best_score = color, score
            if score >= enough:
                break
        return _jittered(random, best)


# --- tables of texture, made once --------------------------------------------------------------


def _cloud(random: Chance, size: int, cell: int) -> np.ndarray:
    """Smooth noise from a coarse grid of random heights; int32 (size, size) in 0..255."""
    n = size // cell + 2
    grid = np.array([random.whole(256) for _ in range(n * n)], dtype=np.int32).reshape(n, n)
    at = np.arange(size)
    low, part = at // cell, at % cell
    rows = (grid[low] * (cell - part)[:, None] + grid[low + 1] * part[:, None]) // cell
    return (rows[:, low] * (cell - part) + rows[:, low + 1] * part) // cell


@lru_cache(maxsize=4)
def pattern_bank(size: int) -> tuple[Image.Image, ...]:
    """Printed patterns for objects: masks ("L") with a margin to slide the frame in."""
    n = size * 5
    unit = size / 16  # a sixteenth of the frame, in drawn pixels
    y, x = np.mgrid[0:n, 0:n].astype(np.int32)
    random = Chance([11, size])
    bank: list[np.ndarray] = []
    for a, b in ((0, 4), (4, 0), (3, 3), (3, -3), (1, 4)):
        for period in (3.4, 5.2):
            step = int(unit * period) * 4
            bank.append(((x * a + y * b) % step < step * 2 // 5) * 255)
    for period in (4, 6.4):  # gingham, then dots, then a grid
        step = int(unit * period)
        across, down = x % step < step // 2, y % step < step // 2
        bank.append(across * 110 + down * 110)
        dx, dy = x % step - step // 2, (y + (x // step % 2) * (step // 2)) % step - step // 2
        bank.append((dx * dx + dy * dy < step * step // 12) * 255)
        bank.append(((x % step < step // 7) | (y % step < step // 7)) * 220)
    fold = int(unit * 5)
    wave = abs(x % (2 * fold) - fold)
    bank.append(((y + wave) % (2 * fold) < fold * 3 // 4) * 255)
    for cell in (5, 9):
        bank.append((_cloud(random, n, int(unit * cell / 4)) > 165) * 200)
    bank.append(np.clip(_cloud(random, n, int(unit * 8)) - 40, 0, 255))
    return tuple(Image.fromarray(mask.astype(np.uint8)) for mask in bank)


@lru_cache(maxsize=4)
def _surfaces(size: int) -> tuple[np.ndarray, ...]:
    """Textures of walls and floors: int32 (2 size, 2 size), brightness around 0."""
    n, u = 2 * size, max(size // 64, 1)
    random = Chance([13, size])
    y, x = np.mgrid[0:n, 0:n].astype(np.int32)
    fine = _cloud(random, n, 2 * u) - 128
    mid = _cloud(random, n, 6 * u) - 128
    coarse = _cloud(random, n, 20 * u) - 128
    plaster = (fine + mid + 2 * coarse) // 16
    tables = (plaster, *_woods(random, x, y, u), *_cloths(x, y, u, fine), *_tiles(x, y, u, mid))
    return tuple(table.astype(np.int32) for table in tables)


def _woods(random: Chance, x: np.ndarray, y: np.ndarray, u: int) -> list[np.ndarray]:
    """Planks, lying and standing."""
    n = len(x)
    plank = 15 * u
    tone = np.array([random.whole(25) - 12 for _ in range(n // plank + 1)])[y // plank]
    grain = (y * 5 + _cloud(random, n, 24 * u) // 6) % 23 - 11
    fibre = _cloud(random, n, 3 * u)[:, x[0] // (8 * u)] - 128  # drawn out along the plank
    wood = tone + grain // 3 + fibre // 18 - (y % plank < u) * 26
    return [wood, np.ascontiguousarray(wood.T)]


def _cloths(x: np.ndarray, y: np.ndarray, u: int, fine: np.ndarray) -> list[np.ndarray]:
    """Weave, gingham tablecloth, soft stripes."""
    weave = ((x // u + y // u) % 2 * 2 - 1) * 5 + ((x // u) % 4 - (y // u) % 4) * 2 + fine // 20
    check = (x % (14 * u) < 7 * u) * 14 + (y % (14 * u) < 7 * u) * 14 - 14 + fine // 24
    stripe = (x % (12 * u) < 6 * u) * 20 - 10 + fine // 30
    return [weave, check, stripe]


def _tiles(x: np.ndarray, y: np.ndarray, u: int, mid: np.ndarray) -> list[np.ndarray]:
    """Floor tiles, bricks, dotted wallpaper, slanted stripes."""
    t = 16 * u
    tile = (x // t + y // t) % 2 * 18 - 9 - ((x % t < u) | (y % t < u)) * 14 + mid // 16
    row = y // (8 * u)
    bx = x + row % 2 * 8 * u
    tone = (row * 7 + bx // t * 5) % 5 * 5 - 10
    brick = tone + mid // 14 + ((bx % t < u) | (y % (8 * u) < u)) * 22
    dx, dy = x % (10 * u) - 5 * u, (y + x // (10 * u) % 2 * 5 * u) % (10 * u) - 5 * u
    dots = (dx * dx + dy * dy < 5 * u * u) * 24 - 5
    slant = ((x + y) % (16 * u) < 8 * u) * 16 - 8
    return [tile, brick, dots, slant]


@lru_cache(maxsize=4)
def _grain(size: int) -> np.ndarray:
    """Camera noise: int16 (2 size, 2 size, 3), roughly bell-shaped in -96..96."""
    count = 12 * size * size
    raw = np.random.PCG64(np.random.SeedSequence([17, size])).random_raw(count)
    parts = [((raw >> np.uint64(shift)) & np.uint64(63)).astype(np.int16) for shift in (20, 33, 46)]
    return (parts[0] + parts[1] + parts[2] - 94).reshape(2 * size, 2 * size, 3)


# --- the scene ---------------------------------------------------------------------------------


def _crop(random: Chance, table: np.ndarray, size: int) -> np.ndarray:
    dx, dy = random.whole(size), random.whole(size)
    return table[dy : dy + size, dx : dx + size]


@lru_cache(maxsize=4)
def _axes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row positions from -64 to 64: int32 (1, size) and (size, 1)."""
    at = (np.arange(size, dtype=np.int32) * 128) // size - 64
    return at[None, :], at[:, None]


def background(random: Chance, palette: Palette, size: int) -> np.ndarray:
    """A plain, textured or table-and-wall background with clutter; int32 (size, size, 3)."""
    x, y = _axes(size)
    tables = _surfaces(size)
    tone = (random.whole(41) - 20) * x // 64 + (random.whole(49) - 24) * y // 64
    scene = np.empty((size, size, 3), np.int32)
    scene[:] = palette.wall
    if random.chance(0.62):
        tone = tone + _crop(random, random.pick(*tables), size) * random.whole(13) // 9
    if random.chance(0.34):  # a table or a floor
        edge = size * (54 + random.whole(30)) // 100
        scene[edge:] = palette.floor
        tone[edge:] = _crop(random, random.pick(*tables), size)[edge:] * 3 // 4
        tone[edge : edge + 1] -= 14
    if random.chance(0.3):  # a pool of light
        cx, cy = random.whole(97) - 48, random.whole(97) - 48
        far = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) // 160
        tone = tone + np.maximum(26 - far, -26)
    scene += tone[:, :, None]
    if random.chance(0.6):
        scene = _clutter(random, palette, scene, size)
    return scene


def _clutter(random: Chance, palette: Palette, scene: np.ndarray, size: int) -> np.ndarray:
    """A few neutral shapes, small or partly outside the frame, sometimes out of focus."""
    full = size * 2
    layer = Image.new("CMYK", (full, full), (0, 0, 0, 0))  # premultiplied RGBA, as in `Canvas`
    draw = ImageDraw.Draw(layer)
    for i in range(1 + random.whole(4)):
        color = (*palette.clutter[i], 255)
        r = full * (5 + random.whole(14)) // 100
        cx, cy = random.whole(full), random.whole(full)
        if random.chance(0.7):  # push it out to an edge
            edge = random.pick(0, full)
            cx, cy = random.pick((edge, cy), (cx, edge))
        kind = random.whole(4)
        box = (cx - r, cy - r, cx + r, cy + r)
        if kind == 0:
            draw.ellipse(box, fill=color)
        elif kind == 1:
            corners = [(cx + random.whole(2 * r + 1) - r, cy - r + j * r) for j in range(3)]
            draw.polygon(corners, fill=color)
        else:
            w, h = random.whole(2 * r) + 4, random.whole(2 * r) + 4
            lean = random.whole(r + 1) - r // 2
            draw.polygon(
                [
                    (cx - w, cy - h + lean),
                    (cx + w, cy - h - lean),
                    (cx + w, cy + h - lean),
                    (cx - w, cy + h + lean),
                ],
                fill=color,
            )
    small = layer.reduce(2)
    if random.chance(0.5):
        small = small.filter(ImageFilter.BoxBlur(random.pick(1, 2) * size / 64))
    part = np.asarray(small).astype(np.int32)
    return (scene * _keep(part[:, :, 3:]) >> 8) + part[:, :, :3]


def _keep(alpha: np.ndarray) -> np.ndarray:
    """How much of what is behind shows, 0 to 256, for an alpha of 255 to 0."""
    return 256 - alpha - (alpha >> 7)


def _soft(mask: np.ndarray, radius: float) -> np.ndarray:
    """A blurred copy of a mask: int32 in 0..255."""
    image = Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
    return np.asarray(image.filter(ImageFilter.BoxBlur(radius)), dtype=np.int32)


def _slid(mask: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """The mask moved by whole pixels, zeros coming in."""
    out = np.zeros_like(mask)
    h, w = mask.shape
    out[max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = mask[
        max(-dy, 0) : h + min(-dy, 0), max(-dx, 0) : w + min(-dx, 0)
    ]
    return out


def light_and_shadow(random: Chance, item: np.ndarray, scene: np.ndarray) -> np.ndarray:
    """Put a drawn object (premultiplied RGBA) on a background, lit and with a soft shadow."""
    size = len(scene)
    u = max(size // 64, 1)
    x, y = _axes(size)
    alpha = item[:, :, 3]
    side = random.pick(-1, 1)
    soft = _soft(alpha, 1.5 * u)
    bulge = _slid(soft, side * 2 * u, 2 * u) - _slid(soft, -side * 2 * u, -2 * u)
    strength = random.whole(30)
    # Light comes from the upper left (side 1) or right: far rims darken, near rims brighten.
    light = 256 - bulge * strength // 128 - (side * x + y) * random.whole(28) // 64
    color = np.minimum(item[:, :, :3] * light[:, :, None] >> 8, alpha[:, :, None])
    shadow = _slid(soft, side * (1 + random.whole(3)) * u, (1 + random.whole(3)) * u)
    if random.chance(0.5):
        shadow = _soft(shadow, 1.5 * u)
    keep = 256 - (shadow * random.whole(150) >> 8)
    if random.chance(0.07):  # a cut-out sticker's pale edge
        scene = scene * keep[:, :, None] >> 8
        edge = np.minimum(_soft(alpha, u) * 3, 255)
        scene = scene + ((248 - scene) * edge[:, :, None] >> 8)
        keep = _keep(alpha)
    else:
        keep = keep * _keep(alpha) >> 8
    scene = scene * keep[:, :, None] >> 8
    return scene + np.maximum(color, 0)


def camera(random: Chance, picture: np.ndarray, size: int) -> np.ndarray:
    """Exposure, white balance, focus and noise; uint8 (size, size, 3)."""
    gain = 222 + random.whole(50)
    warm = random.whole(25) - 12
    gains = np.array((gain + warm, gain, gain - warm), dtype=np.int32)
    picture = ((picture - 128) * gains >> 8) + 128 + random.whole(29) - 14
    if random.chance(0.16):
        blurred = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
        blurred = blurred.filter(ImageFilter.BoxBlur(random.pick(0.2, 0.35, 0.5) * size / 64))
        picture = np.asarray(blurred, dtype=np.int32)
    noise = random.pick(1, 1, 2, 2, 3, 5)
    grain = _crop(random, _grain(size), size)
    return np.clip(picture + (grain * noise >> 5), 0, 255).astype(np.uint8)
