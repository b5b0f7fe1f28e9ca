"""Layer explorer: what each layer of a network makes of a picture.

All layers come from one graph, which is run once a picture and class; choosing another layer only
draws. So a change shows at once.
"""

import html
from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING

import ipywidgets as widgets
import numpy as np

from tlcourse.data.photographs import load_photographs
from tlcourse.drawing.render import render
from tlcourse.inside.looking import LayerLooker, Look, spatial_layers
from tlcourse.networks.backbones import load_photonet
from tlcourse.photos.geometry import square
from tlcourse.plots.inside import channel_tile
from tlcourse.widgets import style
from tlcourse.widgets.upload import Photo, upload

if TYPE_CHECKING:
    import keras

CHANNELS = 16  # tiles that are shown
LARGE, SMALL = 280, 112  # height of a picture and of a tile, in pixels
CLASSES = 5  # that Grad-CAM is offered for
_DRAWN = ("backpack", "sunglasses")


def layer_explorer(
    model: "keras.Model | None" = None,
    class_names: Sequence[str] | None = None,
    *,
    layers: Sequence[str] | None = None,
    pictures: Mapping[str, np.ndarray] | None = None,
) -> widgets.VBox:
    """Choose a picture and a layer; see its activations, strongest channels and Grad-CAM.

    Args:
        model: from pictures to logits; None is photonet with the head of its 180 classes.
        class_names: one a logit; None numbers them.
        layers: paths of layers with a spatial map; None is up to 12 activation layers.
        pictures: name → uint8 (height, width, 3); None is photographs and drawings of the course.

    Returns:
        The widget.
    """
    if model is None:
        model, class_names = load_photonet()
    look_at = LayerLooker(model, layers or spatial_layers(model))
    names = list(class_names or map(str, range(model.output_shape[1])))
    gallery = dict(pictures or bundled_pictures())

    choice = style.labeled(widgets.Dropdown, "Picture", options=list(gallery), width="18em")
    layer = style.labeled(
        widgets.SelectionSlider, "Layer", options=look_at.layers, width="34em",
        value=look_at.layers[len(look_at.layers) // 2],
    )  # fmt: skip
    target = style.labeled(widgets.Dropdown, "Evidence for", options=[], width="24em")
    line, view = style.message(), widgets.HTML()
    picture = look = None

    def draw(_=None) -> None:
        view.value = _view(picture, look, layer.value, names)

    def explain(_=None) -> None:
        nonlocal look
        if target.value not in (None, look.explained):  # not what a new picture has set
            look = look_at(picture, target.value)
            draw()

    def open_picture(_=None) -> None:
        nonlocal picture, look
        picture = square(gallery[choice.value], look_at.size)
        look = look_at(picture)
        likely = look.probabilities.argsort()[::-1][:CLASSES]
        target.options = [(f"{names[k]} ({look.probabilities[k]:.0%})", int(k)) for k in likely]
        target.index = 0
        draw()

    def take(photos: list[Photo], complaints: list[str]) -> None:
        if complaints:
            line.warn(" ".join(complaints))
            return
        (photo,) = photos
        line.say(f"{photo.name}: its middle square, at {look_at.size} × {look_at.size} pixels.")
        gallery[photo.name] = photo.pixels
        choice.options = list(gallery)
        choice.value = photo.name

    choice.observe(style.guarded(open_picture, line), "value")
    layer.observe(style.guarded(draw, line), "value")
    target.observe(style.guarded(explain, line), "value")
    open_picture()
    yours = upload("Your own picture", style.guarded(take, line))
    controls = [style.row(choice, yours, target), layer, line]
    return style.demo("Layer explorer: what each layer sees", *controls, view)


def bundled_pictures() -> dict[str, np.ndarray]:
    """Photographs, and drawings of the course, by name: uint8 (height, width, 3)."""
    photographs = load_photographs()
    first = ("coffee", "flower")  # those that photonet is sure of
    ordered = {name: photographs[name] for name in (*first, *photographs)}
    return ordered | {f"{name} (drawn)": render(name, 0, 0, size=256) for name in _DRAWN}


def _view(picture: np.ndarray, look: Look, layer: str, names: Sequence[str]) -> str:
    maps, name = look.maps[layer], names[look.explained]
    height, width, count = maps.shape
    strongest = maps.mean(axis=(0, 1)).argsort(kind="stable")[::-1][:CHANNELS]
    silent = float((maps.max(axis=(0, 1)) <= 0).mean())

    def tile(values: np.ndarray, alt: str, height: int) -> str:
        return style.image_html(style.as_bytes(channel_tile(values)), alt=alt, height=height)

    mean = f"Activation of {layer}, mean of all channels"
    cam = f"Grad-CAM at {layer} for {name}"
    large = {
        "What goes in": style.image_html(picture, alt="What goes in", height=LARGE),
        "Mean of all channels": tile(maps.mean(axis=-1), mean, LARGE),
        f"Grad-CAM: evidence for “{name}”": style.heat_html(
            picture, look.cams[layer], alt=cam, height=LARGE
        ),
    }
    small = {
        f"channel {k}": tile(maps[..., k], f"Channel {k} of {layer}", SMALL) for k in strongest
    }
    facts = (
        f"<b>{html.escape(layer)}</b>: {count} channels of {height} × {width} places; "
        f"{silent:.0%} of the channels are silent for this picture. The most active:"
    )
    rows = [style.row_html(starmap(style.figure_html, row.items())) for row in (large, small)]
    return f"<p style='margin: 0.6em 0 0.2em'>{facts}</p>".join(rows)
