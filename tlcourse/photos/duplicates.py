"""Copies of one picture: across classes they contradict, across splits they flatter."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tlcourse.photos.check import Finding, ImageReport

# Of the copies in several splits, the one in the first of these stays.
_KEEP = ("test", "validation", "train", "")


class _Place(NamedTuple):
    path: Path
    split: str
    class_name: str


def drop_duplicates(
    reports: Mapping[str, ImageReport],
) -> tuple[dict[str, ImageReport], list[Finding]]:
    """Leave out copies of photos: files whose pixels are the same, whatever their names.

    Of copies in one class, one stays, in the test split if there is one there, so that the test
    stays what it is. Of copies in several classes none stays: only a person can say which is right.
    A copy that was shrunk, cut or saved anew as JPEG has other pixels, and is not found.

    Args:
        reports: of `check_images`, by split (`""` for a folder that is not split yet).

    Returns:
        The same reports without what was left out, and a finding for each file left out.
    """
    places: dict[str, list[_Place]] = {}
    for split in sorted(reports, key=_KEEP.index):
        for class_name, paths in reports[split].usable.items():
            for path in paths:
                digest = reports[split].digests[path]
                places.setdefault(digest, []).append(_Place(path, split, class_name))
    findings = {}
    for copies in places.values():
        first, *others = copies
        if len({copy.class_name for copy in copies}) > 1:
            for copy in copies:
                other = next(o for o in copies if o.class_name != copy.class_name)
                findings[copy.path] = (
                    f"is the same picture as {_name(other)}, which is in another class; both are "
                    "left out. Keep the one that is right."
                )
        for copy in others:
            findings.setdefault(copy.path, f"is a copy of {_name(first)}; left out.")
    kept = {split: _without(report, findings) for split, report in reports.items()}
    return kept, [Finding(path, words) for path, words in findings.items()]


def _name(place: _Place) -> str:
    return "/".join(filter(None, (place.split, place.class_name, place.path.name)))


def _without(report: ImageReport, findings: Mapping[Path, str]) -> ImageReport:
    usable = {
        name: tuple(path for path in paths if path not in findings)
        for name, paths in report.usable.items()
    }
    counts = {name: len(paths) for name, paths in usable.items()}
    return replace(report, usable=usable, counts=counts)
