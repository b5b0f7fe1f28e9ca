"""Every untrained control of the course is alive: it comes from `untrained_backbone`.

`load_backbone(…, weights=None)` is made to be trained: the scale of each residual branch starts
at 0. Frozen, it is a control that cannot lose. Whoever uses it says here what for.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMPTY = re.compile(r"load_backbone\([^()]*weights=None")
USES = {
    "lessons/01_what_it_is.ipynb": "an empty network, which gets weights",
    "lessons/02_how_it_works.ipynb": "the dead control, shown as one",
    "lessons/04_when.ipynb": "a start, from which all layers learn",
    "lessons/08_model_zoo.ipynb": "counted and timed, not measured on a task",
    "lessons/solutions/02_how_it_works.ipynb": "exercise 02.1: which control is alive?",
    "tlcourse/exercises/lessons/lesson02.py": "exercise 02.1: which control is alive?",
    "tlcourse/networks/control.py": "made alive there",
    "tlcourse/networks/cost.py": "named in a docstring, for counting",
}


def sources():
    """File → its code, for all notebooks of the course and all modules of the package."""
    for path in sorted((ROOT / "lessons").rglob("*.ipynb")):
        if "exercises" not in path.parts and ".ipynb_checkpoints" not in path.parts:
            cells = json.loads(path.read_text("utf-8"))["cells"]
            code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
            yield path.relative_to(ROOT).as_posix(), "\n".join(code)
    for path in sorted((ROOT / "tlcourse").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def test_a_network_at_the_start_of_training_is_no_control():
    found = {name for name, code in sources() if EMPTY.search(code)}
    assert found == set(USES), "A frozen control is untrained_backbone(…); say other uses here."


def test_the_search_finds_one():
    assert EMPTY.search('body = load_backbone("photonet", image_size=SIDE, weights=None)')
    assert not EMPTY.search('untrained_backbone("photonet", images, seed=SEED)')
