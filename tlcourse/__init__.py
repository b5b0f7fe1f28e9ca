"""Helpers of the transfer-learning course: device, data, claims, pictures.

Importing this package is cheap: TensorFlow is imported only by the functions that need it
(PEP 562 lazy attributes), so that `setup_device` can still set it up.
"""

from importlib import import_module

__version__ = "0.1.0"

# public name -> module that defines it
_EXPORTS = {
    "DeviceInfo": "device",
    "setup_device": "device",
    "set_seed": "device",
    "Split": "data",
    "Task": "data",
    "load_task": "data",
    "list_tasks": "data",
    "load_image_folder": "data",
    "check_images": "data",
    "TextTask": "data",
    "load_imdb": "data",
    "load_reviews": "data",
    "claim": "claims",
    "lesson_seed": "claims",
    "list_backbones": "backbones",
    "load_backbone": "backbones",
    "load_minilm": "minilm",
    "audit": "auditing",
    "extract_features": "features",
    "ActivationExtractor": "activations",
    "get_activations": "activations",
    "list_layers": "activations",
    "grad_cam": "explain",
    "occlusion": "explain",
    "saliency": "explain",
    "smooth_grad": "explain",
    "linear_cka": "similarity",
    "build_classifier": "transfer",
    "compare": "transfer",
    "fine_tune": "transfer",
    "freeze": "transfer",
    "linear_probe": "probe",
    "unfreeze": "transfer",
    "trainable_summary": "summary",
}
_MODULES = (
    "activations",
    "assets",
    "auditing",
    "backbones",
    "claims",
    "data",
    "device",
    "explain",
    "features",
    "plots",
    "probe",
    "similarity",
    "summary",
    "transfer",
    "widgets",
)

__all__ = ["__version__", *_EXPORTS, *_MODULES]


def __getattr__(name: str):
    if name in _EXPORTS:
        return getattr(import_module(f"tlcourse.{_EXPORTS[name]}"), name)
    if name in _MODULES:
        return import_module(f"tlcourse.{name}")
    raise AttributeError(
        f"module 'tlcourse' has no attribute {name!r}; it has: {', '.join(__all__)}"
    )


def __dir__() -> list[str]:
    return sorted(__all__)
