"""`assert_audit_clean`, as another project would use it."""

import keras
import pytest

from tests.helpers.audited import compiled, frozen_body, tuned_body
from tlcourse import assert_audit_clean, audit

pytestmark = pytest.mark.slow
pytest_plugins = ["pytester"]


def test_a_right_model_passes_and_gives_its_report(task):
    model = compiled(frozen_body())
    assert assert_audit_clean(model, task) == audit(model, task)


def test_a_wrong_model_fails_with_the_whole_report(task):
    model = compiled(tuned_body(), keras.optimizers.Adam(0.01))
    with pytest.raises(AssertionError, match=r"^audit finds: learning rate too high\.") as caught:
        assert_audit_clean(model, train=tuple(task.train))
    assert "Mend " in str(caught.value)
    assert "Not checked" in str(caught.value)


def test_what_is_meant_so_is_ignored_by_name_for_as_long_as_it_is_found(task):
    fast = compiled(tuned_body(), keras.optimizers.Adam(0.01))
    assert_audit_clean(fast, task, ignore="learning rate too high")
    mended = compiled(tuned_body(), keras.optimizers.Adam(1e-5))
    with pytest.raises(AssertionError, match="does not find what `ignore` names: learning rate"):
        assert_audit_clean(mended, task, ignore=["learning rate too high"])
    with pytest.raises(AssertionError, match=r"^audit finds: learning rate too high\."):
        assert_audit_clean(fast, task, ignore=["class imbalance"])


def test_in_the_tests_of_another_project_the_failure_points_at_the_test(pytester):
    pytester.makepyfile(
        """
        import keras
        from tlcourse import assert_audit_clean

        def test_my_model():
            model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
            model.trainable = False
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            assert_audit_clean(model)
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: audit finds: nothing learns.*"])
    result.stdout.no_fnmatch_line("*auditing?__init__.py*")
