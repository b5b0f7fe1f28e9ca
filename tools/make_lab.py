"""Join the lab in the page from `site/lab/`: one file, build/lab.html, that opens with no network.

    python tools/make_lab.py

What goes into the page: its scripts and styles, photonet's weights (16-bit floats, as they are
stored, in base64), and example pictures, which the course's renderer draws. A page that the lab
hands out, with a trained head in it, is made of the same parts by the lab itself
(`site/lab/handout.js`).
"""

import base64
import io
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # from a checkout, installed or not

from tlcourse.drawing.render import render  # noqa: E402
from tlcourse.networks.trained import stored_weights  # noqa: E402
from tlcourse.retrain.in_page import PARTS, as_json, fill, pack  # noqa: E402

SOURCES = ROOT / "site" / "lab"
OUTPUT = ROOT / "build" / "lab.html"
MARK = r"\{\{([\w.]+)\}\}"
EXAMPLES = ("sunglasses", "eyeglasses", "goggles")  # the running example of the lessons
STRANGERS = ("bow_tie", "umbrella", "mug", "key", "teapot", "clock", "shoe", "book")
SEED = 2000  # far from the seeds of the drawn tasks
TAKES, FRAMES, SIDE = 12, 3, 96


def packed_weights() -> tuple[list[dict], bytes]:
    """photonet's weights, as `network.js` reads them."""
    return pack(stored_weights())


def frames(name: str, number: int, count: int) -> list[np.ndarray]:
    """Some frames of one drawn thing, as a hand-held camera sees it: shifted, in other light."""
    dice = np.random.default_rng((SEED, number))
    whole = render(name, SEED, number, size=128)
    taken = []
    for _ in range(count):
        down, right = dice.integers(0, 128 - 112 + 1, 2)
        light = whole[down : down + 112, right : right + 112] * dice.uniform(0.85, 1.1)
        picture = Image.fromarray(np.clip(light, 0, 255).astype("uint8"))
        taken.append(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)))
    return taken


def jpeg(pixels: np.ndarray) -> str:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=85)
    return base64.b64encode(content.getvalue()).decode()


def examples() -> dict:
    """Takes of each class, and things of no class: lists of takes, each a list of JPEG files."""
    classes = {
        name.replace("_", " "): [
            [jpeg(frame) for frame in frames(name, number, FRAMES)] for number in range(TAKES)
        ]
        for name in EXAMPLES
    }
    strangers = [[jpeg(frames(name, n, 1)[0])] for name in STRANGERS for n in range(2)]
    return {"classes": classes, "strangers": strangers}


def page() -> str:
    manifest, content = packed_weights()
    data = {
        "manifest": as_json(manifest),
        "weights": base64.b64encode(content).decode(),
        "examples": as_json(examples()),
    }
    text = (SOURCES / "lab.html").read_text(encoding="utf-8")
    # The network itself is in the package, whose exported pages compute with it, too.
    for path in sorted([PARTS / "network.js", *SOURCES.glob("*.js"), *SOURCES.glob("*.css")]):
        source = path.read_text(encoding="utf-8")
        if "</script" in source.lower() or "</style" in source.lower():
            raise ValueError(f"{path.name} would end the element that it stands in")
        data[path.name] = source
    data["handout.html"] = as_json((SOURCES / "handout.html").read_text(encoding="utf-8"))
    # In one pass: what is put in holds marks of its own, which the lab fills.
    marks = re.findall(MARK, text)
    if sorted(marks) != sorted(data):
        raise ValueError(f"lab.html and site/lab differ in {set(marks) ^ set(data) or 'a twin'}")
    return fill(SOURCES / "lab.html", data)


def main() -> None:
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(page(), encoding="utf-8")
    print(f"{OUTPUT.relative_to(ROOT)}: {OUTPUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
