"""`load_image_folder`: your own photos as a `Task`."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlcourse.data.splits import grouped_parts
from tlcourse.data.task import Split, Task
from tlcourse.errors import ImageFolderError
from tlcourse.photos.check import ImageReport, check_images
from tlcourse.photos.geometry import square
from tlcourse.photos.read import read_image

_GIVEN_SPLITS = {"train": "train", "validation": "val", "test": "test"}
_OTHER_SPLIT_NAMES = ("val", "valid", "validation", "dev", "test")


def load_image_folder(
    folder: str | Path,
    *,
    image_size: int = 64,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    skip_broken: bool = False,
) -> Task:
    """Read a folder of photos, one sub-folder a class, as a task. Nothing in it is changed.

    A folder that holds `train/`, `val/` and `test/`, each with the same classes, is taken as split
    already. Otherwise the images of each class are dealt out at random.

    A photo is cut to its middle square and resized to `image_size`, as by `tlcourse retrain` (see
    `tlcourse.photos.geometry`).

    Args:
        folder: the folder.
        image_size: height and width of the pictures, in pixels.
        validation: fraction of each class for validation.
        test: fraction of each class for the test.
        seed: seed of the random split.
        skip_broken: leave out the files that cannot be used, with a warning, instead of raising.

    Raises:
        ImageFolderError: a file cannot be used, a class is empty or too small to be split, or
            there are fewer than two classes. The message names them all.
        ValueError: the fractions leave nothing to train on, or `image_size` is below 8.
    """
    folder = Path(folder).expanduser()
    if image_size < 8:
        raise ValueError(f"image_size must be at least 8 pixels, not {image_size}.")
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise ValueError(
            f"validation={validation} and test={test} must each lie between 0 and 1, and leave "
            "something to train on."
        )
    reports = {}
    for split, path in parts(folder).items():
        reports[split] = _checked(path, skip_broken)
    dealt = deal(folder, reports, validation=validation, test=test, seed=seed)
    splits = {
        split: _read(dealt.paths[split], dealt.labels[split], image_size) for split in dealt.paths
    }
    return Task(dealt.name, dealt.class_names, **splits, description=f"photos from {dealt.name}/")


@dataclass(frozen=True)
class Dealt:
    """Which photo is in which split: by `"train"`, `"validation"`, `"test"`.

    `paths` are sorted by class, then by name; `labels` are int64 (n,), the indices of their class
    names. `name` is the folder's own.
    """

    name: str
    class_names: tuple[str, ...]
    paths: dict[str, tuple[Path, ...]]
    labels: dict[str, np.ndarray]


def parts(folder: Path) -> dict[str, Path]:
    """The folders to check: one for each split when it is split already, else `{"": folder}`.

    Raises:
        ImageFolderError: it looks split already, but the names are not train/, val/ and test/.
    """
    if all((folder / name).is_dir() for name in _GIVEN_SPLITS.values()):
        return {split: folder / name for split, name in _GIVEN_SPLITS.items()}
    given = [name for name in ("train", *_OTHER_SPLIT_NAMES) if _holds_folders(folder / name)]
    if "train" in given and len(given) > 1:
        raise ImageFolderError(
            f"{folder} looks split already ({', '.join(f'{name}/' for name in given)}), but the "
            "folders must be train/, val/ and test/. Rename or add what differs, or give "
            f"{folder / 'train'} alone to have it split."
        )
    return {"": folder}


def deal(
    folder: Path,
    reports: Mapping[str, ImageReport],
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    groups: Mapping[Path, int] | None = None,
    mend: str = "change validation=… and test=…",
) -> Dealt:
    """Say which usable photo goes into which split.

    Args:
        folder: the photo folder.
        reports: of `check_images`, for each of its `parts`.
        validation: fraction of each class for validation, where the folder is not split already.
        test: fraction of each class for the test.
        seed: of the random split.
        groups: numbers from 0; photos with the same stay in one split. None leaves all alone.
        mend: what to do, beside adding photos, where a class has too few to be split.

    Raises:
        ImageFolderError: there are fewer than two classes, or a class is too small to be split, or
            is not in each of the given splits.
    """
    if any(sum(bool(paths) for paths in report.usable.values()) < 2 for report in reports.values()):
        raise ImageFolderError("\n".join(str(report) for report in reports.values()))
    if "" in reports:
        return _deal_at_random(folder, reports[""], validation, test, seed, groups, mend)
    return _deal_as_given(folder, reports)


def _holds_folders(folder: Path) -> bool:
    try:
        return any(path.is_dir() for path in folder.iterdir())
    except OSError:
        return False


def _checked(folder: Path, skip_broken: bool) -> ImageReport:
    report = check_images(folder)
    usable_classes = sum(bool(paths) for paths in report.usable.values())
    if report.problems and (not skip_broken or usable_classes < 2):
        raise ImageFolderError(
            f"{report}\nMend these, or leave the files out with skip_broken=True."
        )
    if report.problems:
        names = ", ".join(str(f.path.relative_to(folder)) for f in report.problems[:10])
        more = f" and {len(report.problems) - 10} more" if len(report.problems) > 10 else ""
        warnings.warn(
            f"Left out, since it cannot be used: {names}{more}. check_images({str(folder)!r}) "
            "says why.",
            stacklevel=3,
        )
    return report


def _deal_at_random(
    folder: Path,
    report: ImageReport,
    validation: float,
    test: float,
    seed: int,
    groups: Mapping[Path, int] | None,
    mend: str,
) -> Dealt:
    class_names = tuple(name for name, paths in report.usable.items() if paths)
    paths = [path for name in class_names for path in report.usable[name]]
    labels = _labels(report, class_names)
    small = [name for name in class_names if report.counts[name] < 3]
    together = np.array([groups[path] if groups else at for at, path in enumerate(paths)])
    shares = grouped_parts(labels, together, (1 - validation - test, validation, test), seed)
    lacking = [
        name
        for k, name in enumerate(class_names)
        if any((labels[share] == k).sum() == 0 for share in shares)
    ]
    if lacking and not small and groups:
        things = {name: len(set(together[labels == class_names.index(name)])) for name in lacking}
        told = ", ".join(f"{name} ({report.counts[name]} of {things[name]})" for name in lacking)
        raise ImageFolderError(
            f"These classes have photos of too few things to give each split one: {told}. Photos "
            f"of one thing stay in one split. Add photos of other things, or {mend}."
        )
    if small or lacking:
        raise ImageFolderError(
            f"These classes have too few images to give each split one: "
            f"{', '.join(f'{n} ({report.counts[n]})' for n in dict.fromkeys(small + lacking))}. "
            f"Add photos (at least 5 a class are wise), or {mend}."
        )
    by_split = dict(zip(_GIVEN_SPLITS, shares, strict=True))
    return Dealt(
        folder.resolve().name,  # "." has none
        class_names,
        {split: tuple(paths[i] for i in share) for split, share in by_split.items()},
        {split: labels[share] for split, share in by_split.items()},
    )


def _deal_as_given(folder: Path, reports: Mapping[str, ImageReport]) -> Dealt:
    # A class whose files were all left out is not there, as when there is no folder for it.
    classes = {
        split: {name for name, paths in report.usable.items() if paths}
        for split, report in reports.items()
    }
    if len(set(map(frozenset, classes.values()))) > 1:
        common = set.intersection(*classes.values())
        odd = "; ".join(
            f"{_GIVEN_SPLITS[split]}/ has {', '.join(sorted(names - common))}"
            for split, names in classes.items()
            if names - common
        )
        raise ImageFolderError(
            f"train/, val/ and test/ of {folder} must have the same classes. Not in all: {odd}. "
            "Add the missing class folders with photos, or remove the odd ones."
        )
    class_names = tuple(sorted(classes["train"]))
    return Dealt(
        folder.resolve().name,
        class_names,
        {
            split: tuple(path for name in class_names for path in report.usable[name])
            for split, report in reports.items()
        },
        {split: _labels(report, class_names) for split, report in reports.items()},
    )


def _labels(report: ImageReport, class_names: tuple[str, ...]) -> np.ndarray:
    counts = [report.counts[name] for name in class_names]
    return np.repeat(np.arange(len(class_names), dtype=np.int64), counts)


def _read(paths: tuple[Path, ...], labels: np.ndarray, image_size: int) -> Split:
    images = np.empty((len(paths), image_size, image_size, 3), np.uint8)
    for at, path in enumerate(paths):
        images[at] = square(read_image(path)[0], image_size)
    return Split(images, labels)
