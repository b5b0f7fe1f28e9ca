"""What is said of a class that was added: in the terminal, and in ADDED.md."""

import datetime
from pathlib import Path

import numpy as np

import tlcourse
from tlcourse.files.assets import atomic_path
from tlcourse.retrain.add import Added
from tlcourse.retrain.card import plain
from tlcourse.retrain.judge import wilson


def summary(added: Added) -> list[str]:
    """Lines for a terminal."""
    lost, error = added.lost
    found = int(added.after.confusion[-1, -1])
    tested = added.counts[2]
    low, high = wilson(found, tested)
    before, after = added.before.accuracy, added.before.accuracy - lost
    change = (
        f"{added.name}: {found} of its {tested} test photos are found ({found / tested:.1%}, 95 % "
        f"interval {low:.1%} to {high:.1%}, Wilson)."
    )
    old = (
        f"The old classes, {added.old} test photos: {before:.1%} right before, {after:.1%} now, "
        f"{_points(lost)} (standard error {100 * error:.1f}). {added.taken} of them are taken for "
        f"{added.name}."
    )
    worst = min(added.rows()[:-1], key=lambda row: row[3] - row[2])
    lines = [change, old]
    if worst[3] < worst[2]:
        lines.append(f"{worst[0]} lost most: {worst[2]:.0%} found before, {worst[3]:.0%} now.")
    return lines


def _points(lost: float) -> str:
    if abs(lost) < 5e-4:
        return "the same"
    return f"{100 * abs(lost):.1f} points {'less' if lost > 0 else 'more'}"


def write_added(added: Added, target: Path) -> Path:
    """Write the page of Markdown; it is there in full, or not at all.

    Raises:
        AssetError: it cannot be written.
    """
    rows = [
        f"| {plain(name)} | {count} | {_share(before)} | {_share(after)} |"
        for name, count, before, after in added.rows()
    ]
    train, validation, test = added.counts
    text = "\n".join([
        f"# {plain(added.name)}, added to a model of {len(added.class_names) - 1} classes",
        "",
        f"By `tlcourse retrain add` (tlcourse {tlcourse.__version__}), on "
        f"{datetime.date.today():%Y-%m-%d}. {train} photos to train, {validation} to validate, "
        f"{test} to test. The network is the old one; the head was found again, with the stored "
        "features of the old photos.",
        "",
        *(f"- {plain(line)}" for line in summary(added)),
        "",
        "| class | test photos | found before | found now |",
        "|---|---|---|---|",
        *rows,
        "",
        "Were the old test photos taken elsewhere, or by another camera, than the new ones? Then "
        "the model may tell the cameras apart, and this table does not show it: test it with "
        "photos of all classes from one place.",
        "",
    ])  # fmt: skip
    with atomic_path(target, "") as draft:
        draft.write_text(text, "utf-8")
    return target


def _share(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.0%}"
