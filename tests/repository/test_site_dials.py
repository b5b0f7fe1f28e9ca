"""The dials in the page: what is written into the pages is what the tables hold."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tlcourse import load_surface
from tlcourse.data.studies import load_distance
from tools import site_dials, site_places, site_tours

ROOT = Path(__file__).resolve().parents[2]
FEW = np.array([[0.10, 0.12, 0.11], [0.50, 0.52, 0.51], [0.51, 0.49, 0.53], [0.2, 0.2, 0.3]])


@pytest.fixture(scope="module")
def dials():
    return {kind: make() for kind, make in site_dials.DIALS.items()}


@pytest.mark.parametrize(
    ("kind", "views"),
    [("freeze", 12), ("how-much", 8), ("flowers", 3), ("distance", 14), ("real", 12)],
)
def test_each_choice_has_a_view_with_words_for_each_step(dials, kind, views):
    dial = dials[kind]
    assert len(dial["views"]) == views
    for view in dial["views"].values():
        assert len(view["words"]) == len(view["rows"]) + 1 == len(dial["dial"]["steps"])
        assert len({len(row["cells"]) for row in view["rows"]} | {len(dial["columns"])}) == 1
        assert all(row["worst"] <= row["mean"] <= row["best"] for row in view["rows"])


def test_numbers_stand_where_they_belong(dials):
    sizes, table = load_surface()
    near = sizes.index(20)
    row = dials["freeze"]["views"]["20/tuned"]["rows"][2]
    assert row["mean"] == pytest.approx(100 * table["tuned", 2][near].mean(), abs=1e-3)
    row = dials["how-much"]["views"]["3/frozen"]["rows"][near]
    assert row["worst"] == pytest.approx(100 * table["frozen", 3][near].min(), abs=1e-3)
    runs = load_distance()
    gain = runs["digits", "noisenet", "tuned", 100]
    gain = gain - runs["digits", "none", "scratch", 100][: len(gain)]
    row = dials["distance"]["views"]["digits/tuned/100"]["rows"][3]
    assert row["best"] == pytest.approx(100 * gain.max(), abs=1e-3)


def test_what_may_be_best_as_far_as_the_runs_tell():
    assert site_dials.best_kept(FEW) == [1, 2] or site_dials.best_kept(FEW) == [2, 1]
    assert site_dials.best_kept(FEW[[0, 1, 3]]) == [1]


@pytest.mark.parametrize(("value", "ratio", "at"), [(17, False, 1), (15.5, True, 1), (44, True, 2)])
def test_the_nearest_option(value, ratio, at):
    assert site_tours.nearest(value, (10, 20, 50), ratio=ratio) == at


@pytest.mark.parametrize("kind", site_dials.DIALS)
def test_tours_have_five_steps_that_ask_before_they_show(dials, kind):
    dial = dials[kind]
    names = [control["name"] for control in dial["controls"]]
    assert len(dial["tour"]) == 5
    for step in dial["tour"]:
        assert step["ask"].endswith("?")
        assert "/".join(step["set"][name] for name in names) in dial["views"]
        assert step["right"]
        assert len(step["right"]) < len(step["options"])
        assert max(step["right"]) < len(step["options"])
        assert int(step["set"]["shown"]) <= step["end"] < len(dial["dial"]["steps"])


@pytest.mark.parametrize("page", site_places.PLACES)
def test_dials_stand_where_their_pages_have_a_place(page):
    notebook = json.loads((ROOT / page).read_text("utf-8"))
    before = len(notebook["cells"])
    site_places.insert(notebook, page)
    assert len(notebook["cells"]) == before + len(site_places.PLACES[page])
    for kind, after in site_places.PLACES[page].items():
        ids = [cell.get("id") for cell in notebook["cells"]]
        at = ids.index(after) if after else 1
        assert notebook["cells"][at]["cell_type"] == "code" or ids[at].endswith("-dial")
        assert ids[at + 1] == f"{kind}-dial"
        held = re.search(r"json\">(.*?)</script>", notebook["cells"][at + 1]["source"])[1]
        assert json.loads(held) == site_dials.DIALS[kind]()
