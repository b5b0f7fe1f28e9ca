"""Which network: the best small one whose weights are here, or the one that was asked for."""

from typing import TYPE_CHECKING, NamedTuple

from tlcourse.errors import AssetError
from tlcourse.files.keras_weights import MissingWeights
from tlcourse.networks.backbones import list_backbones, load_backbone
from tlcourse.networks.needs import name_and_options

if TYPE_CHECKING:
    import keras

AUTO, OURS = "auto", "photonet"
# What comes before photonet where it is here: small enough for two cores.
SENSIBLE = (
    "MobileNetV2",
    "EfficientNetV2B0",
    "MobileNetV3Large",
    "EfficientNetB0",
    "MobileNet",
    "MobileNetV2:alpha=0.35",
)
BETTER = "MobileNetV2:alpha=0.35"
# Measured with `tlcourse retrain` on test photos, photonet at 64 pixels and BETTER at 224: flowers
# (5 × 100 photos) 80 and 89 %, four kinds of animals 83 and 97, raccoons and kangaroos 87 and 97;
# pictures of 32 pixels (CIFAR-10) 59 and 61. Time 33 and 87 s.
MISSED = (
    f"photonet comes with the course and is small. On three sets of photographs, {BETTER} named 9 "
    f"to 14 of 100 more right (it takes 2 MB to load). To use it: tlcourse "
    f"fetch {BETTER}, then the same again."
)


class Choice(NamedTuple):
    """A network by its name, such as `"MobileNetV2:alpha=0.35"`; its side in pixels; a remark.

    The remark says what a better network, which is not here, would bring; empty without one.
    """

    name: str
    size: int
    remark: str


def choose(asked: str, size: int | None = None) -> Choice:
    """The network to use.

    Args:
        asked: `"auto"`, or a name of `list_backbones()`, with options after a colon or without.
        size: that was asked for, in pixels; None for the network's own.

    Raises:
        InputError: there is no such network.
    """
    if asked != AUTO:
        return Choice(asked, size or size_of(asked), "")
    here = {row.name for row in list_backbones() if row.is_here}
    here |= {f"{row.name}:{option}" for row in list_backbones() for option in row.also_here}
    name = next((name for name in SENSIBLE if name in here), OURS)
    return Choice(name, size or size_of(name), MISSED if name == OURS else "")


def size_of(asked: str) -> int:
    """Height and width at which a network looks at pictures.

    Raises:
        InputError: there is no such network.
    """
    name, _ = name_and_options(asked)
    sizes = {row.name: row.image_size or 224 for row in list_backbones()}
    if name not in sizes:
        load_backbone(name)  # raises, with near matches
    return sizes[name]


def load(asked: str, size: int) -> "keras.Model":
    """The network, from pictures to features; its weights are those of its own size at any size.

    Raises:
        InputError: it cannot be built so.
        AssetError: its weights are not here, and cannot be loaded.
    """
    name, options = name_and_options(asked)
    options = {"trained_at": size_of(asked)} | options
    try:
        return load_backbone(name, image_size=size, **options)
    except MissingWeights as error:
        raise AssetError(
            f"The weights of {asked} ({error.file}) are not here, and {error.why}. With a network: "
            f"tlcourse fetch {asked}. Without one: --backbone auto takes the best network that is "
            f"here, and --backbone {OURS} the one that comes with the course."
        ) from error
