"""The formats of an exported model: what writes each, and what answers with it."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

ONNX, LITERT, HTML = FORMATS = ("onnx", "litert", "html")
FILES = ("model.onnx", "model.tflite", "model_int8.tflite", "model.html")
APART = 1e-3  # a difference of probabilities that rounding can make, and more than that is none
CALIBRATE = 100  # training pictures by which the range of int8 is set
BATCH = 16


def for_pictures(classifier: "keras.Model", size: int, temperature: float) -> "keras.Model":
    """The same layers from uint8 pictures of one size to probabilities, without any resizing.

    A backbone begins with a resizing, which does nothing to pictures of its own size, and which
    other formats do not know.
    """
    import keras

    backbone, *rest = classifier.layers[1:]
    resized = next(op.output for op in backbone.operations if type(op).__name__ == "Resize")
    picture = keras.Input((size, size, 3), dtype="uint8", name="picture")
    x = keras.Model(resized, backbone.output, name="network")(keras.ops.cast(picture, "float32"))
    for layer in rest:
        x = layer(x)
    x = keras.layers.Rescaling(1 / temperature, name="temperature")(x)
    x = keras.layers.Softmax(name="probabilities", dtype="float32")(x)
    model = keras.Model(picture, {"probabilities": x}, name="pictures")
    model(np.zeros((1, size, size, 3), "uint8"))  # Keras exports no model that was never called
    return model


def steps(
    formats: Sequence[str], model: "keras.Model", calibrate: np.ndarray
) -> Iterator[tuple[str, Callable, Callable, float | None]]:
    """Of each file its name, what writes it, what answers with it, and how far it may differ."""
    import tensorflow as tf

    def onnx(path: Path) -> None:
        model.export(path, format="onnx", verbose=False)

    def lite(path: Path, **options) -> None:
        model.export(path, format="litert", verbose=False, **options)

    def int8(path: Path) -> None:
        chosen = np.linspace(0, len(calibrate) - 1, min(CALIBRATE, len(calibrate))).astype(int)
        lite(
            path,
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=lambda: ([calibrate[at][None]] for at in chosen),
        )

    if ONNX in formats:
        yield FILES[0], onnx, run_onnx, APART
    if LITERT in formats:
        yield FILES[1], lite, run_litert, APART
        yield FILES[2], int8, run_litert, None


def run_onnx(path: Path, pictures: np.ndarray) -> np.ndarray:
    """Probabilities (n, classes) by ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    parts = [session.run(["probabilities"], {"picture": part})[0] for part in _batches(pictures)]
    return np.concatenate(parts)


def run_litert(path: Path, pictures: np.ndarray) -> np.ndarray:
    """Probabilities (n, classes) by the interpreter of LiteRT that is in TensorFlow."""
    import tensorflow as tf

    with warnings.catch_warnings():
        # It names the package that is to take its place, and which is one more to install.
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(str(path))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    parts = []
    for part in _batches(pictures):
        interpreter.resize_tensor_input(taken["index"], part.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], part)
        interpreter.invoke()
        parts.append(interpreter.get_tensor(given["index"]))
    return np.concatenate(parts)


def _batches(pictures: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(pictures), BATCH):
        yield np.ascontiguousarray(pictures[at : at + BATCH])
