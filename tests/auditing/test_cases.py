"""Each wrong model is found under its name, and no right one raises an alarm."""

import pytest

# These add their cases to those of `cases`.
import tests.auditing.fresh_cases
import tests.auditing.later_cases
import tests.auditing.more_cases
import tests.auditing.unseen_cases  # noqa: F401
from tests.auditing.cases import RIGHT, WRONG
from tlcourse import audit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name):
    case, expected = WRONG[name]
    model, given = case()
    report = audit(model, **given)
    assert expected in report.names, report
    assert not any("stopped with" in reason for reason in report.skipped), report


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    model, given = RIGHT[name]()
    report = audit(model, **given)
    assert report.names == (), report
    assert not any("stopped with" in reason for reason in report.skipped), report
