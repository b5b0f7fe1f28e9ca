"""The report: one HTML page, with everything in it, readable without a network."""

import base64
import html
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse import plots
from tlcourse.auditing import audit
from tlcourse.files.assets import atomic_path
from tlcourse.inside.explain import grad_cam

if TYPE_CHECKING:
    from tlcourse.retrain.run import Result

MISTAKES = 8
MOST_CLASSES = 25  # in the table of confusions; of more, only the pairs that occur most are told
TEMPLATE = Path(__file__).with_name("report.html")


def write_report(result: "Result", target: Path) -> Path:
    """Write the page; it is there in full, or not at all.

    Raises:
        AssetError: it cannot be written.
    """
    test, task = result.test, result.task
    counts = np.bincount(task.test.labels, minlength=task.num_classes)
    page = string.Template(TEMPLATE.read_text("utf-8")).substitute(
        title=html.escape(f"{task.name}: {task.num_classes} classes of photos"),
        subtitle=html.escape(f"{result.trained.method} on {result.backbone}"),
        accuracy=f"{test.accuracy:.1%}",
        test_count=len(test.labels),
        low=f"{test.interval[0]:.1%}",
        high=f"{test.interval[1]:.1%}",
        guess=f"{counts.max() / counts.sum():.1%}",
        method=_method(result),
        photos=_photos(result),
        classes=_classes(result),
        mistakes=_mistakes(result),
        curve=_curve(result),
        audit=_audit(result),
        use=_use(result),
        times=_times(result.seconds),
        made=_made(result),
    )
    with atomic_path(target) as draft:
        draft.write_text(page, "utf-8")
    return target


def _method(result: "Result") -> str:
    head = ["method", "validation accuracy", "validation loss", ""]
    rows = [
        [
            name,
            f"{score.accuracy:.1%}",
            f"{score.loss:.3f}",
            "kept" * (name == result.trained.method),
        ]
        for name, score in result.trained.scores.items()
    ]
    why = (
        "The validation photos decide: fine-tuning is kept when it lowers their loss and gets no "
        f"fewer of them right. {result.trained.note}"
    )
    return _table(head, rows) + f"<p>{html.escape(why)}</p>"


def _photos(result: "Result") -> str:
    task = result.task
    head = ["class", "train", "validation", "test"]
    splits = (task.train, task.validation, task.test)
    counts = [np.bincount(split.labels, minlength=task.num_classes) for split in splits]
    rows = [[name, *row] for name, *row in zip(task.class_names, *counts, strict=True)]
    shown = [
        np.asarray(task.train.images[np.flatnonzero(task.train.labels == k)[0]])
        for k in range(min(task.num_classes, 10))
    ]
    sample = plots.images(np.stack(shown), columns=10)
    parts = [
        _figure(
            sample,
            "As the network sees them: the first training photo of each class, in the order of "
            "the table.",
            f"The first training photo of {', '.join(task.class_names[:10])}.",
        ),
        _table(head, rows),
        _findings("Left out", result.findings, result.options.folder),
        _findings("Read after a conversion", result.notes, result.options.folder),
    ]
    return "".join(parts)


def _audit(result: "Result") -> str:
    report = audit(result.trained.model, result.task)
    return f"<p>{html.escape(report.title)}</p>" + _table(None, report.rows(), text=True)


def _findings(title: str, findings: Sequence, folder: Path) -> str:
    if not findings:
        return ""
    lines = "".join(
        f"<li><code>{html.escape(_short(finding.path, folder))}</code> "
        f"{html.escape(finding.message)}</li>"
        for finding in findings
    )
    return f"<details><summary>{title}: {len(findings)} files</summary><ul>{lines}</ul></details>"


def _short(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path != folder else folder.name


def _classes(result: "Result") -> str:
    test, names = result.test, result.task.class_names
    rows = [
        [name, count, _percent(precision), _percent(recall)]
        for name, count, precision, recall in zip(
            names, test.confusion.sum(axis=1), test.precision, test.recall, strict=True
        )
    ]
    head = ["class", "test photos", "right when it says so", "found of all there are"]
    figures = _table(head, rows)
    if len(names) > MOST_CLASSES:
        return figures + _pairs(test.confusion, names)
    return figures + _confusion(test.confusion, names)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.0%}"


def _confusion(confusion: np.ndarray, names: Sequence[str]) -> str:
    lines = []
    for row, name in zip(confusion, names, strict=True):
        cells = []
        for count in row:
            share = count / max(1, row.sum())
            ink = "#fff" if share > 0.55 else "#222"
            style = f"background: rgba(0,114,178,{share:.2f}); color: {ink}"
            cells.append(f'<td style="{style}">{count or ""}</td>')
        lines.append(f'<tr><th scope="row">{html.escape(name)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    caption = "Test photos: what they are (rows), and what the model says (columns)."
    return (
        f'<div class="wide"><table class="confusion"><caption>{caption}</caption>'
        f"<tr><td></td>{head}</tr>{''.join(lines)}</table></div>"
    )


def _pairs(confusion: np.ndarray, names: Sequence[str]) -> str:
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:20]
    rows = [
        [names[a], names[b], wrong[a, b]]
        for a, b in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[a, b]
    ]
    return _table(["it is", "the model says", "times"], rows)


def _mistakes(result: "Result") -> str:
    test, task = result.test, result.task
    chosen = test.worst(MISTAKES)
    if not len(chosen):
        return "<p>There is none.</p>"
    pictures = np.asarray(task.test.images[chosen])
    maps = grad_cam(result.trained.model, pictures, class_index=test.answers[chosen]).maps
    parts = [
        "<p>Left, the photo as the network saw it; right, where it found the class that it said "
        "(Grad-CAM). Look for labels that are wrong, for photos that nobody could tell, and for "
        "heat on the background.</p>"
    ]
    for at, picture, heat in zip(chosen, pictures, maps, strict=True):
        is_, said = task.class_names[test.labels[at]], task.class_names[test.answers[at]]
        sure = test.probabilities[at].max()
        file = _short(result.paths["test"][at], result.options.folder)
        words = f"{file}: is {is_}, the model says {said} ({sure:.0%})"
        ax = plots.heat_maps(picture[None], heat[None], columns=1)
        parts.append(_figure(ax.figure, words, f"A photo and its heat map. {words}.", "mistake"))
    return "".join(parts)


def _curve(result: "Result") -> str:
    curve = result.curve
    ax = plots.learning_curves(
        curve.sizes, {"frozen": curve.accuracies}, xlabel="training photos, all classes together"
    )
    ax.set_ylabel("validation accuracy", fontsize=12)
    ax.get_legend().remove()
    means = curve.accuracies.mean(axis=1)
    told = ", ".join(f"{m:.0%} with {s}" for s, m in zip(curve.sizes, means, strict=True))
    caption = (
        "A linear probe on a part of the training photos, several draws each: the line is their "
        "mean, the band goes from the worst to the best."
    )
    figure = _figure(ax.figure, caption, f"Validation accuracy: {told} training photos.")
    return f"<p><b>{html.escape(curve.verdict)}</b></p>{figure}"


def _use(result: "Result") -> str:
    path = result.model_path.name
    code = f"""import keras, numpy as np
from PIL import Image, ImageOps

model = keras.models.load_model("{path}")
photo = ImageOps.exif_transpose(Image.open("photo.jpg"))  # as the camera was held
photo = np.asarray(photo.convert("RGB"))  # any size, 0 to 255
answer = model.predict(photo[None])
print(answer["class"][0].decode(), answer["probabilities"][0].max())
print(model.get_layer("class_names").get_vocabulary())  # the order of the probabilities"""
    line = f"tlcourse predict {path} photo.jpg --json"
    return (
        "<p>The model carries its preprocessing and the names of its classes. It needs Keras with "
        "TensorFlow, and nothing else of this course.</p>"
        f"<pre>{html.escape(code)}</pre><p>Or in a terminal:</p><pre>{html.escape(line)}</pre>"
        "<p>It knows only the classes above, and says one of them for any picture at all. Its "
        "accuracy holds for photos like those of the test, not for other cameras or places.</p>"
    )


def _times(seconds: dict[str, float]) -> str:
    longest = max(seconds.values())
    rows = "".join(
        f'<tr><th scope="row">{html.escape(step)}</th><td>{took:.1f} s</td>'
        '<td class="text"><span class="bar" '
        f'style="width: {12 * took / longest:.1f}rem"></span></td></tr>'
        for step, took in seconds.items()
    )
    return f"<table>{rows}</table>"


def _made(result: "Result") -> str:
    import keras
    import tensorflow as tf

    import tlcourse

    options = result.options
    split = (
        f"{options.validation:.0%} of each class to validate and {options.test:.0%} to test, drawn "
        f"with seed {options.seed}, unless the folder was split already"
    )
    rows = [
        ["backbone", f"{result.backbone}, {result.size}×{result.size} pixels"],
        ["split", split],
        ["C of the probe", f"{result.trained.regularization:g}"],
        ["versions", f"tlcourse {tlcourse.__version__}, Keras {keras.__version__}, TensorFlow "
         f"{tf.__version__}"],
    ]  # fmt: skip
    return _table(None, rows, text=True)


def _table(head: Iterable[str] | None, rows: Iterable[Sequence], text: bool = False) -> str:
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head or ())
    mark = ' class="text"' if text else ""
    lines = "".join(
        f'<tr><th scope="row">{html.escape(str(first))}</th>'
        + "".join(f"<td{mark}>{html.escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{lines}</table>"


def _figure(fig, caption: str, alt: str, kind: str = "") -> str:
    data = base64.b64encode(plots.png(fig)).decode()
    return (
        f'<figure class="{kind}"><img alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{data}"><figcaption>{html.escape(caption)}</figcaption></figure>'
    )
