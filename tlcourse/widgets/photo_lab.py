"""Photo lab: a teachable machine in the notebook. Photos in, a trained model out, all offline."""

import html
from collections.abc import Callable, Sequence
from itertools import starmap
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from tlcourse.errors import InputError
from tlcourse.retrain import lab
from tlcourse.widgets import style
from tlcourse.widgets.jobs import Job, Run
from tlcourse.widgets.upload import Photo, upload

MOST_CLASSES = 6
THUMBNAILS = 14  # of a class that are shown
MISTAKES, MISTAKE = 4, 130  # that are shown, and the height of a photo in pixels
EXAMPLES_EACH = 14
NO_EXAMPLES = "your own photos"
_DRAWN = ("sunglasses", "eyeglasses", "goggles")


class ClassPanel:
    """One class: its name, its photos, and the controls for them."""

    def __init__(self, number: int, line: style.Message, on_change: Callable[[], object]) -> None:  # noqa: D107
        self.photos: list[Photo] = []
        self._line, self._on_change = line, on_change
        self.name = style.labeled(
            widgets.Text, f"Class {number}", value=f"class {number}", width="17em",
            continuous_update=False,
        )  # fmt: skip
        give = upload(f"Photos for class {number}", style.guarded(self.add, line), multiple=True)
        clear = style.button(f"Clear class {number}", style.guarded(self._clear, line))
        self._sheet = widgets.HTML()
        self.widget = widgets.VBox([style.row(self.name, give, clear), self._sheet])
        self._draw()

    def add(self, photos: Sequence[Photo], complaints: Sequence[str] = ()) -> None:
        """Take photos, and tell what could not be taken."""
        known = {photo.pixels.tobytes() for photo in self.photos}
        complaints = list(complaints)
        for photo in photos:
            if photo.pixels.tobytes() in known:
                complaints.append(f"{photo.name} is there already.")
            else:
                known.add(photo.pixels.tobytes())
                self.photos.append(photo)
        if complaints:
            self._line.warn(" ".join(complaints))
        else:
            self._line.say(f"{len(photos)} more for {self.name.value}.")
        self._draw()
        self._on_change()

    def _clear(self, _) -> None:
        self.photos = []
        self._draw()
        self._on_change()

    def fill(self, name: str, photos: Sequence[Photo]) -> None:
        """Take these photos instead of those that are there."""
        self.name.value, self.photos = name, list(photos)
        self._draw()

    def _draw(self) -> None:
        shown = [
            style.image_html(photo.pixels, alt=f"Photo {photo.name}", height=72)
            for photo in self.photos[-THUMBNAILS:]
        ]
        count, more = len(self.photos), len(self.photos) - len(shown)
        words = f"{count} photo{'s' * (count != 1)}" + (f", {more} of them not shown" * bool(more))
        self._sheet.value = f"<div>{words}</div>{style.row_html(shown, 4)}"


def photo_lab(folder: str | Path = ".") -> widgets.VBox:
    """Give photos to two or more classes, train, see the mistakes, try a new photo, save.

    Args:
        folder: where `Save` makes its folder.

    Returns:
        The widget.
    """
    panels: list[ClassPanel] = []
    trained: lab.Trained | None = None
    unseen: list[Photo] = []  # examples to try

    photos_line, try_line, save_line = style.message(), style.message(), style.message()
    classes, result = widgets.VBox(), widgets.HTML()
    tried, saved = widgets.HTML(), widgets.HTML()
    examples = style.labeled(
        widgets.Dropdown, "Start with", options=[NO_EXAMPLES, *EXAMPLES], width="26em"
    )
    name = style.labeled(widgets.Text, "Folder", value="my photo lab", width="20em")

    def changed() -> None:
        job.line.say("" if trained is None else "The photos have changed: train again.")

    def add_class(_=None) -> None:
        if len(panels) < MOST_CLASSES:
            panels.append(ClassPanel(len(panels) + 1, photos_line, changed))
        classes.children = [panel.widget for panel in panels]
        more.disabled = len(panels) == MOST_CLASSES

    def start_with(_) -> None:
        nonlocal unseen
        found = EXAMPLES.get(examples.value, dict)()
        while len(panels) < max(2, len(found)):
            add_class()
        del panels[max(2, len(found)) :]
        unseen = []
        given = list(found.items()) or [(f"class {k + 1}", []) for k in range(2)]
        for panel, (class_name, photos) in zip(panels, given, strict=True):
            panel.fill(class_name, photos[:EXAMPLES_EACH])
            unseen += photos[EXAMPLES_EACH:]
        unseen.sort(key=lambda photo: photo.name[::-1])  # the classes in turn
        classes.children = [panel.widget for panel in panels]
        more.disabled = len(panels) == MOST_CLASSES
        example.disabled = trained is None or not unseen
        photos_line.say("")
        changed()

    def names() -> list[str]:
        cleaned = [lab.clean_name(panel.name.value) for panel in panels if panel.photos]
        if "" in cleaned or len({name.lower() for name in cleaned}) < len(cleaned):
            raise InputError("Give each class a name of its own.")
        return cleaned

    def train(_) -> None:
        class_names, filled = names(), [panel for panel in panels if panel.photos]
        photos = [photo.pixels for panel in filled for photo in panel.photos]
        labels = np.repeat(np.arange(len(filled)), [len(panel.photos) for panel in filled])

        def work(run: Run) -> tuple[lab.Trained, str] | None:
            def report(share: float, words: str) -> bool:
                run.report(0.9 * share, words)
                return not run.stopped

            made = lab.train(photos, labels, class_names, report)
            if made is None or not report(1.0, "Looking for the evidence …"):
                return None
            return made, mistakes_html(made)

        job.start(work)

    def finished(job: Job) -> None:
        nonlocal trained
        if job.result is None:
            if job.stopped:
                job.line.say("Stopped. Nothing has changed.")
            return
        trained, result.value = job.result
        tried.value = saved.value = ""
        save.disabled = try_new.disabled = False
        example.disabled = not unseen
        job.line.say(verdict(trained))

    def try_photos(photos: Sequence[Photo], complaints: Sequence[str] = ()) -> None:
        if complaints:
            try_line.warn(" ".join(complaints))
            return
        if trained is None:
            try_line.warn("Train first; then try a photo.")
            return
        try_line.say("")
        tried.value = answer_html(trained, photos[0])

    def try_example(_) -> None:
        unseen.append(unseen.pop(0))
        try_photos(unseen[-1:])

    def keep(_) -> None:
        made = lab.save(trained, Path(folder) / (lab.clean_name(name.value) or "photo lab"))
        save_line.say(f"Saved: “{made.name}” holds model.keras, train.py and the photos.")
        saved.value = (
            "<details><summary>The code that made it: train.py</summary>"
            f"<pre style='font-size: 15px; line-height: 1.3'>"
            f"{html.escape(lab.script(trained.class_names))}</pre></details>"
        )

    job = Job("Training", on_finish=finished)
    go = style.button("Train", style.guarded(train, photos_line), icon="play", primary=True)
    more = style.button("Add a class", style.guarded(add_class, photos_line), icon="plus")
    try_new = upload("Try a new photo", style.guarded(try_photos, try_line))
    example = style.button("Try an example", style.guarded(try_example, try_line), disabled=True)
    save = style.button("Save", style.guarded(keep, save_line), icon="save", disabled=True)
    try_new.disabled = True
    examples.observe(style.guarded(start_with, photos_line), "value")
    add_class()
    add_class()
    return style.demo(
        "Photo lab: teach a network your own classes",
        style.row(examples, more), classes, photos_line,
        style.row(go, job.widget), result,
        style.row(try_new, example), try_line, tried,
        style.row(name, save), save_line, saved,
    )  # fmt: skip


# ------------------------------------------------------------------ examples


def _drawn() -> dict[str, list[Photo]]:
    from tlcourse.drawing.render import render

    return {
        name: [Photo(f"{name} {at}", render(name, 0, at, size=128)) for at in range(20)]
        for name in _DRAWN
    }


def _faces() -> dict[str, list[Photo]]:
    from tlcourse.data import load_task

    task = load_task("faces")
    pictures, labels = task.train
    return {
        name: [
            Photo(f"{name} {number}", pictures[at])
            for number, at in enumerate(np.flatnonzero(labels == k)[:20])
        ]
        for k, name in enumerate(task.class_names)
    }


EXAMPLES = {"drawn glasses and goggles": _drawn, "photographs: face or not": _faces}


# ------------------------------------------------------------------ results in words and pictures


def verdict(trained: lab.Trained) -> str:
    """How many photos were named right when they were left out, in one sentence."""
    count = len(trained.labels)
    right = count - len(trained.wrong)
    way = "Each photo was" if trained.left_out == 1 else "A tenth of the photos at a time was"
    return f"{right} of {count} right. {way} left out, and judged by a head trained on the others."


def mistakes_html(trained: lab.Trained) -> str:
    """The surest mistakes, and where the evidence lay."""
    if not len(trained.wrong):
        return "<p>No photo was named wrong.</p>"
    cells = []
    for at in trained.wrong[:MISTAKES]:
        photo, share = trained.photos[at], trained.held_out[at]
        said = trained.class_names[share.argmax()]
        right = trained.class_names[trained.labels[at]]
        for_said, for_right = lab.explain(trained, at)
        pictures = {
            "the photo": style.image_html(photo, alt=f"A mistake: {right}", height=MISTAKE),
            f"for {said}": style.heat_html(
                photo, for_said, alt=f"Evidence for {said}", height=MISTAKE
            ),
            f"for {right}": style.heat_html(
                photo, for_right, alt=f"Evidence for {right}", height=MISTAKE
            ),
        }
        words = f"<b>{html.escape(right)}</b>, called {html.escape(said)} ({share.max():.0%})"
        shown = style.row_html(starmap(style.figure_html, pictures.items()), 12)
        cells.append(f"<div>{words}{shown}</div>")
    count = len(trained.wrong)
    words = "the" if count <= MISTAKES else f"{MISTAKES} of {count}"
    words = f"Here are {words} mistakes, the surest first, and where the evidence lay:"
    return f"<p>{words}</p>{style.row_html(cells, 48)}"


def answer_html(trained: lab.Trained, photo: Photo) -> str:
    """What the model says about a new photo: bars, and where the evidence lay."""
    shares, heat = lab.judge(trained, photo.pixels)
    bars = "".join(
        f"<div>{html.escape(trained.class_names[k])} {shares[k]:.0%}</div>"
        f"<div style='background: {style.ACCENT}; height: 14px; width: {shares[k]:.0%}; "
        "min-width: 2px; margin-bottom: 6px'></div>"
        for k in shares.argsort()[::-1]
    )
    said = trained.class_names[shares.argmax()]
    pictures = [
        style.figure_html(photo.name, style.image_html(photo.pixels, alt="New photo", height=200)),
        style.figure_html(
            f"evidence for {said}",
            style.heat_html(photo.pixels, heat, alt=f"Evidence for {said}", height=200),
        ),
        f"<div style='width: 20em'>{bars}</div>",
    ]
    return style.row_html(pictures, 16)
