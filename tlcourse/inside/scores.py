"""Class scores and their gradients, as graphs for `tlcourse.inside.tracing.compiled`.

Each gives its result, the classes (those asked for, the top one where `TOP` is asked for), and the
logits. What was found in the trace goes into `notes`: the number of classes, the layer used.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tlcourse.inside.tracing import attribute, heard_tensor, listening
from tlcourse.networks.layers import leaves, walk

if TYPE_CHECKING:
    import keras

TOP = -1  # class index that stands for the one with the highest score


def cam_graph(model, paths, notes, images, classes):
    """Grad-CAM (n, h, w) at the size of the layer's maps; `paths` may name the layer."""
    import tensorflow as tf

    layers = dict(leaves(model))
    wanted = paths[0] if paths else None
    if wanted is not None and wanted not in layers:
        layers = {wanted: dict(walk(model))[wanted]}
    with listening(layers) as heard:
        score, classes, logits = score_graph(model, (), notes, images, classes)
    maps = {
        path: x
        for path, x in heard.items()
        if isinstance(x, tf.Tensor) and x.shape.rank == 4 and x.shape[1:3] != (1, 1)
    }
    if wanted is None and not maps:
        raise ValueError(f"{model.name} has no layer with a spatial map, which Grad-CAM needs.")
    path = wanted or next(reversed(maps))
    if path not in maps:
        shape = heard_tensor(heard, path).shape
        near = ", ".join(map(repr, list(maps)[-3:])) or "none"
        raise ValueError(
            f"The layer {path!r} gives {tuple(shape)}: no spatial map. Grad-CAM needs a layer that "
            f"gives (n, h, w, channels); the last ones are: {near}."
        )
    notes["layer"] = path
    gradient = _gradients(score, maps[path], f"the layer {path!r}")
    return _cam(maps[path], gradient), classes, logits


def layers_graph(model, paths, notes, images, classes):
    """Activations of several layers and Grad-CAM at each, in one pass forward and one back.

    Each of `paths` names a layer with a spatial map. Gives two lists, classes and logits.
    """
    layers = dict(walk(model))
    with listening({path: layers[path] for path in paths}) as heard:
        score, classes, logits = score_graph(model, (), notes, images, classes)
    maps = [heard_tensor(heard, path) for path in paths]
    cams = [
        _cam(x, _gradients(score, x, f"the layer {path!r}"))
        for path, x in zip(paths, maps, strict=True)
    ]
    return maps, cams, classes, logits


def _cam(maps, gradient):
    """Grad-CAM, equations 1 and 2."""
    import tensorflow as tf

    weights = tf.reduce_mean(gradient, axis=(1, 2))
    return tf.cast(tf.nn.relu(tf.einsum("nhwc,nc->nhw", maps, weights)), tf.float32)


def resized_cam_graph(model, paths, notes, images, classes):
    """Grad-CAM (n, height, width), enlarged to the size of the images."""
    import tensorflow as tf

    cam, classes, logits = cam_graph(model, paths, notes, images, classes)
    return tf.image.resize(cam[..., None], images.shape[1:3])[..., 0], classes, logits


def gradient_graph(model, paths, notes, images, classes):
    """The gradient of the score with respect to the images."""
    score, classes, logits = score_graph(model, paths, notes, images, classes)
    return _gradients(score, images, "the image"), classes, logits


def _gradients(score, source, what: str):
    import tensorflow as tf

    gradient = tf.gradients(score, source)[0]
    if gradient is None:
        raise ValueError(f"The class scores do not depend on {what}: there is no gradient.")
    return gradient


def score_graph(model, paths, notes, images, classes):
    """The score (n,) of one class an image."""
    import tensorflow as tf

    with _linear_end(model):
        logits = model(images, training=False)
    if not isinstance(logits, tf.Tensor) or logits.shape.rank != 2:
        raise ValueError(
            f"{model.name} gives {getattr(logits, 'shape', type(logits))}; expected logits of "
            "shape (n, classes). Put a head on it: tlcourse.build_classifier(backbone, classes)."
        )
    notes["classes"] = logits.shape[1]
    top = tf.argmax(logits, axis=1, output_type=tf.int32)
    classes = tf.where(classes == TOP, top, classes)
    return tf.gather(logits, classes, batch_dims=1), classes, logits


@contextlib.contextmanager
def _linear_end(model: "keras.Model") -> Iterator[None]:
    """Leave out a softmax or sigmoid that ends the model, while the block runs."""
    import keras

    last = leaves(model)[-1][1]
    if isinstance(last, keras.layers.Softmax):
        change = attribute(last, "call", lambda inputs, mask=None: inputs)
    elif getattr(last, "activation", None) in (
        keras.activations.softmax,
        keras.activations.sigmoid,
    ):
        change = attribute(last, "activation", keras.activations.linear)
    else:
        change = contextlib.nullcontext()
    with change:
        yield
