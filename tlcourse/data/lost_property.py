"""The example of lesson 10: a lost-property office that photographs eyewear.

The photos are drawn (see `tlcourse.drawing.render`), lit, enlarged, and saved as JPEG files, as a
camera would have left them. They have the faults that real collections have; lesson 10 finds them.
"""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from tlcourse.drawing.render import render

CLASSES = ("sunglasses", "eyeglasses", "goggles")
# Folder -> photos of each class. A part that is added comes last, or those after it change.
PARTS = {"office": 80, "first_week": 60, "retaken": 80, "second_week": 60, "third_week": 60}
SIDE = 128
FIRST_SEED = 1000  # far from the seeds of the drawn tasks


def write_lost_property(folder: str | Path, *, seed: int = 0) -> Path:
    """Write the photos of the office, as five folders of one sub-folder a class.

    - `office`: what was collected at first. Sunglasses came in on sunny days, and were
      photographed in daylight; eyeglasses were photographed in the evening; goggles in either.
      One file was cut off, and one photo lies in two classes.
    - `first_week`: what came in afterwards, each thing in either light, named by it.
    - `retaken`: as many photos as `office`, each class in either light.
    - `second_week`: as `first_week`, other things; to compare models by.
    - `third_week`: other things again; nobody has looked at them yet.

    Args:
        folder: where to; what is in the five folders there is replaced.
        seed: of the things and of the light.

    Returns:
        The folder.
    """
    folder = Path(folder)
    dice = np.random.default_rng(seed)
    number = 0
    for part, each in PARTS.items():
        shutil.rmtree(folder / part, ignore_errors=True)
        for k, name in enumerate(CLASSES):
            place = folder / part / name
            place.mkdir(parents=True)
            for i in range(each):
                day = i % 2 == 0 if part != "office" or k == 2 else k == 0
                picture = _photo(name, FIRST_SEED + seed, number + i, day, dice)
                picture.save(place / f"{'day' if day else 'evening'}-{i:03}.jpg", quality=90)
        number += each
    whole = (folder / "office" / "goggles" / "day-000.jpg").read_bytes()
    (folder / "office" / "goggles" / "day-000.jpg").write_bytes(whole[: len(whole) // 2])
    office = folder / "office"
    shutil.copy(office / "eyeglasses/evening-007.jpg", office / "sunglasses/evening-007.jpg")
    return folder


def _photo(name: str, seed: int, index: int, day: bool, dice: np.random.Generator) -> Image.Image:
    pixels = render(name, seed, index).astype("float32")
    strength = dice.uniform(0.9, 1.1)
    if day:
        pixels = pixels * 0.95 * strength + 30
    else:
        pixels = pixels * strength * np.array([0.55, 0.45, 0.35], "float32")  # dim and warm
    small = Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
