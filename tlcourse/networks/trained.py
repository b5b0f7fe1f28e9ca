"""The course's own trained networks: their files, read without TensorFlow."""

from pathlib import Path

import numpy as np

from tlcourse.errors import AssetError
from tlcourse.files.assets import sha256

WEIGHTS = Path(__file__).resolve().parent / "weights" / "photonet.npz"


def stored_weights(path: str | Path = WEIGHTS) -> dict[str, np.ndarray]:
    """The weights of a file as float32, by `layer/variable`; raises as `load_photonet_weights`."""
    stored = _read(path)
    values = {name: array for name, array in stored.items() if "/" in name and ":" not in name}
    # int8 kernels carry a scale for each output channel
    return {
        name: array.astype("float32") * stored.get(f"{name}:scale", np.float32(1))
        for name, array in values.items()
    }


def photonet_classes(path: str | Path = WEIGHTS) -> tuple[str, ...]:
    """Names of the classes that the trained head tells apart, in the order of its outputs."""
    return tuple(_read(path)["classes"].tolist())


def _read(path: str | Path) -> dict[str, np.ndarray]:
    path = Path(path)
    sidecar = path.with_name(f"{path.name}.sha256")
    for file in (path, sidecar):
        if not file.is_file():
            raise AssetError(
                f"Expected photonet's weights at {file}; there is no such file. "
                "It comes with the course: install the course again."
            )
    expected = sidecar.read_text(encoding="ascii").split()[0]
    if (digest := sha256(path)) != expected:
        raise AssetError(
            f"{path} is damaged or not the file that was published: expected SHA-256 {expected}, "
            f"got {digest}. Nothing was loaded. Install the course again to get the file back."
        )
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
