"""The model for programs without Keras: ONNX, LiteRT, and a page; none is done before it agrees.

What is exported takes pictures, uint8 (n, size, size, 3), as the network looks at them, with its
scaling inside, and gives probabilities, their temperature included. How a photo becomes a picture,
the names of the classes and the threshold for *none of these* stand in model.json beside it. (The
resizing of the saved model is no part of it: neither format has that operation.)
"""

import contextlib
import importlib.util
import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.errors import AssetError, InputError
from tlcourse.files.assets import atomic_path
from tlcourse.machine.device import quiet_tensorflow
from tlcourse.retrain import formats
from tlcourse.retrain.backbone import OURS, size_of
from tlcourse.retrain.formats import HTML, ONNX, for_pictures, steps

if TYPE_CHECKING:
    import keras

INFO = "model.json"
FILES = (*formats.FILES, INFO)
NEEDED = ("onnx", "onnxruntime", "tf2onnx")


@dataclass(frozen=True)
class Exported:
    """A file, and how it answers the test photos beside the Keras model.

    Attributes:
        file: its name.
        megabytes: its size.
        photos: test photos that both have answered; 0 where the file checks itself.
        apart: largest difference of a probability.
        other: photos that it names otherwise.
        right: photos that it names right.
        lost: how many more the Keras model names right; negative where it gains.
        refused: why the file was not kept; else empty.
    """

    file: str
    megabytes: float
    photos: int = 0
    apart: float = 0.0
    other: int = 0
    right: int = 0
    lost: int = 0
    refused: str = ""

    @property
    def words(self) -> str:
        """What came of it, in a line."""
        if self.refused:
            return f"{self.file} was not kept: {self.refused}"
        told = f"{self.file}, {self.megabytes:.1f} MB"
        if not self.photos:
            return f"{told}: checks itself against the Keras model whenever it is opened."
        told += (
            f": {self.photos - self.other} of {self.photos} test photos are named as the Keras "
            f"model names them, probabilities differ by {self.apart:.2g} at most"
        )
        right, was = self.right / self.photos, (self.right + self.lost) / self.photos
        return f"{told}; {right:.1%} right, the Keras model {was:.1%}."


def require(asked: Sequence[str], backbone: str, size: int | None = None) -> None:
    """Say at once what would come out after the training.

    Raises:
        AssetError: a library is missing.
        InputError: the network has no form in a page.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if ONNX in asked and missing:
        raise AssetError(
            f"--export onnx needs {', '.join(missing)}, which is not installed: pip install "
            "'tlcourse[export]', or pip install -c constraints.txt -e \".[export]\" in a checkout."
        )
    if HTML in asked and backbone != OURS:
        raise InputError(
            f"--export html takes {OURS}, which is written for a browser, and not {backbone}. Take "
            f"--backbone {OURS} for a page; --export onnx or litert for {backbone}."
        )
    if HTML in asked and size not in (None, size_of(OURS)):
        raise InputError(
            f"--export html looks at pictures of {size_of(OURS)} pixels, not of {size}. Leave "
            "--image-size out for a page; --export onnx or litert for other sizes."
        )


def export(
    asked: Sequence[str],
    classifier: "keras.Model",
    info: dict,
    folder: Path,
    *,
    calibrate: np.ndarray,
    test: tuple[np.ndarray, np.ndarray],
    expected: np.ndarray,
) -> tuple[Exported, ...]:
    """Write the files, and model.json; each is compared with the Keras model before it is there.

    Args:
        asked: some of `formats.FORMATS`.
        classifier: from pictures (n, size, size, 3) to logits.
        info: of `about`.
        folder: to write to.
        calibrate: training pictures, uint8 (n, size, size, 3).
        test: pictures and labels.
        expected: (n, classes) probabilities that the Keras model gives for the test pictures.

    Raises:
        AssetError: a file cannot be written.
    """
    made = []
    model = for_pictures(classifier, info["size"], info["temperature"])
    with tempfile.TemporaryDirectory(prefix="tlcourse-") as draft, _quiet():
        for name, write, answer, bound in steps(asked, model, calibrate):
            path = Path(draft) / name
            try:
                write(path)
                told = _compare(path, answer(path, test[0]), test[1], expected, bound)
            except Exception as error:  # converters raise whatever they stumble on
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                told = Exported(name, 0.0, refused=f"the converter failed ({reason}).")
            if not told.refused:
                _keep(path.read_bytes(), folder / name)
            made.append(told)
    if HTML in asked:
        from tlcourse.retrain.in_page import write_page

        made.append(Exported(FILES[3], write_page(model, classifier, info, folder / FILES[3])))
    _keep(json.dumps(info, ensure_ascii=False, indent=1).encode(), folder / INFO)
    return tuple(made)


def about(
    class_names: Sequence[str], size: int, temperature: float, threshold: float, backbone: str
) -> dict:
    """What a program must know beside an exported file."""
    return {
        "classes": list(class_names),
        "size": size,
        "input": f"picture: uint8 (n, {size}, {size}, 3), red, green, blue, 0 to 255; no scaling",
        "picture": "of a photo, turned as its EXIF mark says and laid on white where it is "
        f"transparent, the largest square in the middle, resized to {size} x {size} pixels by "
        "Lanczos's filter with antialiasing (in Pillow: crop, then resize with LANCZOS)",
        "output": "probabilities: float32 (n, classes), in the order of `classes`",
        "threshold": round(threshold, 6),
        "none": "none of these, where the largest probability is below `threshold`",
        "temperature": temperature,
        "temperature_is": "applied already, in the exported files",
        "backbone": backbone,
    }


def _compare(
    path: Path,
    found: np.ndarray,
    labels: np.ndarray,
    expected: np.ndarray,
    bound: float | None,
) -> Exported:
    apart = float(np.abs(found - expected).max())
    said, meant = found.argmax(axis=1), expected.argmax(axis=1)
    right = int(np.sum(said == labels))
    refused = ""
    if bound is not None and not apart <= bound:
        refused = (
            f"its probabilities for the test photos differ from those of the Keras model by "
            f"{apart:.2g}, and rounding makes {bound:g} at most."
        )
    return Exported(
        path.name, path.stat().st_size / 1e6, len(labels), apart, int(np.sum(said != meant)), right,
        int(np.sum(meant == labels)) - right, refused,
    )  # fmt: skip


def _keep(content: bytes, target: Path) -> None:
    with atomic_path(target, "") as draft:
        draft.write_bytes(content)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what converters print; all of it where one fails."""
    with quiet_tensorflow(), warnings.catch_warnings():
        # Of Keras's patch of tf2onnx, which asks NumPy for a name that it no longer has.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        yield
