"""What `tlcourse retrain` says of the photos, in lines for a terminal."""

from collections.abc import Sequence

import numpy as np

from tlcourse.photos.check import Finding, alike
from tlcourse.photos.folder import Dealt
from tlcourse.retrain.groups import Groups
from tlcourse.retrain.judge import Judgment

SHOWN = 8  # files that are left out, in the terminal; the report has all


def left_out(problems: Sequence[Finding], copies: Sequence[Finding]) -> str:
    """What cannot be used, and why; files of which the same is to say share a line."""
    if not problems and not copies:
        return "no file had to be left out."
    lines = [f"{len(problems)} cannot be used, {len(copies)} are copies, and are left out:"]
    rows = alike((*problems, *copies))
    for first, count in rows[:SHOWN]:
        others = f" and {count - 1} more" if count > 1 else ""
        lines.append(f"  {first.path}{others}: {first.message}")
    hidden = sum(count for _, count in rows[SHOWN:])
    return "\n".join([*lines, *([f"  … and {hidden} more, in the report"] if hidden else [])])


def same_names(class_names: Sequence[str]) -> str:
    """A line on classes whose names differ in capitals or spaces alone; empty without any."""
    spelled: dict[str, list[str]] = {}
    for name in class_names:
        spelled.setdefault("".join(name.casefold().split()), []).append(name)
    pairs = [" and ".join(names) for names in spelled.values() if len(names) > 1]
    if not pairs:
        return ""
    return (
        f"Is this one class? {'; '.join(pairs)} are taken for different ones. If they are the "
        "same, put their photos into one folder."
    )


def folders_within(problems: Sequence[Finding]) -> str:
    """A line on folders within classes; empty without any."""
    if not any("is a folder inside a class" in finding.message for finding in problems):
        return ""
    return (
        "To use photos that lie in folders within a class: --group-by folder, which keeps each "
        "such folder on one side of the split."
    )


def weighted(class_names: Sequence[str], counts: np.ndarray) -> str:
    """A line on classes of which there are unequal numbers to train on, and are weighted.

    Args:
        class_names: of the classes.
        counts: int (classes,), training photos.
    """
    most, least = int(counts.argmax()), int(counts.argmin())
    return (
        f"Unequal classes, {counts[most]} photos of {class_names[most]} to {counts[least]} of "
        f"{class_names[least]} to train on: each class counts the same. To let each photo count "
        "the same: --class-weights none."
    )


def page_takes(network: str) -> str:
    """A line on the network of a page."""
    return f"A page computes with {network}, and with no other network: --export html takes it."


def tested(test: Judgment, trained: int) -> str:
    """What came of the test, for those who get the model alone."""
    low, high = test.interval
    return (
        f"It learned from {trained:,} photos. Of {len(test.labels):,} others, it named "
        f"{test.accuracy:.0%} right (95 % interval {low:.0%} to {high:.0%})."
    )


def kept_together(groups: Groups, by_lot: Dealt, given: bool) -> str:
    """Which photos belong together, and what a split by lot would have done; empty without any."""
    sizes = groups.sizes
    many = sizes[sizes > 1]
    if not len(many):
        return ""
    why = [f"{groups.copies} look nearly the same"] if groups.copies else []
    why += [f"{groups.rows} were taken or named in a row"] if groups.rows else []
    beside, tested = groups.beside(by_lot), len(by_lot.paths["test"])
    told = f"{many.sum()} photos belong together, in {len(many)} groups ({', '.join(why)})"
    if given and not beside:
        return (
            f"{told}. The folder was split already, and stays so: no test photo has one of theirs "
            "among those to train on."
        )
    if given:
        return (
            f"{told}. The folder was split already, and stays so: {beside} of {tested} test photos "
            "have one of theirs among those to train on, which flatters the result."
        )
    return (
        f"{told}: each group stays on one side. By lot, {beside} of {tested} test photos would "
        "have had one of theirs among those to train on."
    )
