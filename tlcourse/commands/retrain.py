"""`tlcourse retrain FOLDER`: a folder of photos in, a model and a report out."""

import argparse
from pathlib import Path

from tlcourse.errors import Stopped
from tlcourse.machine.device import quiet_tensorflow
from tlcourse.networks.backbones import list_backbones
from tlcourse.retrain.backbone import AUTO as AUTO_BACKBONE
from tlcourse.retrain.clock import Clock
from tlcourse.retrain.cluster import LOCAL
from tlcourse.retrain.formats import FORMATS
from tlcourse.retrain.groups import AUTO, WAYS
from tlcourse.retrain.output import CARD, MODEL, REPORT, claimed, default_output
from tlcourse.retrain.result import Options, Result
from tlcourse.retrain.run import run

ABOUT = """Train a model to tell the classes of a folder of photos apart.

The folder holds one sub-folder of photos a class; or train/, val/ and test/, each with these. No
photo is changed. Into the output folder go model.keras, report.html and MODEL_CARD.md, and
features.npz, by which `tlcourse retrain add NEW_CLASS_FOLDER --to OUTPUT` adds a class later."""
HELP = ("-h", "--help")


def main(argv: list[str] | None = None) -> int:
    """Retrain, or add a class; returns 0, and 1 where an exported file was not kept.

    Raises:
        CourseError: it cannot be done, or was interrupted.
    """
    if argv and argv[0] == "add" and len(argv) > 1 and (argv[1][0] != "-" or argv[1] in HELP):
        from tlcourse.commands.retrain_add import main as add

        return add(argv[1:])
    options = _parse(argv)
    clock = Clock()
    with claimed(options.output, options.folder, overwrite=options.overwrite):
        result = _retrain(options, clock)
    for name, file in (("Model:", MODEL), ("Card:", CARD), ("Report:", REPORT)):
        print(f"{name:7} {options.output / file}")
    return 1 if any(made.refused for made in result.exports) else 0


def _retrain(options: Options, clock: Clock) -> Result:
    """Do it, and tell what came of it."""
    target = options.output / MODEL
    before = _stamp(target)
    try:
        result = run(options, clock, lambda line: print(line, flush=True))
        test = result.test
        low, high = test.interval
        print(
            f"Test, {len(test.labels)} photos: {test.accuracy:.1%} right (95 % interval "
            f"{low:.1%} to {high:.1%}, Wilson)."
        )
        print(
            f"Saying the most frequent class gives {test.guess:.1%}; balanced accuracy "
            f"{test.balanced_accuracy:.1%}, macro F1 {test.macro_f1:.1%}."
        )
        if result.doubts:
            print(
                f"{len(result.doubts)} photos look more like another class than like their own: "
                "wrong labels, or hard photos. The report shows the likeliest."
            )
        for line in (result.suspicion, result.curve.verdict):
            print(line, end="\n" * bool(line), flush=True)
        with clock("report"):
            from tlcourse.retrain.card import write_card
            from tlcourse.retrain.report import write_report

            write_card(result, options.output / CARD)
            write_report(result, options.output / REPORT)
        return result
    except KeyboardInterrupt:
        there_is = (
            f"The model is {target}." if _stamp(target) != before else "There is no model yet."
        )
        raise Stopped(f"Interrupted. {there_is}") from None


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


class _List(argparse.Action):
    """Print the catalog of networks, and end: no folder is needed for that."""

    def __init__(self, *names, **options) -> None:
        super().__init__(*names, nargs=0, **options)

    def __call__(self, parser, *_) -> None:
        with quiet_tensorflow():
            print(list_backbones())
        parser.exit()


def _parse(argv: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="tlcourse retrain",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="the folder of photos")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where model and report go (default: FOLDER-model, here)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace model and report of an earlier run"
    )
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        default=AUTO_BACKBONE,
        help="auto (default): the best small network whose weights are here; or one by its name, "
        "such as photonet, MobileNetV2 or MobileNetV2:alpha=0.35",
    )
    parser.add_argument(
        "--image-size",
        type=_pixels,
        metavar="PIXELS",
        help="height and width at which the network looks at pictures; auto (default): its own, "
        "or another of a few by which a linear probe does better, cross-validated on training "
        "photos",
    )
    parser.add_argument("--list-backbones", action=_List, help="list all networks, and end")
    parser.add_argument(
        "--class-weights",
        choices=("auto", "none"),
        default="auto",
        help="auto: where classes are unequal, each counts the same in training; none: each photo",
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same model")
    parser.add_argument(
        "--validation", type=float, default=0.2, metavar="SHARE", help="of each class (0.2)"
    )
    parser.add_argument("--test", type=float, default=0.2, metavar="SHARE", help="the same (0.2)")
    parser.add_argument(
        "--group-by",
        choices=WAYS,
        default=AUTO,
        help="what stays on one side of the split: auto, what looks nearly the same or was taken "
        "in a row; folder, each folder within a class; name-pattern, names that are the same up "
        "to their last number; none",
    )
    parser.add_argument(
        "--time-budget",
        type=float,
        metavar="SECONDS",
        help="for all of it, from reading to the report: training ends in time for that; where "
        "reading alone would take longer, that is said soon, and nothing is written",
    )
    parser.add_argument(
        "--export",
        type=_formats,
        default=(),
        metavar="FORMATS",
        help="write the model for programs without Keras, too: onnx, litert (with an int8 form), "
        "html (a page that classifies photos in a browser; photonet alone); several with commas: "
        "--export onnx,litert",
    )
    parser.add_argument(
        "--dask",
        nargs="?",
        const=LOCAL,
        metavar="ADDRESS",
        help="extract features on the Dask cluster with this scheduler (tcp://HOST:PORT); without "
        "an address, on one that is started here",
    )
    given = parser.parse_args(argv)
    if not (given.validation > 0 and given.test > 0 and given.validation + given.test < 1):
        parser.error("--validation and --test must be above 0, and together below 1")
    if given.time_budget is not None and not given.time_budget > 0:
        parser.error("--time-budget must be above 0 seconds")
    if not 0 <= given.seed < 2**32:
        parser.error(f"--seed must be from 0 to {2**32 - 1}")
    folder = given.folder.expanduser()
    return Options(
        folder=folder,
        output=given.output.expanduser() if given.output else default_output(folder),
        overwrite=given.overwrite,
        backbone=given.backbone,
        validation=given.validation,
        test=given.test,
        seed=given.seed,
        budget=given.time_budget,
        dask=given.dask,
        group_by=given.group_by,
        class_weights=given.class_weights,
        export=given.export,
        size=given.image_size,
    )


def _pixels(text: str) -> int | None:
    if text == AUTO_BACKBONE:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected auto or a number of pixels, not {text!r}")
    return int(text)


def _formats(text: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if unknown := [part for part in asked if part not in FORMATS]:
        raise argparse.ArgumentTypeError(
            f"expected {', '.join(FORMATS)}, or several with commas, not {unknown[0]!r}"
        )
    return asked
