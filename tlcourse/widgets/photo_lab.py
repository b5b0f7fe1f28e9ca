"""Photo lab: a teachable machine in the notebook. Photos in, a trained model out, all offline."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from tlcourse.data import load_task
from tlcourse.drawing.render import render
from tlcourse.errors import InputError
from tlcourse.retrain import lab
from tlcourse.widgets import style
from tlcourse.widgets.jobs import Job, Run
from tlcourse.widgets.photo_lab_results import answer_html, mistakes_html, verdict
from tlcourse.widgets.upload import Photo, upload

MOST_CLASSES = 6
THUMBNAILS = 14  # of a class that are shown
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
    return PhotoLab(Path(folder)).widget


class PhotoLab:
    """The controls in the order of their use, and what they have come to.

    Attributes:
        widget: all of it.
    """

    def __init__(self, folder: Path) -> None:
        """Lay out two empty classes; `folder` is where `Save` makes its folder."""
        self._folder = folder
        self._panels: list[ClassPanel] = []
        self._trained: lab.Trained | None = None
        self._unseen: list[Photo] = []  # examples to try
        self._photos_line, self._try_line = style.message(), style.message()
        self._save_line = style.message()
        self._classes, self._result = widgets.VBox(), widgets.HTML()
        self._tried, self._saved = widgets.HTML(), widgets.HTML()
        self._job = Job("Training", on_finish=self._finished)
        choosing, training, trying, saving = (
            self._choosing(), self._training(), self._trying(), self._saving()
        )  # fmt: skip
        self._add_class()
        self._add_class()
        self.widget = style.demo(
            "Photo lab: teach a network your own classes",
            choosing, self._classes, self._photos_line,
            training, self._result,
            trying, self._try_line, self._tried,
            saving, self._save_line, self._saved,
        )  # fmt: skip

    # -------------------------------------------------------------- rows of controls

    def _choosing(self) -> widgets.Widget:
        self._examples = style.labeled(
            widgets.Dropdown, "Start with", options=[NO_EXAMPLES, *EXAMPLES], width="26em"
        )
        self._examples.observe(style.guarded(self._start_with, self._photos_line), "value")
        add = style.guarded(self._add_class, self._photos_line)
        self._more = style.button("Add a class", add, icon="plus")
        return style.row(self._examples, self._more)

    def _training(self) -> widgets.Widget:
        train = style.guarded(self._train, self._photos_line)
        return style.row(style.button("Train", train, icon="play", primary=True), self._job.widget)

    def _trying(self) -> widgets.Widget:
        self._try_new = upload("Try a new photo", style.guarded(self._try_photos, self._try_line))
        self._try_new.disabled = True
        try_example = style.guarded(self._try_example, self._try_line)
        self._example = style.button("Try an example", try_example, disabled=True)
        return style.row(self._try_new, self._example)

    def _saving(self) -> widgets.Widget:
        self._name = style.labeled(widgets.Text, "Folder", value="my photo lab", width="20em")
        keep = style.guarded(self._keep, self._save_line)
        self._save = style.button("Save", keep, icon="save", disabled=True)
        return style.row(self._name, self._save)

    # -------------------------------------------------------------- classes and their photos

    def _add_class(self, _=None) -> None:
        if len(self._panels) < MOST_CLASSES:
            panel = ClassPanel(len(self._panels) + 1, self._photos_line, self._changed)
            self._panels.append(panel)
        self._show_classes()

    def _show_classes(self) -> None:
        self._classes.children = [panel.widget for panel in self._panels]
        self._more.disabled = len(self._panels) == MOST_CLASSES

    def _changed(self) -> None:
        trained = self._trained is not None
        self._job.line.say("The photos have changed: train again." if trained else "")

    def _start_with(self, _) -> None:
        found = EXAMPLES.get(self._examples.value, dict)()
        given = list(found.items()) or [(f"class {k + 1}", []) for k in range(2)]
        while len(self._panels) < len(given):
            self._add_class()
        del self._panels[len(given) :]
        self._unseen = []
        for panel, (class_name, photos) in zip(self._panels, given, strict=True):
            panel.fill(class_name, photos[:EXAMPLES_EACH])
            self._unseen += photos[EXAMPLES_EACH:]
        self._unseen.sort(key=lambda photo: photo.name[::-1])  # the classes in turn
        self._show_classes()
        self._example.disabled = self._trained is None or not self._unseen
        self._photos_line.say("")
        self._changed()

    # -------------------------------------------------------------- training

    def _train(self, _) -> None:
        filled = [panel for panel in self._panels if panel.photos]
        class_names = names_of(filled)
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

        self._job.start(work)

    def _finished(self, job: Job) -> None:
        if job.result is None:
            if job.stopped:
                job.line.say("Stopped. Nothing has changed.")
            return
        self._trained, self._result.value = job.result
        self._tried.value = self._saved.value = ""
        self._save.disabled = self._try_new.disabled = False
        self._example.disabled = not self._unseen
        job.line.say(verdict(self._trained))

    # -------------------------------------------------------------- the trained model

    def _try_photos(self, photos: Sequence[Photo], complaints: Sequence[str] = ()) -> None:
        if complaints:
            self._try_line.warn(" ".join(complaints))
            return
        if self._trained is None:
            self._try_line.warn("Train first; then try a photo.")
            return
        self._try_line.say("")
        self._tried.value = answer_html(self._trained, photos[0])

    def _try_example(self, _) -> None:
        self._unseen.append(self._unseen.pop(0))
        self._try_photos(self._unseen[-1:])

    def _keep(self, _) -> None:
        name = lab.clean_name(self._name.value) or "photo lab"
        made = lab.save(self._trained, self._folder / name)
        self._save_line.say(f"Saved: “{made.name}” holds model.keras, train.py and the photos.")
        self._saved.value = (
            "<details><summary>The code that made it: train.py</summary>"
            f"<pre style='font-size: 15px; line-height: 1.3'>"
            f"{html.escape(lab.script(self._trained.class_names))}</pre></details>"
        )


def names_of(panels: Sequence[ClassPanel]) -> list[str]:
    """The names of the classes, fit to be names of folders.

    Raises:
        InputError: one has no name, or two have one.
    """
    cleaned = [lab.clean_name(panel.name.value) for panel in panels]
    if "" in cleaned or len({name.lower() for name in cleaned}) < len(cleaned):
        raise InputError("Give each class a name of its own.")
    return cleaned


# ------------------------------------------------------------------ examples


def _drawn() -> dict[str, list[Photo]]:
    return {
        name: [Photo(f"{name} {at}", render(name, 0, at, size=128)) for at in range(20)]
        for name in _DRAWN
    }


def _faces() -> dict[str, list[Photo]]:
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
