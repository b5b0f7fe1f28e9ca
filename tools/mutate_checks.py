"""`make mutations`: does each check refuse a right answer in which one small thing is wrong?

Each solution in `lessons/solutions` is changed in every way that `mutations.py` knows. A check that
accepts a changed answer has a hole, or the answer is still right. Which of the two, a person says
in `tests/exercises/survivors.toml`; table and list go to `teaching/MUTATIONS.md`.

Where answers take long, so many changes are tried as fit into `--seconds` for an exercise, drawn at
random with a fixed seed. What was found is kept in `--state`, outside the repository, under a
digest of answer, change and check: a run that was cut off goes on where it stopped.

    python -m tools.mutate_checks               what is not known yet, then the page
    python -m tools.mutate_checks 05.2 07       one exercise and one lesson
    python -m tools.mutate_checks --page        the page alone
"""

import argparse
import ast
import contextlib
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.mutations import mutants

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = ROOT / "lessons" / "solutions"
CHECKS = ROOT / "tlcourse" / "exercises" / "lessons"
SEED = 24
LEAST = 8  # changes that are tried of every answer, unless they take many times the seconds
MOST_TIMES = 5
RIGHT = "the solution"
STATE = Path(tempfile.gettempdir()) / "tlcourse-mutations" / "results.jsonl"


@dataclass(frozen=True)
class Answer:
    """A solved exercise: its code, the cells before it, and the variable that is checked."""

    id: str
    source: str
    variable: str
    before: tuple[str, ...]

    def key(self, change: str, text: str) -> str:
        """Name of a result, of all that it depends on."""
        check = (CHECKS / f"lesson{self.id[:2]}.py").read_text("utf-8")
        parts = json.dumps([self.source, change, text, check, self.before])
        return f"{self.id} {hashlib.sha256(parts.encode()).hexdigest()[:16]}"

    def drawn(self) -> list[tuple[str, str]]:
        """All changes, in the order in which they are tried."""

        def dice(one: tuple[str, str]) -> bytes:  # so that a new kind of change moves no other
            return hashlib.sha256(f"{SEED} {self.id} {one[1]}".encode()).digest()

        return sorted(mutants(self.source), key=dice)


def lessons() -> list[str]:
    """The lessons that have solutions."""
    return sorted(path.name[:2] for path in SOLUTIONS.glob("[0-9][0-9]_*.ipynb"))


def answers(lesson: str) -> list[Answer]:
    """The solved exercises of a lesson, such as `"05"`, in order."""
    (path,) = SOLUTIONS.glob(f"{lesson}_*.ipynb")
    before, found, source, given = [], [], "", ()
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        text = "".join(cell["source"])
        if name.startswith("answer-"):
            source, given = text, tuple(before)  # what stands between answer and check may use it
            continue
        if not name.startswith("check-"):
            before.append(text)
            continue
        id, variable = re.search(r'^check\("(.+)", (\w+)\)$', text, re.MULTILINE).groups()
        found.append(Answer(id, source, variable, given))
        before.append(source)
    return found


def needed(cells: tuple[str, ...], source: str) -> list[str]:
    """Of the cells, those that make a name which `source`, or another of them, reads."""
    wanted, kept = _names(source, ast.Load), []
    for cell in reversed(cells):
        made = _names(cell, ast.Store) - {"guess"}
        if made & wanted:
            kept.insert(0, cell)
            wanted = wanted | _names(cell, ast.Load)
    return kept


def _names(source: str, context: type) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            found.add(node.id)
        elif context is ast.Store:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).split(".")[0])
    return found


# ------------------------------------------------------------------ in a process of its own


def work(lesson: str, ids: list[str], state: Path, seconds: float) -> None:
    """Try the changes of a lesson's answers that are not known yet; a line of JSON for each."""
    os.environ["MPLBACKEND"] = "agg"
    import keras  # noqa: F401  (so that no answer waits for it)

    with open(state, "a", encoding="utf-8") as file:

        def note(**line: object) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        for answer in answers(lesson):
            if not ids or answer.id in ids:
                _work_on(answer, known(state), note, seconds)


def _work_on(answer: Answer, done: dict[str, dict], note, seconds: float) -> None:
    note(at=answer.id)
    plan = [(RIGHT, answer.source), *answer.drawn()]
    if all(answer.key(*one) in done for one in plan):
        return
    spent = sum(done[key]["seconds"] for one in plan if (key := answer.key(*one)) in done)
    namespace: dict[str, object] = {}
    for number, (change, text) in enumerate(plan):
        key = answer.key(change, text)
        if key in done or spent > (seconds if number > LEAST else MOST_TIMES * seconds):
            continue
        first = done.get(answer.key(*plan[0]), {}).get("seconds", 60)
        note(start=key)
        if not namespace or _spoils(answer, namespace):
            namespace = _prepared(answer)
        started = time.monotonic()
        right, said = _judged(answer, text, dict(namespace), limit=int(30 + 4 * first))
        took = time.monotonic() - started
        spent += took
        line = {"id": answer.id, "change": change, "right": right, "said": said}
        done[key] = {"key": key, **line, "seconds": round(took, 2)}
        note(**done[key])


def _prepared(answer: Answer) -> dict[str, object]:
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in needed(answer.before, answer.source):
            exec(compile(cell, "<cell>", "exec"), namespace)
    return namespace


def _spoils(answer: Answer, namespace: dict[str, object]) -> bool:
    """Whether the answer may have changed a network that was given to it."""
    import keras

    read = _names(answer.source, ast.Load)
    return any(isinstance(namespace.get(name), keras.Model) for name in read)


class _TooLong(BaseException):
    pass


def _judged(answer: Answer, text: str, namespace: dict, limit: int) -> tuple[bool, str]:
    """Whether a check accepts what this code gives, and its words."""
    import keras

    from tlcourse.exercises import check

    def stop(*_: object) -> None:
        raise _TooLong

    keras.utils.set_random_seed(0)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(text, "<answer>", "exec"), namespace)
            verdict = check(answer.id, namespace.get(answer.variable))
        return verdict.right, verdict.text[:300]
    except _TooLong:
        return False, "took too long"
    except Exception as error:
        return False, f"stopped by itself with {type(error).__name__}: {error}"[:300]
    finally:
        signal.alarm(0)


# ------------------------------------------------------------------------- around it


def known(state: Path) -> dict[str, dict]:
    """All results so far, by key."""
    if not state.exists():
        return {}
    lines = (json.loads(line) for line in state.read_text("utf-8").splitlines())
    return {line["key"]: line for line in lines if "key" in line}


def run(lesson: str, ids: list[str], state: Path, seconds: float, patience: float) -> str:
    """Run `work` in processes, a new one after each change that kills or stops one.

    Gives what went wrong, or nothing.
    """
    command = [sys.executable, __file__, "--work", lesson, "--state", str(state)]
    command += ["--seconds", str(seconds), *ids]
    log = state.with_name(f"lesson{lesson}.log")
    cannot = f"lesson {lesson} cannot be tried: see {log}"
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1", "PYTHONPATH": str(ROOT)}
    settings["TLCOURSE_DATA"] = str(state.parent / "record")
    last = None
    while True:
        with open(log, "w", encoding="utf-8") as file:
            worker = subprocess.Popen(
                command, cwd=ROOT, stdout=file, stderr=file, env={**os.environ, **settings}
            )
            try:
                ended = _waited(worker, state, patience)
            finally:
                worker.kill()
                worker.wait()
        if ended == 0:
            return ""
        started = [json.loads(line) for line in state.read_text("utf-8").splitlines()][-1]
        if "start" not in started or started["start"] == last:
            return cannot
        last = started["start"]
        id, said = last.split()[0], "took too long" if ended is None else "ended its process"
        changes = (c for a in answers(lesson) for c, t in a.drawn() if a.key(c, t) == last)
        change = next(changes, None)
        if change is None:  # the solution itself, or what comes before it
            return cannot
        line = {"key": last, "id": id, "change": change, "right": False, "said": said}
        with open(state, "a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "seconds": patience}) + "\n")


def _waited(worker: subprocess.Popen, state: Path, patience: float) -> int | None:
    """Its exit status; None if it did not write anything for so many seconds."""
    size, since = -1, time.monotonic()
    while worker.poll() is None:
        if state.exists() and state.stat().st_size != size:
            size, since = state.stat().st_size, time.monotonic()
        if time.monotonic() - since > patience:
            return None
        time.sleep(0.5)
    return worker.returncode


def main() -> int:
    """Try what is not known yet, in the order of the lessons, and write the page."""
    parser = argparse.ArgumentParser(description="A mutation test of the exercises' checks.")
    parser.add_argument("which", nargs="*", help="exercises or lessons, such as 05.2 or 05")
    parser.add_argument("--state", type=Path, default=STATE, help="what was found so far")
    parser.add_argument("--seconds", type=float, default=40, help="for each exercise, about")
    parser.add_argument("--patience", type=float, default=400, help="seconds for one change")
    parser.add_argument("--page", action="store_true", help="try nothing, write the page")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    if options.work:
        work(options.work, options.which, options.state, options.seconds)
        return 0
    from tools.mutations_page import write

    problems = []
    for lesson in [] if options.page else lessons():
        ids = [id for id in options.which if id.startswith(f"{lesson}.")]
        if options.which and not ids and lesson not in options.which:
            continue
        print(f"lesson {lesson}", flush=True)
        problems.append(run(lesson, ids, options.state, options.seconds, options.patience))
    unnamed = write([a for one in lessons() for a in answers(one)], known(options.state))
    print("\n".join([*filter(None, problems), *unnamed]))
    return 1 if any(problems) or unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
