"""What `tlcourse retrain` says of the photos, in lines for a terminal."""

from collections.abc import Sequence

from tlcourse.photos.check import Finding, alike

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
