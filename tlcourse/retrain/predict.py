"""`tlcourse predict MODEL IMAGE…`: what a retrained model says about photos."""

import argparse
import json
import sys
from pathlib import Path

from tlcourse.assets import AssetError
from tlcourse.data.check import read_image

SHOWN = 3  # classes of each photo, in the table


def main(argv: list[str] | None = None) -> int:
    """Print classes with probabilities; returns 1 when the model or a photo cannot be read."""
    parser = argparse.ArgumentParser(prog="tlcourse predict", description=main.__doc__)
    parser.add_argument("model", type=Path, help="model.keras, as `tlcourse retrain` wrote it")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="a photo")
    parser.add_argument("--json", action="store_true", help="print JSON: all classes, all digits")
    given = parser.parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        answers = predict(given.model, given.images)
    except AssetError as error:
        print(f"tlcourse predict: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(answers, ensure_ascii=False, indent=1))
    else:
        for answer in answers:
            print(f"{answer['image']}: {_line(answer)}")
    return 1 if any("error" in answer for answer in answers) else 0


def predict(model_path: Path, images: list[Path]) -> list[dict]:
    """For each photo `{"image", "class", "probabilities"}`, or `{"image", "error"}`.

    Raises:
        AssetError: the model cannot be read.
    """
    from tlcourse.device import setup_device

    setup_device()
    from tlcourse.retrain.model import load

    model = load(model_path)
    names = [str(name) for name in model.get_layer("class_names").get_vocabulary()]
    answers = []
    for path in images:
        try:
            photo, _ = read_image(path)
        except Exception as error:  # see read_image: anything can come
            answers.append({"image": str(path), "error": f"cannot be read: {error}"})
            continue
        probabilities = model(photo[None], training=False)["probabilities"][0]
        shares = dict(zip(names, map(float, probabilities), strict=True))
        best = max(shares, key=shares.get)
        answers.append({"image": str(path), "class": best, "probabilities": shares})
    return answers


def _line(answer: dict) -> str:
    if "error" in answer:
        return answer["error"]
    shares = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {share:.1%}" for name, share in shares[:SHOWN])


if __name__ == "__main__":
    sys.exit(main())
