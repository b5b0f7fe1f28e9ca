"""The last words of `make test`: what was not tested, and why.

python tools/not_tested.py FILE      a line of it: file, number of tests, reason
"""

import sys
from pathlib import Path


def table(lines: list[str]) -> str:
    """The lines under headings, each reason once."""
    if not lines:
        return "Everything was tested: nothing was skipped."
    by_reason: dict[str, list[str]] = {}
    for line in dict.fromkeys(lines):
        name, count, reason = line.split("\t", 2)
        by_reason.setdefault(reason, []).append(f"{count:>5}  {name}")
    parts = ["Not tested here:"]
    for reason, rows in by_reason.items():
        parts += ["", reason, *rows]
    return "\n".join(parts)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    print(table(path.read_text(encoding="utf-8").splitlines() if path.exists() else []))
