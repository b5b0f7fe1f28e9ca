"""`tlcourse retrain add`: one more class for a model, by its new photos and the stored features.

The network stays as it is, and so do the features of the old photos: only the head is found again,
a logistic regression on all of them. Then the old classes are tested again, on the same test
photos, as a new class takes photos from those that look like it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from tlcourse.data.splits import grouped_parts
from tlcourse.errors import ImageFolderError, InputError
from tlcourse.machine.device import setup_device
from tlcourse.photos.check import ImageReport, check_class
from tlcourse.retrain import confidence, groups, model, stream, words
from tlcourse.retrain.judge import Judgment, error_of_mean, judge
from tlcourse.retrain.output import MODEL, forget_report
from tlcourse.retrain.store import SPLITS, Stored, read_store, write_store
from tlcourse.transfer.heads import build_classifier, set_head

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Added:
    """What came of it.

    Attributes:
        name: of the new class, the last of `class_names`.
        counts: new photos to train, to validate and to test.
        before: the old model on the old test photos.
        after: the new model on the old and the new test photos, the new ones last.
    """

    name: str
    class_names: tuple[str, ...]
    counts: tuple[int, int, int]
    before: Judgment
    after: Judgment

    @property
    def old(self) -> int:
        """How many of the test photos are old."""
        return len(self.before.labels)

    @property
    def lost(self) -> tuple[float, float]:
        """Share of the old test photos that the old classes have lost, and its standard error."""
        was = self.before.answers == self.before.labels
        is_ = (self.after.answers == self.after.labels)[: self.old]
        return float(was.mean() - is_.mean()), error_of_mean(was * 1.0 - is_)

    @property
    def taken(self) -> int:
        """Old test photos that are taken for the new class."""
        return int(np.sum(self.after.answers[: self.old] == len(self.class_names) - 1))

    def rows(self) -> list[tuple[str, int, float, float]]:
        """Each class, its test photos, and the share of them found before and after."""
        counts = self.after.confusion.sum(axis=1)
        before = [*self.before.recall, np.nan]
        return list(zip(self.class_names, counts.tolist(), before, self.after.recall, strict=True))


def add(folder: Path, to: Path, output: Path, say: Callable[[str], None]) -> Added:
    """Add the class of a folder of photos to the model in `to`, and write the new one to `output`.

    Raises:
        ImageFolderError: the photos cannot be used as they are.
        InputError: the model has this class already.
        AssetError: model or features cannot be read, or the new ones written.
    """
    stored = read_store(to, to / MODEL)
    about = stored.about
    report = _photos(folder, stored)
    name = folder.resolve().name
    paths = list(report.usable[name])
    say(f"{len(paths)} photos of {name}; " + words.left_out(report.problems, ()))
    setup_device(seed=about.seed)
    from tlcourse.retrain import train

    ready = model.load(to / MODEL)
    classifier = ready.get_layer("classifier")
    parts, features = _features(paths, report, classifier, about)
    say("New photos: {} to train, {} to validate, {} to test.".format(*map(len, parts)))

    everything, labels = {}, {}
    for split, part in zip(SPLITS, parts, strict=True):
        everything[split] = np.concatenate([stored.features[split], features[part]])
        new = np.full(len(part), len(about.class_names))
        labels[split] = np.concatenate([stored.labels[split], new])
    weights = train.class_weights(labels["train"])
    probe = train.fit_probe(
        everything["train"], labels["train"], seed=about.seed, balanced=weights is not None
    )
    logits = {split: probe.decision_function(everything[split]) for split in SPLITS}
    heat, threshold = confidence.decide(logits["validation"], labels["validation"])
    before = _old_answers(classifier, stored.features["test"])
    added = Added(
        name,
        (*about.class_names, name),
        tuple(map(len, parts)),
        judge(softmax(before, axis=1), stored.labels["test"]),
        judge(softmax(logits["test"] / heat, axis=1), labels["test"]),
    )

    larger = _with_head(classifier, probe, len(added.class_names))
    model.save_model(
        model.ready_to_use(
            larger, added.class_names, about.size, temperature=heat, threshold=threshold
        ),
        output / MODEL,
    )
    forget_report(output)  # of the old model, where that is replaced
    digests = {
        split: (*stored.digests[split], *(report.digests[paths[at]] for at in part))
        for split, part in zip(SPLITS, parts, strict=True)
    }
    now = replace(
        about,
        class_names=added.class_names,
        regularization=train.regularization_of(probe),
        balanced=weights is not None,
    )
    write_store(Stored(now, everything, labels, digests), output, output / MODEL)
    return added


def _photos(folder: Path, stored: Stored) -> ImageReport:
    """The new photos, without copies; those that the model knows already are an error."""
    report = check_class(folder)
    name, names = folder.resolve().name, stored.about.class_names
    if name.casefold() in {known.casefold() for known in names}:
        raise InputError(
            f"The model knows {name} already ({', '.join(names)}). Give the new class a folder of "
            "another name; or, for more photos of an old class, make the model again."
        )
    known = {
        digest: names[k]
        for split in SPLITS
        for digest, k in zip(stored.digests[split], stored.labels[split], strict=True)
    }
    seen: dict[str, Path] = {}
    for path in report.usable[name]:
        digest = report.digests[path]
        if digest in known:
            raise ImageFolderError(
                f"{path} is the same picture as one of {known[digest]}, which the model has "
                "learned from. Only one of the two classes can be right: remove it here, or there."
            )
        seen.setdefault(digest, path)
    kept = tuple(seen.values())
    if len(kept) < 3:
        raise ImageFolderError(
            f"{folder} has {len(kept)} photos that can be used, and each split needs one. Add "
            "photos (at least 5 are wise)."
        )
    return replace(report, usable={name: kept}, counts={name: len(kept)})


def _features(paths, report, classifier, about) -> tuple[list[np.ndarray], np.ndarray]:
    """Which photos are in which split, and the features of all, float32 (n, d)."""
    import keras

    head = classifier.get_layer("head")
    network = keras.Model(classifier.input, head.input, name=about.backbone.partition(":")[0])
    digests = [report.digests[path] for path in paths]
    extracted = stream.extract(
        paths, digests, network, about.size,
        lambda chunk: stream.compute_here(chunk, network, about.size),
    )  # fmt: skip
    homes = dict.fromkeys(paths, report.folder)
    same = np.zeros(len(paths), int)
    together = groups.find_groups(groups.AUTO, homes, same, extracted.features, extracted.pictures)
    shares = (1 - about.validation - about.test, about.validation, about.test)
    parts = grouped_parts(same, np.array(list(together.of.values())), shares, about.seed)
    if not all(len(part) for part in parts):
        raise ImageFolderError(
            f"The photos of {paths[0].parent.name} are of too few things to give each split one: "
            f"{len(paths)} photos of {len(together.sizes)}. Add photos of other things."
        )
    return parts, np.asarray(extracted.features, "float32")


def _old_answers(classifier: "keras.Model", features: np.ndarray) -> np.ndarray:
    kernel, bias = classifier.get_layer("head").get_weights()
    return features.astype("float64") @ kernel + bias


def _with_head(classifier: "keras.Model", probe, classes: int) -> "keras.Model":
    """The same network with a larger head, which is the probe."""
    larger = build_classifier(classifier.layers[1], classes)
    set_head(larger, probe)
    return larger
