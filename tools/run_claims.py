"""`make claims`: run every lesson with several seeds and tell which claims are luck.

Each run is a fresh kernel with `TLCOURSE_SEED` set. What it measured is kept in `build/claims/`
under a name made of the lesson's code, the package's code and the seed, so a run that was cut off
goes on where it stopped, and nothing is run twice. The table goes to `lessons/CLAIMS.md`.

    python tools/run_claims.py --seeds 10                        every lesson, and the table
    python tools/run_claims.py --seeds 3 lessons/05_….ipynb      one lesson, printed only
    … --output lessons/CLAIMS.md lessons/05_….ipynb           one lesson, and its part of it
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import math
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbclient
import nbformat
import numpy as np
from tqdm import tqdm

from tlcourse.claims import interval
from tlcourse.files.assets import atomic_path
from tlcourse.notebooks import APPENDIX, FIELD, execute, lessons_in

ROOT = Path(__file__).resolve().parent.parent
NEEDED = 0.9  # share of the seeds in which a claim has to hold


@dataclass(frozen=True)
class Row:
    """One claim of a lesson, over all seeds."""

    text: str
    bounds: str
    unit: str
    values: tuple[float, ...]
    held: int
    seeds: int
    against: str = ""
    fixed: str = ""
    spread: tuple[float, float] | None = None

    @property
    def passes(self) -> bool:
        """A claim that some seed did not even reach counts as not held there."""
        return self.held >= NEEDED * self.seeds and not self.problem

    @property
    def problem(self) -> str:
        """What is wrong with it as a measurement, or nothing."""
        same = len(self.values) > 1 and len(set(self.values)) == 1
        if same and not self.fixed:
            return "the same number with each seed: say fixed=…, or measure it"
        if self.fixed and len(self.values) > 1 and not same:
            return "said to be fixed, and it changes with the seed"
        return ""

    @property
    def verdict(self) -> str:
        """Whether it holds, and with how many seeds; one number read ten times is one."""
        mark = "✓" if self.passes else "✗"
        if self.problem:
            return f"{mark} {self.problem}"
        return (
            f"{mark} read from {self.fixed}" if self.fixed else f"{mark} {self.held}/{self.seeds}"
        )

    @property
    def mean(self) -> str:
        return shown(float(np.mean(self.values)), self.unit)

    @property
    def interval(self) -> str:
        """The 95 % interval: of the mean over the seeds, or of a table by its own runs."""
        if self.fixed:
            low, high = self.spread or (math.nan, math.nan)
            return f"{shown(low, self.unit)} … {shown(high, self.unit)}" if self.spread else "–"
        if len(self.values) < 2:
            return "–"
        low, high = interval(self.values)
        return f"{shown(low, self.unit)} … {shown(high, self.unit)}"

    @property
    def span(self) -> str:
        if self.fixed:
            return "–"
        return f"{shown(min(self.values), self.unit)} … {shown(max(self.values), self.unit)}"


def shown(value: float, unit: str) -> str:
    """A number the way a claim shows it."""
    if math.isnan(value):
        return "NaN"
    if unit in ("%", "points"):
        return f"{100 * value:.1f} {unit}"
    return f"{value:.3g} {unit}".strip()


def unit_of(line: dict) -> str:
    """The unit of a logged claim: what stands after the number of its first bound."""
    first = line["bounds"].split(" and at most ")[0]
    return re.sub(r"^at (least|most) \S+ ?", "", first)


def code_digest(root: Path = ROOT) -> str:
    """One digest of the package's code and of the versions that compute."""
    digest = hashlib.sha256(" ".join(versions()).encode())
    for path in sorted((root / "tlcourse").rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def versions() -> list[str]:
    return [f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras")]


def run(notebook: Path, seed: int, cache: Path, code: str) -> tuple[list[dict] | None, str]:
    """The claims that one lesson logs under one seed, from the cache or by running it.

    Returns:
        The log lines and an empty string, or None and what went wrong. Only a run that reached
        the end is cached.
    """
    lesson = nbformat.read(notebook, as_version=4)
    source = json.dumps([cell.source for cell in lesson.cells if cell.cell_type == "code"])
    key = hashlib.sha256(f"{code}{source}".encode()).hexdigest()[:16]
    kept = cache / f"{notebook.stem}-{key}-seed{seed}.json"
    if kept.is_file():
        return json.loads(kept.read_text("utf-8"))["claims"], ""

    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="claims-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "claims.jsonl"
        environment = {
            **os.environ,
            "TLCOURSE_SEED": str(seed),
            "TLCOURSE_CLAIMS_LOG": str(log),
            "TLCOURSE_OFFLINE": "1",
        }
        # Strict would stop at the first claim that fails, and all are to be measured.
        environment.pop("TLCOURSE_CLAIMS", None)
        try:
            execute(lesson, notebook.parent, environment)
        except nbclient.exceptions.CellExecutionError as error:
            return None, f"{error.ename}: {error.evalue}"
        except (TimeoutError, RuntimeError) as error:  # a cell that hangs, a kernel that dies
            return None, f"{type(error).__name__}: {error}"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
    claims = [json.loads(line) for line in lines]
    seconds = round(time.perf_counter() - start, 1)
    with atomic_path(kept) as partial:
        result = {"notebook": notebook.name, "seed": seed, "seconds": seconds, "claims": claims}
        partial.write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    return claims, ""


def rows(runs: list[list[dict] | None]) -> list[Row]:
    """The claims of one lesson in the order of the lesson, each over all its runs."""
    found: dict[tuple[str, int], list[dict]] = {}
    for claims in runs:
        seen: dict[str, int] = {}
        for line in claims or []:
            # A sentence may stand twice, in a loop: the first is matched with the first.
            seen[line["text"]] = seen.get(line["text"], 0) + 1
            found.setdefault((line["text"], seen[line["text"]]), []).append(line)
    return [
        Row(
            text,
            lines[0]["bounds"],
            unit_of(lines[0]),
            tuple(line["value"] for line in lines),
            sum(line["holds"] for line in lines),
            len(runs),
            lines[0].get("against", ""),
            lines[0].get("fixed", ""),
            tuple(lines[0]["spread"]) if lines[0].get("spread") else None,
        )
        for (text, _), lines in found.items()
    ]


HEAD = (
    "# Which claims hold\n\nEvery lesson is run with several seeds, each in a fresh kernel. A seed "
    "decides on the first weights of a network, on which labeled images it gets, and on the order "
    "in which it sees them. A claim has to hold with at least 9 of 10 seeds. A number that no seed "
    "changes, from a bundled table or fixed weights, is *read*, and counts once. What a comparison "
    "is set against stands beside it; what makes it fair: [the protocol](PROTOCOL.md). Measure "
    "again with `make claims`.\n"
)
FOOT = (
    "Intervals are 95 %: of the mean over the seeds by Student's t-distribution; of a table by "
    "bootstrap over its own runs."
)


def section(lesson: str, table: list[Row], seeds: int) -> str:
    """The claims of one lesson, with the day and the versions that they were measured with."""
    parts = [
        f"## {lesson}",
        "",
        f"{seeds} seeds, {datetime.date.today().isoformat()}, {', '.join(versions())}, "
        f"{os.cpu_count()} processor cores.",
        "",
    ]
    if not table:
        return "\n".join([*parts, "No claims.", ""])
    parts += [
        "| claim | against | claimed | mean | 95 % interval | lowest … highest | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table:
        text, against = (words.replace("|", "\\|") for words in (row.text, row.against))
        parts.append(
            f"| {text} | {against or '–'} | {row.bounds} | {row.mean} | {row.interval} | "
            f"{row.span} | {row.verdict} |"
        )
    return "\n".join([*parts, ""])


def title(notebook: Path) -> str:
    """What its section is called; by it, folders come after the lessons."""
    folder = notebook.resolve().parent.name
    return f"{folder}/{notebook.stem}" if folder in (FIELD, APPENDIX) else notebook.stem


def page_of(tables: dict[str, list[Row]], seeds: int, old: str = "") -> str:
    """The page that tells how far each claim can be trusted; lessons not run now stay as in `old`.

    Args:
        tables: lesson → its claims.
        seeds: how many seeds they were measured with.
        old: the page as it was, or nothing.
    """
    found = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", old.replace(FOOT, ""), re.M | re.S)
    sections = {lesson: f"## {lesson}\n{body.rstrip()}\n" for lesson, body in found}
    sections |= {lesson: section(lesson, table, seeds) for lesson, table in tables.items()}
    return "\n".join([HEAD, *(sections[lesson] for lesson in sorted(sections)), FOOT, ""])


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write; 1 when a claim holds too seldom or a lesson stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every lesson")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds (default: 10)")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "claims")
    parser.add_argument(
        "--output",
        type=Path,
        help="page to write; other lessons in it stay (default: lessons/CLAIMS.md, when every "
        "lesson is run)",
    )
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    notebooks = options.notebooks or lessons_in(ROOT / "lessons")
    if missing := [str(path) for path in notebooks if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    if not notebooks:
        parser.error("there is no lesson in lessons/")
    output = options.output or (None if options.notebooks else ROOT / "lessons" / "CLAIMS.md")

    code, stopped = code_digest(), []
    runs: dict[Path, list[list[dict] | None]] = {notebook: [] for notebook in notebooks}
    jobs = [(notebook, seed) for notebook in notebooks for seed in range(options.seeds)]
    bar = tqdm(jobs, unit="run")
    for notebook, seed in bar:
        bar.set_postfix_str(f"{notebook.stem}, seed {seed}")
        claims, error = run(notebook.resolve(), seed, options.cache, code)
        runs[notebook].append(claims)
        if error:
            stopped.append(f"{notebook.name}, seed {seed}: {error}")

    tables = {title(notebook): rows(results) for notebook, results in runs.items()}
    for lesson, table in tables.items():
        print(f"\n{lesson}")
        for row in table:
            print(f"  {row.verdict}  {row.text}")
            print(f"      {row.bounds}; mean {row.mean} ({row.interval}), {row.span}")
        if not table:
            print("  no claims")
    for line in stopped:
        print(f"\nStopped: {line}")
    if output and not stopped:
        with atomic_path(output) as partial:
            # Of a full run nothing old stays, such as a lesson that has another name now.
            old = output.read_text("utf-8") if options.notebooks and output.exists() else ""
            partial.write_text(page_of(tables, options.seeds, old), "utf-8")
        print(f"\nWrote {output}")
    failed = [row.text for table in tables.values() for row in table if not row.passes]
    return 1 if failed or stopped else 0


if __name__ == "__main__":
    sys.exit(main())
