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
SAMPLES, OF_EACH = 10, 6  # classes of which photos are shown, and how many of each
DOUBTS = 24  # labels that may be wrong, with their photos
TEMPLATE = "report.html.j2"


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
    page = pages(html=True)
    page.filters["short"] = lambda path: _short(path, result.options.folder)
    means = result.curve.accuracies.mean(axis=1)
    return page.get_template(TEMPLATE).render(
        r=result,
        methods=_methods(result),
        beside=beside(result),
        samples=_samples(result),
        doubts=_doubts(result),
        counts=count_rows(result),
        classes=class_rows(result),
        levels=_levels(result),
        refusals=_refusals(result),
        pairs=_pairs(result),
        mistakes=_mistakes(result),
        curve=_curve(result),
        told=", ".join(f"{m:.0%} with {s}" for s, m in zip(result.curve.sizes, means, strict=True)),
        made=_made(result),
    )


def pages(*, html: bool) -> Environment:
    """What fills in templates of this room; a field that is not there is an error."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=html,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    found.filters["percent"] = _percent
    return found


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


def beside(result: "Result") -> list[Sequence]:
    """Rows: the model's results, and what one gets without it."""
    test = result.test
    return [
        ("the model", _percent(test.accuracy, 1)),
        ("the model, balanced accuracy: each class counts the same",
         _percent(test.balanced_accuracy, 1)),
        ("the model, macro F1: the same, and false alarms count", _percent(test.macro_f1, 1)),
        ("the most frequent class, always", _percent(test.guess, 1)),
        *((one.name, _percent(one.accuracy, 1)) for one in result.baselines),
    ]  # fmt: skip


def count_rows(result: "Result") -> list[Sequence]:
    """Rows: each class, and its photos to train, to validate and to test."""
    task = result.task
    splits = (task.train, task.validation, task.test)
    counts = [np.bincount(split.labels, minlength=task.num_classes) for split in splits]
    return list(zip(task.class_names, *counts, strict=True))


def class_rows(result: "Result") -> list[Sequence]:
    """Rows: each class, its test photos, its precision and its recall."""
    test = result.test
    columns = (
        test.confusion.sum(axis=1),
        map(_percent, test.precision),
        map(_percent, test.recall),
    )
    return list(zip(result.task.class_names, *columns, strict=True))


def _levels(result: "Result") -> list[Sequence]:
    says = [
        f"{_percent(one.low)} to {_percent(one.high)}" if one.low else f"below {_percent(one.high)}"
        for one in result.trust.levels
    ]
    return [
        (words, one.photos, _percent(one.sure),
         _percent(one.right), f"{_percent(one.interval[0])} to {_percent(one.interval[1])}")
        for words, one in zip(says, result.trust.levels, strict=True)
    ]  # fmt: skip


def _refusals(result: "Result") -> list[Sequence]:
    """What each threshold refuses, and of how many; a dash where there was none."""
    rows = []
    for one in result.trust.thresholds:
        shares = (one.right, one.wrong, one.strangers)
        cells = [f"{part} of {of} ({part / of:.0%})" if of else "–" for part, of in shares]
        rows.append((_percent(one.value), *cells))
    return rows


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


def _samples(result: "Result") -> list[tuple[str, str]]:
    """Of each class a strip of training photos, drawn at random, and its name."""
    images, labels = result.task.train
    dice, strips = np.random.default_rng(result.options.seed), []
    for k, name in enumerate(result.task.class_names[:SAMPLES]):
        members = np.flatnonzero(labels == k)
        chosen = np.sort(dice.permutation(members)[:OF_EACH])
        strips.append((_png(plots.images(np.stack([images[at] for at in chosen]))), name))
    return strips


def _doubts(result: "Result") -> list[tuple[str, str]]:
    """Photos whose labels may be wrong, each with its words."""
    task, shown = result.task, []
    where = {
        path: (getattr(task, split).images, at)
        for split, paths in result.paths.items()
        for at, path in enumerate(paths)
    }
    for doubt in result.doubts[:DOUBTS]:
        images, at = where[doubt.path]
        file = _short(doubt.path, result.options.folder)
        words = (
            f"{file}: called {doubt.label} ({_percent(doubt.own)}), looks like "
            f"{doubt.looks_like} ({_percent(doubt.looks)})"
        )
        shown.append((_png(plots.images(images[at][None])), words))
    return shown


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
