"""Moved."""

from tlcourse.old_names import moved

__getattr__ = moved(
    __name__,
    {
        "load_photonet_weights": "tlcourse.networks.photonet.load_photonet_weights",
        "photonet": "tlcourse.networks.photonet.photonet",
        "photonet_classes": "tlcourse.photonet_classes",
    },
)
