"""The model that is saved: photos in, class names and probabilities out, nothing else needed.

model = keras.models.load_model("model.keras")
model.predict(photos)                      # {"class": …, "probabilities": …, "sure": …}
model.get_layer("class_names").get_vocabulary()    # the classes, in order
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tlcourse.errors import AssetError
from tlcourse.files.assets import atomic_path
from tlcourse.old_names import moved
from tlcourse.photos.geometry import shrink

if TYPE_CHECKING:
    import keras


def ready_to_use(
    classifier: "keras.Model",
    class_names: Sequence[str],
    size: int,
    *,
    temperature: float = 1.0,
    threshold: float | None = None,
) -> "keras.Model":
    """A model from uint8 photos of any size and shape to answers; it looks at the middle square.

    Args:
        classifier: from pictures (n, size, size, 3) to logits (n, classes).
        class_names: one a class.
        size: at which the classifier looks at pictures.
        temperature: that logits are divided by before they become probabilities.
        threshold: a probability; below it, the model is not sure that it is any of the classes.

    Returns:
        A `keras.Model` from (n, height, width, 3) to `"probabilities"`, float32 (n, classes), and
        `"class"`, the names of the likeliest classes as UTF-8 bytes (n,); with a threshold also
        `"sure"`, bool (n,).
    """
    import keras

    photo = keras.Input((None, None, 3), dtype="uint8", name="photo")
    logits = classifier(shrink(photo, size))
    if temperature != 1:
        logits = keras.layers.Rescaling(1 / temperature, name="temperature")(logits)
    probabilities = keras.layers.Softmax(name="probabilities", dtype="float32")(logits)
    # A layer that turns a number into a word is how Keras itself carries class names along.
    named = keras.layers.StringLookup(
        vocabulary=list(class_names), num_oov_indices=0, invert=True, name="class_names"
    )
    best = named(keras.ops.argmax(probabilities, axis=-1))
    outputs = {"probabilities": probabilities, "class": best}
    if threshold is not None:
        above = keras.layers.Rescaling(1.0, offset=-threshold, name="above_threshold")
        outputs["sure"] = above(keras.ops.max(probabilities, axis=-1)) >= 0
    return keras.Model(photo, outputs, name="photos")


def save_model(model: "keras.Model", target: Path) -> None:
    """Write a `.keras` file; it is there in full, or not at all.

    Raises:
        AssetError: the folder, or that of temporary files, cannot be written, or a disk is full.
    """
    # Keras insists on a name that ends in .keras, and a draft's does not.
    with tempfile.TemporaryDirectory(prefix="tlcourse-") as folder:
        try:
            model.save(Path(folder) / "model.keras")
        except OSError as error:
            raise AssetError(
                f"Could not write to {Path(folder).parent}, where temporary files go: "
                f"{error.strerror or error}. Make room there, or set TMPDIR to another folder."
            ) from error
        with atomic_path(target, "") as draft:
            shutil.copyfile(Path(folder) / "model.keras", draft)


def load(path: Path) -> "keras.Model":
    """Read a model that was saved by `save_model`.

    Raises:
        AssetError: there is no such file, it is damaged, or it is another kind of model.
    """
    import keras

    if not Path(path).is_file():
        raise AssetError(f"There is no model {path}. `tlcourse retrain FOLDER` makes one.")
    try:
        model = keras.models.load_model(path, safe_mode=True)
        model.get_layer("class_names")
    except Exception as error:  # Keras and h5py raise whatever they stumble on
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AssetError(
            f"{path} is not a model that `tlcourse retrain` made, or it is damaged ({reason}). "
            "Other models are loaded with keras.models.load_model."
        ) from error
    return model


# Until the next release; see old_names.
__getattr__ = moved(__name__, {"save": "tlcourse.save_model"})
