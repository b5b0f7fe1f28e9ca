"""`tlcourse audit MODEL --data FOLDER`: look for the classic mistakes in a model that was saved."""

import argparse
import dataclasses
import json
import warnings
from pathlib import Path

from tlcourse.errors import CourseError

FOUND = 1  # exit status where something was found


class AuditError(CourseError):
    """The audit could not be made; the message says why."""

    status = 2


def main(argv: list[str] | None = None) -> int:
    """Look for mistakes in a saved model and its photos; nothing is trained or changed.

    Returns 0 where nothing was found, and 1 where something was; 2 where it could not look.
    """
    parser = argparse.ArgumentParser(prog="tlcourse audit", description=main.__doc__)
    parser.add_argument("model", type=Path, help="a .keras file, saved after `compile`")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="photos, one folder a class; or train/, val/ and test/ with such folders. Photos "
        "are given to the model as they are, in [0, 255]",
    )
    parser.add_argument(
        "--pretrained",
        choices=("yes", "no"),
        help="whether the network was pretrained; left out, it is looked for",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(argv)
    report = look(given.model, given.data, {"yes": True, "no": False}.get(given.pretrained))
    print(json.dumps(dataclasses.asdict(report), indent=1) if given.json else report.text())
    return FOUND if report else 0


def look(path: Path, data: Path | None = None, pretrained: bool | None = None):
    """The report on a saved model.

    Raises:
        AuditError: there is no such model, it cannot be read, or the photos cannot.
    """
    if not path.is_file():
        raise AuditError(f"There is no {path}. Expected a file that `model.save` has written.")
    import keras

    from tlcourse.auditing import audit
    from tlcourse.photos.folder import load_image_folder

    try:
        with warnings.catch_warnings(action="ignore"):  # an optimizer that has made no step yet
            model = keras.models.load_model(path, safe_mode=True)
    except Exception as error:  # Keras raises many kinds, for many reasons
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise AuditError(f"{path} could not be loaded as a Keras model: {first}") from error
    task = None
    if data is not None:
        try:
            task = load_image_folder(data, image_size=_side(model), skip_broken=True)
        except (CourseError, ValueError, OSError) as error:
            raise AuditError(f"The photos in {data} could not be read: {error}") from error
    return audit(model, task, pretrained=pretrained)


def _side(model) -> int:
    """Height and width of its pictures; 224 where any will do."""
    shape = getattr(model, "input_shape", None)
    sides = shape[1:3] if isinstance(shape, tuple) and len(shape) == 4 else ()
    return max([side for side in sides if side] or [224])
