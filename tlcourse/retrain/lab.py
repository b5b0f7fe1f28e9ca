"""What the photo lab does: train a head on photonet, judge it on photos left out, save it.

Method 3 of the course, feature extraction, and nothing else: the backbone is frozen, and the head
is a logistic regression on its 256 features. So ten photos a class are enough, and a second is.
"""

import json
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.errors import AssetError, InputError
from tlcourse.inside.explain import grad_cam
from tlcourse.networks.backbones import load_backbone
from tlcourse.retrain import stream
from tlcourse.retrain.model import ready_to_use, save_model
from tlcourse.transfer.features import extract_features
from tlcourse.transfer.heads import build_classifier, set_head

if TYPE_CHECKING:
    import keras

BACKBONE, SIZE = "photonet", 64
_ONE_AT_A_TIME = threading.Lock()  # the page may ask for an answer while something else is learned
C = 0.01  # of the logistic regression; not tuned, so no photo has a say in it
LEAVE_ONE_OUT_UP_TO = 60  # photos; of more, a tenth is left out at a time
SCRIPT = '''"""Trains the model of this folder again, and writes model.keras: python train.py"""

from pathlib import Path

import numpy as np

from tlcourse import (
    build_classifier,
    extract_features,
    linear_probe,
    load_backbone,
    read_picture,
    ready_to_use,
    save_model,
    set_head,
    setup_device,
)

setup_device()
HERE = Path(__file__).resolve().parent
CLASSES = {classes}

paths = [sorted((HERE / "photos" / name).iterdir()) for name in CLASSES]
labels = np.repeat(np.arange(len(CLASSES)), [len(of_class) for of_class in paths])
# uint8 (n, {size}, {size}, 3)
pictures = np.stack([read_picture(path, {size}) for of_class in paths for path in of_class])

backbone = load_backbone({backbone!r})  # trained before, on other photographs; it stays as it is
features = extract_features(backbone, pictures)  # (n, 256)
probe = linear_probe(features, labels, c_values=[{c}])  # logistic regression: all that learns

classifier = build_classifier(backbone, len(CLASSES))
set_head(classifier, probe)
save_model(ready_to_use(classifier, CLASSES, {size}), HERE / "model.keras")
print(f"Trained on {{len(labels)}} photos; wrote {{HERE / 'model.keras'}}")

# To use it:
#   model = keras.models.load_model("model.keras")
#   model.predict(photo[None])         photo: uint8 (height, width, 3), of any size
# or, in a terminal:
#   tlcourse predict model.keras new.jpg
'''


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained lab.

    Attributes:
        class_names: of the classes.
        photos: uint8 (height, width, 3) each, in the order of `labels`.
        pictures: uint8 (n, 64, 64, 3): the photos as the network sees them.
        labels: int (n,).
        classifier: from pictures to logits; its head has learned from all photos.
        held_out: float (n, classes): probabilities of each photo, by a head that had not seen it.
        probes: those heads, one a photo.
        final: the head that has seen all.
        left_out: photos left out at a time.
    """

    class_names: tuple[str, ...]
    photos: tuple[np.ndarray, ...]
    pictures: np.ndarray
    labels: np.ndarray
    classifier: "keras.Model"
    held_out: np.ndarray
    probes: tuple
    final: object
    left_out: int

    @property
    def wrong(self) -> np.ndarray:
        """Photos that were named wrong when they were left out; the surest mistake first."""
        said = self.held_out.argmax(axis=1)
        mistakes = np.flatnonzero(said != self.labels)
        return mistakes[self.held_out.max(axis=1)[mistakes].argsort(kind="stable")[::-1]]


def picture_of(photo: np.ndarray) -> np.ndarray:
    """A photo as the network sees it: uint8 (64, 64, 3); the saved model does the same."""
    return stream.picture_of(photo, SIZE)


def train(
    photos: Sequence[np.ndarray],
    labels: np.ndarray,
    class_names: Sequence[str],
    report: Callable[[float, str], bool] = lambda share, words: True,
) -> Trained | None:
    """Train on all photos, and judge each photo by a head that has not seen it.

    Args:
        photos: uint8 (height, width, 3), of any sizes.
        labels: (n,) int.
        class_names: one a class.
        report: called with the share that is done and with words; gives False to stop.

    Returns:
        The trained lab; None if it was stopped.

    Raises:
        InputError: a class has fewer than two photos, or there are fewer than two classes.
    """
    from tlcourse.transfer.probe import linear_probe

    _require_enough(np.bincount(labels, minlength=len(class_names)), class_names)
    if not report(0.0, "Looking at the photos …"):
        return None
    with _ONE_AT_A_TIME:
        backbone = load_backbone(BACKBONE)
        classifier = build_classifier(backbone, len(class_names))
        pictures = np.stack([picture_of(photo) for photo in photos])
        features = extract_features(backbone, pictures, cache=False)
    final = linear_probe(features, labels, c_values=[C])
    held_out = np.zeros((len(labels), len(class_names)))
    probes: list = [None] * len(labels)
    parts = folds(labels)
    for done, part in enumerate(parts):
        if not report(0.2 + 0.8 * done / len(parts), "Judging each photo without having seen it …"):
            return None
        rest = np.setdiff1d(np.arange(len(labels)), part)
        probe = linear_probe(features[rest], labels[rest], c_values=[C])
        held_out[part] = probe.predict_proba(features[part])
        for at in part:
            probes[at] = probe
    set_head(classifier, final)
    return Trained(
        tuple(class_names), tuple(photos), pictures, np.asarray(labels), classifier, held_out,
        tuple(probes), final, max(map(len, parts)),
    )  # fmt: skip


def _require_enough(counts: np.ndarray, class_names: Sequence[str]) -> None:
    if len(class_names) < 2:
        raise InputError("One class is nothing to tell apart: give photos to a second one.")
    if counts.min() < 2:
        few = ", ".join(
            f"{name} ({n})" for name, n in zip(class_names, counts, strict=True) if n < 2
        )
        raise InputError(
            f"Too few photos: {few}. Each class needs two, so that one can be left out to judge "
            "by; ten are better."
        )


def folds(labels: np.ndarray) -> list[np.ndarray]:
    """Which photos are left out together: each alone, or, of many, a tenth at a time."""
    from sklearn.model_selection import StratifiedKFold

    if len(labels) <= LEAVE_ONE_OUT_UP_TO or np.bincount(labels).min() < 10:
        return [np.array([at]) for at in range(len(labels))]
    split = StratifiedKFold(10, shuffle=True, random_state=0).split(labels[:, None], labels)
    return [part for _, part in split]


def explain(trained: Trained, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the evidence lay when photo `at` was judged: Grad-CAM of the head that had not seen it.

    Returns:
        Two maps, float32 (64, 64): for the class that it said, and for the right one.
    """
    picture = np.repeat(trained.pictures[at][None], 2, axis=0)
    classes = np.array([trained.held_out[at].argmax(), trained.labels[at]])
    with _ONE_AT_A_TIME:
        set_head(trained.classifier, trained.probes[at])
        try:
            said, right = grad_cam(trained.classifier, picture, class_index=classes).maps
        finally:
            set_head(trained.classifier, trained.final)
    return said, right


def judge(trained: Trained, photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the lab says about a new photo.

    Returns:
        Probabilities (classes,), and Grad-CAM (64, 64) for the likeliest class.
    """
    import keras
    from scipy.special import softmax

    with _ONE_AT_A_TIME:
        picture = picture_of(photo)
        logits = keras.ops.convert_to_numpy(trained.classifier(picture[None], training=False))[0]
        heat = grad_cam(trained.classifier, picture).maps
    return softmax(logits), heat


def script(class_names: Sequence[str]) -> str:
    """The Python code that trains the same model from the folder that `save` writes."""
    classes = json.dumps(list(class_names), ensure_ascii=False)
    return SCRIPT.format(classes=classes, size=SIZE, backbone=BACKBONE, c=C)


def save(trained: Trained, folder: str | Path) -> Path:
    """Write model, photos and code into a new folder; it is there in full, or not at all.

    Args:
        trained: what to save.
        folder: a folder that is not there yet.

    Returns:
        The folder, which holds `model.keras` (photos in, class names and probabilities out),
        `train.py`, and `photos/`, one sub-folder a class.

    Raises:
        InputError: there is something of that name.
        AssetError: it cannot be written.
    """
    from PIL import Image

    folder = Path(folder)
    if folder.exists():
        raise InputError(f"There is a “{folder.name}” already; choose another name.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".lab-") as draft:
            made = Path(draft) / folder.name
            for at, (photo, k) in enumerate(zip(trained.photos, trained.labels, strict=True)):
                path = made / "photos" / trained.class_names[k] / f"{at:04}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(photo).save(path)
            (made / "train.py").write_text(script(trained.class_names), "utf-8")
            model = ready_to_use(trained.classifier, trained.class_names, SIZE)
            save_model(model, made / "model.keras")
            shutil.move(made, folder)
    except OSError as error:
        raise AssetError(
            f"“{folder.name}” cannot be written ({error.strerror or error}); choose another place, "
            "or make room on the disk."
        ) from error
    return folder


def clean_name(name: str) -> str:
    """A class name that can be the name of a folder, everywhere."""
    words = re.sub(r'[\x00-\x1f\\/:*?"<>|]', " ", name).split()
    return " ".join(words)[:40].strip(" .")
