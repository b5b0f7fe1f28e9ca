"""Explanations: which pixels a class score depends on. Each method is the one of its paper.

All work on logits, the numbers before a softmax: a probability also changes when the score of
*another* class does (Simonyan et al. 2014, section 3). A softmax or sigmoid at the end of a model
is left out of the computation. Maps are not normalized; `plots.heat_maps` does that.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.inside.scores import TOP, cam_graph, gradient_graph, resized_cam_graph, score_graph
from tlcourse.inside.tracing import VALUE_RANGE, as_batch, compiled
from tlcourse.networks.layers import find_path

if TYPE_CHECKING:
    import keras

_CLASSES = ((None,), "int32")


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map for each picture, and what it explains.

    Attributes:
        method: name of the method.
        maps: float32 (n, height, width), or (height, width) if one image was given.
        classes: int (n,), or int: the class whose score is explained.
        layer: path of the layer that was used, or None if the method uses none.
    """

    method: str
    maps: np.ndarray
    classes: np.ndarray | int
    layer: str | None = None

    def __repr__(self) -> str:
        layer = f", layer {self.layer!r}" if self.layer else ""
        return f"Explanation({self.method}, maps {self.maps.shape}, classes {self.classes}{layer})"


def grad_cam(
    model: "keras.Model",
    images: np.ndarray,
    *,
    class_index: int | np.ndarray | None = None,
    layer: str | None = None,
    resize: bool = True,
    value_range: tuple[float, float] = VALUE_RANGE,
) -> Explanation:
    """Where the features lie that raise a class score.

    R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, arXiv:1610.02391, equations 1 and 2: the feature maps of a layer are
    added up, each times the mean gradient of the score over its positions; what is negative
    becomes 0.

    Args:
        model: from images to logits (n, classes); other models may be nested in it.
        images: (n, height, width, channels), or one image without the n.
        class_index: the class, or one an image; None is the one with the highest score.
        layer: path of a layer that gives feature maps; None is the last one that does.
        resize: enlarge the maps to the size of the images (bilinear).
        value_range: lowest and highest value that the model takes.

    Returns:
        Maps, at least 0, and the layer used.

    Raises:
        ValueError: an unknown layer, or one without a spatial map; a class out of range; images of
            a wrong shape or range.
    """
    batch, single = _batch(model, images, value_range)
    paths = () if layer is None else (find_path(model, layer),)
    run = compiled(resized_cam_graph if resize else cam_graph, model, paths, batch, _CLASSES)
    maps, classes, _ = run(batch, _chosen(run, model, class_index, len(batch)))
    return _explanation("Grad-CAM", maps, classes, single, run.notes["layer"])


def saliency(
    model: "keras.Model",
    images: np.ndarray,
    *,
    class_index: int | np.ndarray | None = None,
    value_range: tuple[float, float] = VALUE_RANGE,
) -> Explanation:
    """How much the class score changes with each pixel: the length of the gradient's largest part.

    K. Simonyan, A. Vedaldi and A. Zisserman, "Deep Inside Convolutional Networks", ICLR workshop
    2014, arXiv:1312.6034, section 3.1: the largest absolute value of the gradient over the
    channels.

    Args:
        model: from images to logits (n, classes).
        images: (n, height, width, channels), or one image.
        class_index: the class, or one an image; None is the one with the highest score.
        value_range: lowest and highest value that the model takes.

    Returns:
        Maps, at least 0: logits for each unit of a pixel's value.

    Raises:
        ValueError: a class out of range; images of a wrong shape or range.
    """
    batch, single = _batch(model, images, value_range)
    run = compiled(gradient_graph, model, (), batch, _CLASSES)
    gradient, classes, _ = run(batch, _chosen(run, model, class_index, len(batch)))
    return _explanation("saliency", np.abs(gradient).max(axis=-1), classes, single)


def smooth_grad(
    model: "keras.Model",
    images: np.ndarray,
    *,
    class_index: int | np.ndarray | None = None,
    samples: int = 25,
    noise: float = 0.15,
    batch_size: int = 32,
    seed: int = 0,
    value_range: tuple[float, float] = VALUE_RANGE,
) -> Explanation:
    """Saliency with less speckle: the mean gradient over noisy copies of each picture.

    D. Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017, arXiv:1706.03825,
    section 3. The largest absolute value over the channels is taken after the mean.

    Args:
        model: from images to logits (n, classes).
        images: (n, height, width, channels), or one image.
        class_index: the class, or one an image; None is the top one of the clean picture.
        samples: noisy copies of each picture, at least 1.
        noise: standard deviation of the noise, as a share of the picture's highest minus lowest
            value; the paper uses 0.1 to 0.2.
        batch_size: copies computed at once.
        seed: of the noise.
        value_range: lowest and highest value that the model takes.

    Returns:
        Maps, at least 0.

    Raises:
        ValueError: `samples` below 1 or `noise` below 0; else as for `saliency`.
    """
    if samples < 1 or noise < 0:
        raise ValueError(
            f"Expected samples ≥ 1 and noise ≥ 0, not samples={samples} and noise={noise}."
        )
    batch, single = _batch(model, images, value_range)
    clean = batch.astype("float32")
    run = compiled(gradient_graph, model, (), clean, _CLASSES)
    classes = _chosen(run, model, class_index, len(batch))
    if class_index is None:
        classes = np.asarray(run(clean, classes)[1])
    rng = np.random.default_rng(seed)
    maps = []
    for image, k in zip(clean, classes, strict=True):
        spread = noise * float(np.ptp(image))
        total = np.zeros_like(image, dtype="float64")
        for start in range(0, samples, batch_size):
            count = min(batch_size, samples - start)
            copies = image + rng.normal(0, spread, (count, *image.shape)).astype("float32")
            total += np.asarray(run(copies, np.full(count, k, "int32"))[0]).sum(axis=0)
        maps.append(np.abs(total / samples).max(axis=-1).astype("float32"))
    return _explanation("SmoothGrad", np.stack(maps), classes, single)


def occlusion(
    model: "keras.Model",
    images: np.ndarray,
    *,
    class_index: int | np.ndarray | None = None,
    patch: int = 16,
    stride: int | None = None,
    fill: float | None = None,
    batch_size: int = 64,
    value_range: tuple[float, float] = VALUE_RANGE,
) -> Explanation:
    """How far the class score falls when a gray square covers each place.

    M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
    arXiv:1311.2901, section 4.2, on the logit. Where squares overlap, a pixel gets the mean fall
    over those that cover it.

    Args:
        model: from images to logits (n, classes).
        images: (n, height, width, channels), or one image.
        class_index: the class, or one an image; None is the one with the highest score.
        patch: side of the square, in pixels.
        stride: pixels from one place of the square to the next, at most `patch`; None is half of
            it.
        fill: value of the square; None is the middle of `value_range`.
        batch_size: covered pictures computed at once.
        value_range: lowest and highest value that the model takes.

    Returns:
        Maps, in logits: positive where covering lowers the score.

    Raises:
        ValueError: a square that does not fit; else as for `saliency`.
    """
    batch, single = _batch(model, images, value_range)
    height, width = batch.shape[1:3]
    stride = max(1, patch // 2) if stride is None else stride
    if not (1 <= patch <= min(height, width) and 1 <= stride <= patch):
        raise ValueError(
            f"Expected 1 ≤ stride ≤ patch ≤ {min(height, width)} (the pictures' side), not "
            f"patch={patch} and stride={stride}."
        )
    fill = sum(value_range) / 2 if fill is None else fill
    tops, lefts = ([*range(0, side - patch, stride), side - patch] for side in (height, width))
    places = [(top, left) for top in tops for left in lefts]
    clean = batch.astype("float32")
    run = compiled(score_graph, model, (), clean, _CLASSES)
    chosen = _chosen(run, model, class_index, len(batch))
    scores, classes = map(np.asarray, run(clean, chosen)[:2])
    maps = []
    for image, k, score in zip(clean, classes, scores, strict=True):
        fall, covered = np.zeros((height, width)), np.zeros((height, width))
        for start in range(0, len(places), batch_size):
            chunk = places[start : start + batch_size]
            copies = np.repeat(image[None], len(chunk), axis=0)
            for copy, (top, left) in zip(copies, chunk, strict=True):
                copy[top : top + patch, left : left + patch] = fill
            covered_scores = np.asarray(run(copies, np.full(len(chunk), k, "int32"))[0])
            for (top, left), new in zip(chunk, covered_scores, strict=True):
                fall[top : top + patch, left : left + patch] += score - new
                covered[top : top + patch, left : left + patch] += 1
        maps.append((fall / covered).astype("float32"))
    return _explanation("occlusion", np.stack(maps), classes, single)


def _batch(model, images, value_range) -> tuple[np.ndarray, bool]:
    images = np.asarray(images)
    single = images.ndim == 3
    return as_batch(model, images[None] if single else images, value_range), single


def _explanation(method, maps, classes, single, layer=None) -> Explanation:
    maps, classes = np.asarray(maps), np.asarray(classes)
    if single:
        return Explanation(method, maps[0], int(classes[0]), layer)
    return Explanation(method, maps, classes, layer)


def _chosen(run, model, class_index, count: int) -> np.ndarray:
    """`class_index` as int32 (count,), checked against the number of logits."""
    if class_index is None:
        return np.full(count, TOP, "int32")
    classes = np.asarray(class_index)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (count,)):
        raise ValueError(
            f"class_index must be a whole number, or {count} of them (one an image), not "
            f"{class_index!r}."
        )
    number = run.notes["classes"]
    if classes.min() < 0 or (number is not None and classes.max() >= number):
        raise ValueError(
            f"class_index must lie in 0 … {number - 1}: {model.name} has {number} classes. "
            f"It was {class_index!r}."
        )
    return np.broadcast_to(classes, (count,)).astype("int32")
