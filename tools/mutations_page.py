"""The page of `mutate_checks.py`: how many changes each check refuses, and why it accepts the rest.

A change that is accepted needs a row in `tests/exercises/survivors.toml`: `change` is a pattern of
`fnmatch`, or a list of them, `kind` is one of `KINDS`.
"""

import fnmatch
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "teaching" / "MUTATIONS.md"
REASONS = ROOT / "tests" / "exercises" / "survivors.toml"
KINDS = {
    "same": "it is the same answer, written otherwise",
    "free": "the question leaves it open: it is another right answer",
    "tolerated": "it is not quite what was asked, and the check lets it pass on purpose",
    "hole": "the check should refuse it, and does not",
}
EQUIVALENT = ("same", "free")
HEAD = """# What the checks refuse

Made by `make mutations` (`tools/mutate_checks.py`), not by hand. Each solution of an exercise is \
changed in one small place: a number, a comparison, an operator, an argument, an option, a \
statement left out, two things swapped. Such an answer is wrong, or it is right in another way. \
The check should know.

**{refused} of {wrong} wrong answers are refused: {score:.1%}.** {stopped} of those stop by \
themselves, with an error; of the {ran} that run to their end, {ran_refused} are refused \
({ran_score:.1%}). {equivalent} more changes leave the answer right, and are accepted. \
{tried} changes were tried of {all} that there are; where an answer trains a network, they are \
drawn at random (seed {seed}).{missing}

*Same*: {same}. *Free*: {free}. Neither counts. *Tolerated*: {tolerated}. *Hole*: {hole}. Both \
count as wrong answers that got through.

| exercise | changes | tried | refused | same or free | tolerated | holes |
|---|---|---|---|---|---|---|
"""


def reason(id: str, change: str, reasons: Mapping[str, list[dict]]) -> tuple[str, str]:
    """Kind and reason of an accepted change, both empty where nobody has looked at it yet."""
    for row in reasons.get(id, []):
        patterns = row["change"] if isinstance(row["change"], list) else [row["change"]]
        # Brackets are code here, and no sets of letters.
        for pattern in patterns:
            if fnmatch.fnmatchcase(change, pattern.replace("[", "[[]")):
                return row["kind"], row["reason"]
    return "", ""


def write(answers: list, results: Mapping[str, dict]) -> list[str]:
    """Write the page; gives a line for each thing that nobody has explained.

    Args:
        answers: all `Answer`s of `mutate_checks.py`.
        results: what was found, by key.
    """
    from tools.mutate_checks import RIGHT, SEED

    reasons = tomllib.loads(REASONS.read_text("utf-8"))
    rows, survivors, unnamed, untried = [], [], [], []
    total = dict.fromkeys(("all", "tried", "refused", "stopped", *KINDS), 0)
    for answer in answers:
        plan = answer.drawn()
        found = [results[key] for one in plan if (key := answer.key(*one)) in results]
        # On a busy machine, an answer may run out of time that is right: it counts as not tried.
        found = [one for one in found if "took too long" not in one["said"]]
        own = results.get(answer.key(RIGHT, answer.source))
        if not own or not own["right"]:
            untried.append(answer.id)
            total["all"] += len(plan)
            unnamed.append(f"{answer.id}: its solution: {own['said'] if own else 'not tried'}")
            continue
        count = dict.fromkeys(total, 0) | {"all": len(plan), "tried": len(found)}
        for one in found:
            if not one["right"]:
                count["refused"] += 1
                count["stopped"] += "stopped " in one["said"]
                continue
            kind, why = reason(answer.id, one["change"], reasons)
            if not kind:
                unnamed.append(f"{answer.id}: nobody has looked at: {one['change']}")
            kind = kind or "hole"
            count[kind] += 1
            survivors.append((answer.id, one["change"], kind, why))
        total = {name: total[name] + count[name] for name in total}
        cells = (count["same"] + count["free"], count["tolerated"], count["hole"])
        cells = (answer.id, count["all"], count["tried"], count["refused"], *cells)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    wrong = total["refused"] + total["tolerated"] + total["hole"]
    ran = wrong - total["stopped"]
    text = HEAD.format(
        **(total | KINDS),
        wrong=wrong,
        score=total["refused"] / max(wrong, 1),
        ran=ran,
        ran_refused=total["refused"] - total["stopped"],
        ran_score=(total["refused"] - total["stopped"]) / max(ran, 1),
        equivalent=sum(total[kind] for kind in EQUIVALENT),
        seed=SEED,
        missing=f" Not tried: {', '.join(untried)}." if untried else "",
    )
    text += "\n".join(rows) + "\n\n## What is accepted, and why\n"
    for id in dict.fromkeys(one[0] for one in survivors):
        text += f"\n### {id}\n\n"
        for _, change, kind, why in sorted(one for one in survivors if one[0] == id):
            text += f"- `{change}`  \n  *{kind}*: {why or 'nobody has looked at it yet'}\n"
    PAGE.write_text(text, "utf-8")
    return unnamed
