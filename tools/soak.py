"""Run `tlcourse retrain` again and again, each in a process of its own, and count how each ends.

    python tools/soak.py --runs 100
    python tools/soak.py --minutes 20

A crash (a signal, such as 11) comes once in a hundred runs or not at all: no single test can find
it. Each process runs with PYTHONFAULTHANDLER=1, which writes where every thread was; what the first
failures wrote is printed at the end. The folder is small and drawn, and half of the runs compute
the features anew. Ends with 1 where a run did not end well.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # from a checkout, installed or not

from tests.helpers.photo_folder import make_folder  # noqa: E402

KEPT, LINES = 3, 60  # failures that are shown, and lines of each
LONGEST = 1800  # seconds; a run that hangs is a failure, too


def one_run(photos: Path, place: Path, fresh: bool, seed: int, budget: float) -> tuple[str, str]:
    """How a run ended, such as `0`, `signal 11` or `hangs`, and what it wrote."""
    environment = os.environ | {
        "PYTHONFAULTHANDLER": "1", "TQDM_DISABLE": "1", "TLCOURSE_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
        "TLCOURSE_CACHE": str(place / (f"cache{seed}" if fresh else "cache")),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "tlcourse", "retrain", str(photos), "--output", str(place / "out"),
        "--overwrite", "--backbone", "photonet", "--seed", str(seed), "--time-budget", str(budget),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, env=environment, cwd=place, capture_output=True, text=True, check=False,
            errors="replace", timeout=LONGEST,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return "hangs", str(error)
    status = f"signal {-done.returncode}" if done.returncode < 0 else str(done.returncode)
    return status, done.stdout + done.stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that")
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--each", type=int, default=12, help="photos a class")
    parser.add_argument(
        "--budget", type=float, default=30, help="seconds of each run's time budget"
    )
    given = parser.parse_args()
    ends: collections.Counter[str] = collections.Counter()
    failed: list[tuple[int, str, str]] = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        photos = make_folder(place / "photos", given.classes, given.each, (160, 120))
        for run in range(given.runs):
            if time.monotonic() - start > 60 * given.minutes:
                break
            status, said = one_run(photos, place, run % 2 == 0, run, given.budget)
            ends[status] += 1
            if status != "0":
                failed.append((run, status, said))
            print(f"run {run + 1}: {status}; {dict(ends)}", flush=True)
    for run, status, said in failed[:KEPT]:
        print(f"\n--- run {run + 1}: {status}\n" + "\n".join(said.splitlines()[-LINES:]))
    print(f"\n{ends.total()} runs in {(time.monotonic() - start) / 60:.0f} min: {dict(ends)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
