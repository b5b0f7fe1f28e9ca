"""`tlcourse predict MODEL IMAGE…`: what a retrained model says about photos."""

import argparse
import json
from pathlib import Path

from tlcourse.retrain.predict import predict

SHOWN = 3  # classes of each photo, in the table


def main(argv: list[str] | None = None) -> int:
    """Print classes with probabilities; returns 1 when a photo cannot be read."""
    parser = argparse.ArgumentParser(prog="tlcourse predict", description=main.__doc__)
    parser.add_argument("model", type=Path, help="model.keras, as `tlcourse retrain` wrote it")
    parser.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="a photo, or a folder of photos"
    )
    parser.add_argument("--json", action="store_true", help="print JSON: all classes, all digits")
    given = parser.parse_args(argv)
    answers = predict(given.model, given.images)
    if given.json:
        print(json.dumps(answers, ensure_ascii=False, indent=1))
    else:
        for answer in answers:
            print(f"{answer['image']}: {_line(answer)}")
    return 1 if any("error" in answer for answer in answers) else 0


def _line(answer: dict) -> str:
    if "error" in answer:
        return answer["error"]
    shares = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {share:.1%}" for name, share in shares[:SHOWN])
