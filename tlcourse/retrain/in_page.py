"""The model as a page: one file that classifies photos in a browser, and sends none anywhere.

It holds photonet's weights and the head, `page/network.js` (photonet in JavaScript, which the lab
in the page takes, too), and what the Keras model says of three patterns: a browser that computes
other answers tells so when the page is opened. What is in page.html in braces is filled here.
"""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.files.assets import atomic_path

if TYPE_CHECKING:
    import keras

PARTS = Path(__file__).parent / "page"
EPSILON = 1e-3  # of Keras's BatchNormalization
PATTERNS = 3


def pack(stored: Mapping[str, np.ndarray]) -> tuple[list[dict], bytes]:
    """Names, shapes and places of photonet's weights, and their bytes, as `network.js` reads them.

    Batch normalization becomes a scale and a bias of each output channel. The scale is multiplied
    into the kernel when the page opens: folded here, a kernel of 16-bit floats would be rounded a
    second time. Kernels that have more digits than that are stored in 32 bits.

    Args:
        stored: float32, by `layer/variable`, such as `"stem_conv/kernel"`.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, values in stored.items():
        layer, variable = name.split("/")
        if layer.endswith("_norm"):
            norm = {v: stored[f"{layer}/{v}"] for v in ("gamma", "moving_mean", "moving_variance")}
            scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + EPSILON)
            short = layer.removesuffix("_norm")
            arrays[f"{short}/scale"] = scale.astype("float32")
            bias = stored[f"{layer}/beta"] - norm["moving_mean"] * scale
            arrays[f"{short}/bias"] = bias.astype("float32")
        elif layer != "logits":
            name = f"{layer.removesuffix('_conv')}/{variable}"
            arrays[name] = _smallest(values) if variable == "kernel" else values.astype("float32")
    manifest, content = [], b""
    # 32-bit floats first: they must start at a multiple of four bytes.
    for name, array in sorted(arrays.items(), key=lambda item: item[1].dtype == np.float16):
        half = array.dtype == np.float16
        place = {"name": name, "shape": array.shape, "offset": len(content), "half": half}
        manifest.append(place)
        content += array.astype("<f2" if half else "<f4").tobytes()
    return manifest, content


def _smallest(values: np.ndarray) -> np.ndarray:
    half = values.astype("float16")
    return half if np.array_equal(half.astype("float32"), values) else values.astype("float32")


def weights_of(model: "keras.Model") -> dict[str, np.ndarray]:
    """The weights of a photonet as `pack` takes them."""
    import keras

    return {
        f"{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable)
        for layer in model.layers
        for variable in layer.weights
    }


def patterns(size: int) -> np.ndarray:
    """Pictures that Python and JavaScript draw alike, in whole numbers: uint8 (3, n, n, 3)."""
    row, column, channel = np.ogrid[:size, :size, :3]
    return np.stack([
        (row * (k + 2) * 3 + column * 5 * (channel + 1) + (row * column >> (k + 1))) & 255
        for k in range(PATTERNS)
    ]).astype("uint8")  # fmt: skip


def write_page(model: "keras.Model", classifier: "keras.Model", info: dict, target: Path) -> float:
    """Write the page; it is there in full, or not at all.

    Args:
        model: from pictures to probabilities.
        classifier: the same network and head, to logits: photonet.
        info: of `export.about`, and what `told` says of the test, a sentence.
        target: the file.

    Returns:
        Its size in megabytes.

    Raises:
        AssetError: it cannot be written.
    """
    backbone, head = classifier.layers[1], classifier.get_layer("head")
    manifest, content = pack(weights_of(backbone))
    kernel, bias = (np.asarray(values, "float64") for values in head.get_weights())
    said = model.predict(patterns(info["size"]), verbose=0)["probabilities"].astype("float64")
    about = info | {
        "head": {"weights": kernel.T.tolist(), "biases": bias.tolist()},
        "patterns": said.round(6).tolist(),
    }
    text = fill(
        PARTS / "page.html",
        {
            "title": _as_html(", ".join(info["classes"])),
            "manifest": as_json(manifest),
            "weights": base64.b64encode(content).decode(),
            "about": as_json(about),
            **{path.name: path.read_text("utf-8") for path in PARTS.glob("*.[jc]s*")},
        },
    )
    with atomic_path(target, "") as draft:
        draft.write_text(text, "utf-8")
    return len(text.encode()) / 1e6


def fill(template: Path, parts: Mapping[str, str]) -> str:
    """A template with each of its marks, such as {{network.js}}, filled once."""
    return re.sub(r"\{\{([\w.]+)\}\}", lambda found: parts[found[1]], template.read_text("utf-8"))


def as_json(value: object) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _as_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
