"""The report: one HTML page, with everything in it, readable without a network.

Nothing is computed here that `tlcourse.retrain.run` could: the page says what is in its `Result`.
Words and tags are in report.html.j2, and figures are drawn here.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import tlcourse
from tlcourse import plots
from tlcourse.files.assets import atomic_path

if TYPE_CHECKING:
    from tlcourse.retrain.result import Result

MOST_CLASSES = 25  # in the table of confusions; of more, only the pairs that occur most are told
PAIRS = 20  # of them
SAMPLES = 10  # classes of which the first photo is shown
TEMPLATE = Path(__file__).with_name("report.html.j2")


def write_report(result: "Result", target: Path) -> Path:
    """Write the page; it is there in full, or not at all.

    Raises:
        AssetError: it cannot be written.
    """
    page = render(result)
    with atomic_path(target, "") as draft:
        draft.write_text(page, "utf-8")
    return target


def render(result: "Result") -> str:
    """The page as text. What is in names of classes and of files is text in it, and no tags."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    pages.filters["percent"] = _percent
    pages.filters["short"] = lambda path: _short(path, result.options.folder)
    means = result.curve.accuracies.mean(axis=1)
    test_counts = np.bincount(result.task.test.labels)
    return pages.get_template(TEMPLATE.name).render(
        r=result,
        guess=test_counts.max() / test_counts.sum(),
        methods=_methods(result),
        sample=_sample(result),
        counts=_counts(result),
        classes=_classes(result),
        pairs=_pairs(result),
        mistakes=_mistakes(result),
        curve=_curve(result),
        told=", ".join(f"{m:.0%} with {s}" for s, m in zip(result.curve.sizes, means, strict=True)),
        made=_made(result),
    )


def _percent(share: float, digits: int = 0) -> str:
    return "–" if np.isnan(share) else f"{share:.{digits}%}"


def _short(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path != folder else folder.name


# ------------------------------------------------------------------ rows of tables


def _methods(result: "Result") -> list[Sequence]:
    return [
        (name, _percent(score.accuracy, 1), f"{score.loss:.3f}",
         "kept" * (name == result.trained.method))
        for name, score in result.trained.scores.items()
    ]  # fmt: skip


def _counts(result: "Result") -> list[Sequence]:
    task = result.task
    splits = (task.train, task.validation, task.test)
    counts = [np.bincount(split.labels, minlength=task.num_classes) for split in splits]
    return list(zip(task.class_names, *counts, strict=True))


def _classes(result: "Result") -> list[Sequence]:
    test = result.test
    columns = (
        test.confusion.sum(axis=1),
        map(_percent, test.precision),
        map(_percent, test.recall),
    )
    return list(zip(result.task.class_names, *columns, strict=True))


def _pairs(result: "Result") -> list[Sequence] | None:
    """The classes that are taken for others most often; None where a table of all has room."""
    names, confusion = result.task.class_names, result.test.confusion
    if len(names) <= MOST_CLASSES:
        return None
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    return [
        (names[a], names[b], wrong[a, b])
        for a, b in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[a, b]
    ]


def _made(result: "Result") -> list[Sequence]:
    import keras
    import tensorflow as tf

    options = result.options
    split = (
        f"{options.validation:.0%} of each class to validate and {options.test:.0%} to test, drawn "
        f"with seed {options.seed}, unless the folder was split already"
    )
    versions = (
        f"tlcourse {tlcourse.__version__}, Keras {keras.__version__}, TensorFlow {tf.__version__}"
    )
    return [
        ("backbone", f"{result.backbone}, {result.size}×{result.size} pixels"),
        ("split", split),
        ("C of the probe", f"{result.trained.regularization:g}"),
        ("versions", versions),
    ]


# ------------------------------------------------------------------ figures


def _png(drawn) -> str:
    """A figure, or the axes in it, as the text that a page holds it by."""
    return base64.b64encode(plots.png(drawn.figure)).decode()


def _sample(result: "Result") -> str:
    images, labels = result.task.train
    firsts = [np.flatnonzero(labels == k)[0] for k in range(min(result.task.num_classes, SAMPLES))]
    return _png(plots.images(np.stack([images[at] for at in firsts]), columns=SAMPLES))


def _mistakes(result: "Result") -> list[tuple[str, str]]:
    """Of each mistake a figure, photo and evidence, and its words."""
    test, task, shown = result.test, result.task, []
    for at, heat in zip(result.mistakes, result.evidence, strict=True):
        drawn = plots.heat_maps(task.test.images[at][None], heat[None], columns=1)
        is_, said = task.class_names[test.labels[at]], task.class_names[test.answers[at]]
        file = _short(result.paths["test"][at], result.options.folder)
        sure = _percent(test.probabilities[at].max())
        shown.append((_png(drawn), f"{file}: is {is_}, the model says {said} ({sure})"))
    return shown


def _curve(result: "Result") -> str:
    curve = result.curve
    ax = plots.learning_curves(
        curve.sizes, {"frozen": curve.accuracies}, xlabel="training photos, all classes together"
    )
    ax.set_ylabel("validation accuracy", fontsize=12)
    ax.get_legend().remove()
    return _png(ax)
