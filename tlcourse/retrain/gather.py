"""From a folder to what is trained on: photos that can be used, in groups, dealt to the splits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlcourse.data import Split, Task
from tlcourse.photos.check import Finding, ImageReport, check_images
from tlcourse.photos.duplicates import drop_duplicates
from tlcourse.photos.folder import Dealt, deal, parts
from tlcourse.retrain import groups, stream
from tlcourse.retrain.groups import Groups
from tlcourse.retrain.result import Options

MEND = "take larger shares: --validation and --test"
UNGROUPED = "split by lot, which flatters the result: --group-by none"


@dataclass(frozen=True)
class Photos:
    """The photos that can be used.

    Attributes:
        reports: by split, without what is left out.
        by_lot: which photo goes where when each goes for itself, or as the folder is split.
        problems: files that cannot be used, and
        copies: those that were left out as copies.
        notes: files that were read after a conversion.
    """

    reports: dict[str, ImageReport]
    by_lot: Dealt
    problems: tuple[Finding, ...]
    copies: tuple[Finding, ...]
    notes: tuple[Finding, ...]

    @property
    def given(self) -> bool:
        """Whether the folder was split already."""
        return "" not in self.reports

    @property
    def homes(self) -> dict[Path, Path]:
        """Of each photo the folder of its class, in the order of splits, classes and names."""
        return {
            path: report.folder / name
            for report in self.reports.values()
            for name in self.by_lot.class_names
            for path in report.usable[name]
        }

    @property
    def digests(self) -> dict[Path, str]:
        """Of each photo that of its pixels."""
        return {k: v for report in self.reports.values() for k, v in report.digests.items()}

    @property
    def labels(self) -> np.ndarray:
        """Of each photo the class, int64 (n,), in the order of `homes`."""
        numbers = {name: k for k, name in enumerate(self.by_lot.class_names)}
        return np.array([numbers[home.name] for home in self.homes.values()])


def look(options: Options) -> Photos:
    """Check the photos, and see that they can be split.

    Raises:
        ImageFolderError: the folder cannot be used as it is.
    """
    deep = options.group_by == groups.FOLDER
    found = {
        part: check_images(folder, deep=deep) for part, folder in parts(options.folder).items()
    }
    reports, copies = drop_duplicates(found)
    by_lot = _deal(options, reports, None, MEND)
    problems = tuple(f for report in found.values() for f in report.problems)
    notes = tuple(f for report in found.values() for f in report.notes)
    return Photos(reports, by_lot, problems, tuple(copies), notes)


def deal_in_groups(options: Options, photos: Photos, together: Groups) -> Dealt:
    """The same, with each group on one side; a folder that was split already stays as it is."""
    if photos.given or together.sizes.max() == 1:
        return photos.by_lot
    return _deal(options, photos.reports, together.of, UNGROUPED)


def _deal(options: Options, reports, together, mend: str) -> Dealt:
    return deal(
        options.folder,
        reports,
        validation=options.validation,
        test=options.test,
        seed=options.seed,
        groups=together,
        mend=mend,
    )


def as_task(
    photos: Photos, dealt: Dealt, extracted: stream.Extracted
) -> tuple[Task, dict[str, np.ndarray]]:
    """Pictures and features, by split.

    Args:
        photos: in whose order the pictures are.
        dealt: which photo goes where.
        extracted: of all photos.

    Returns:
        The task, and the features of each split, float32 (n, d).
    """
    place = {path: at for at, path in enumerate(photos.homes)}
    order = np.array([place[path] for paths in dealt.paths.values() for path in paths])
    pictures = stream.arranged(extracted.pictures, order)
    splits, features, start = {}, {}, 0
    for split, labels in dealt.labels.items():
        part = slice(start, start + len(labels))
        splits[split] = Split(pictures[part], labels)
        features[split] = np.asarray(extracted.features[order[part]])
        start += len(labels)
    return Task(dealt.name, dealt.class_names, **splits), features
