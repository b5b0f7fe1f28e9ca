"""`assert_audit_clean`: the audit as one line of a test, in any project."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from tlcourse.auditing.report import Report


def assert_audit_clean(
    model: "keras.Model", task: Any = None, *, ignore: Collection[str] = (), **given: Any
) -> "Report":
    """Fail, with the whole report, where `audit` finds a mistake.

    In a test of your own project, with no plugin to install:

        def test_my_model_has_no_classic_mistakes():
            assert_audit_clean(build_model(), train=train, validation=validation)

    Args:
        model: as for `audit`: compiled, before `fit`.
        task: as for `audit`.
        ignore: names of findings that are meant so, such as `"nothing is frozen"`. One that is
            no longer found is an error, too: a list of exceptions should not outlive them.
        given: the rest of what `audit` takes: `train`, `validation`, `test`, `folders`,
            `class_weight`, `pretrained`.

    Returns:
        The report, for further questions.

    Raises:
        AssertionError: something is found that is not in `ignore`, or nothing that is; the
            message is the report.
    """
    __tracebackhide__ = True  # pytest points at the test, not at this line
    from tlcourse.auditing import audit

    report = audit(model, task, **given)
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    found = [name for name in report.names if name not in ignored]
    if found:
        raise AssertionError(f"audit finds: {', '.join(found)}.\n{report.text()}")
    if gone := ignored - set(report.names):
        raise AssertionError(
            f"audit does not find what `ignore` names: {', '.join(sorted(gone))}. Leave it out of "
            f"`ignore`.\n{report.text()}"
        )
    return report
