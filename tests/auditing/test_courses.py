"""Of each well-known notebook, `audit` says what the page in `teaching/` says that it says."""

import pytest

from tests.auditing.courses import RECIPES
from tests.auditing.courses_page import PAGE, page
from tlcourse import audit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.build.__name__)
def test_what_audit_says_of_a_well_known_notebook(recipe):
    found = {}
    for phase, model, given in recipe.build():
        report = audit(model, **given)
        assert not any("stopped with" in reason for reason in report.skipped), report
        found[phase] = set(report.names)
    assert found == {phase: set(names) for phase, names in recipe.says.items()}


def test_the_page_is_made_of_the_recipes():
    assert PAGE.read_text("utf-8") == page(), "python -m tests.auditing.courses_page"
