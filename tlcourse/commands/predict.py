"""`tlcourse predict MODEL IMAGE…`: what a retrained model says about photos."""

import argparse
import json
from pathlib import Path

from tlcourse.errors import InputError
from tlcourse.retrain.predict import predict

SHOWN = 3  # classes of each photo, in the table
NONE = "none of these?"


def main(argv: list[str] | None = None) -> int:
    """Print classes with probabilities; returns 1 when a photo cannot be read.

    Raises:
        CourseError: the model cannot be read, or has no threshold for `--unsure`.
    """
    parser = argparse.ArgumentParser(
        prog="tlcourse predict",
        description="Print classes with probabilities, and `none of these?` where the model is "
        "not sure; what that is worth stands in its report.html.",
    )
    parser.add_argument("model", type=Path, help="model.keras, as `tlcourse retrain` wrote it")
    parser.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="a photo, or a folder of photos"
    )
    parser.add_argument("--json", action="store_true", help="print JSON: all classes, all digits")
    parser.add_argument(
        "--unsure",
        action="store_true",
        help="only the photos of which it is not sure, the least sure first: those to look at",
    )
    given = parser.parse_args(argv)
    answers = predict(given.model, given.images)
    status = 1 if any("error" in answer for answer in answers) else 0
    if given.unsure:
        answers = _unsure(answers, given.model)
    if given.json:
        print(json.dumps(answers, ensure_ascii=False, indent=1))
    else:
        for answer in answers:
            print(f"{answer['image']}: {_line(answer)}")
        if given.unsure and not answers:
            print("It is sure of every photo.")
    return status


def _unsure(answers: list[dict], model: Path) -> list[dict]:
    """The doubtful ones, and those that cannot be read after them."""
    if any("sure" not in answer for answer in answers if "error" not in answer):
        raise InputError(
            f"{model} has no threshold below which it is unsure: an earlier version made it, or "
            "the photo lab. `tlcourse retrain FOLDER` makes one that has."
        )
    doubtful = [answer for answer in answers if not answer.get("sure", True)]
    doubtful.sort(key=lambda answer: max(answer["probabilities"].values()))
    return doubtful + [answer for answer in answers if "error" in answer]


def _line(answer: dict) -> str:
    if "error" in answer:
        return answer["error"]
    shares = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares[:SHOWN])
    return told if answer.get("sure", True) else f"{NONE} {told}"
