"""`tlcourse predict MODEL IMAGE…`: what a retrained model says about photos."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tlcourse.machine.device import setup_device
from tlcourse.photos.read import EXTENSIONS, read_image
from tlcourse.retrain.model import load


def predict(model_path: Path, images: list[Path]) -> list[dict]:
    """For each photo `{"image", "class", "probabilities", "sure"}`, or `{"image", "error"}`.

    Without "sure" where the model has no threshold.

    A folder stands for the photos that lie in it and in its sub-folders.

    Raises:
        AssetError: the model cannot be read.
    """
    setup_device()

    model = load(model_path)
    names = [str(name) for name in model.get_layer("class_names").get_vocabulary()]
    answers = []
    for path in _photos(images):
        if isinstance(path, dict):
            answers.append(path)
            continue
        try:
            photo, _ = read_image(path)
        except Exception as error:  # see read_image: anything can come
            answers.append({"image": str(path), "error": f"cannot be read: {error}"})
            continue
        answer = model(photo[None], training=False)
        shares = dict(zip(names, map(float, answer["probabilities"][0]), strict=True))
        best = max(shares, key=shares.get)
        answers.append({"image": str(path), "class": best, "probabilities": shares})
        if "sure" in answer:
            answers[-1]["sure"] = bool(answer["sure"][0])
    return answers


def _photos(given: Iterable[Path]) -> Iterator[Path | dict]:
    """Each photo, those in folders included; an answer that says so for a folder without any."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in EXTENSIONS)
        if not found:
            yield {"image": str(path), "error": "is a folder without photos"}
        yield from found
