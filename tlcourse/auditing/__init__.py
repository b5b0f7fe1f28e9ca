"""`audit`: find the classic mistakes of transfer learning before they cost an afternoon.

report    what was found: `Finding`, `Report`
data      what the model is given, read once
facts     what can be known of the model without training it
hearing   what arrives at its layers
fresh     which layers are as they were made
copies    which pictures are nearly the same
training  checks: what learns, and how fast
speed     how fast an optimizer goes
inputs    checks: size, scale and numbers of the pictures
preprocessing  checks: what a network expects of its pictures
channels  checks: red and blue exchanged
outputs   checks: outputs, loss
labels    checks: labels, and whether they belong to their pictures
splits    checks: shared pictures, moving splits, classes
unchecked what a clean report says nothing of
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlcourse.auditing import (
    channels,
    inputs,
    labels,
    outputs,
    preprocessing,
    splits,
    training,
)
from tlcourse.auditing.data import read_data
from tlcourse.auditing.facts import look_at
from tlcourse.auditing.report import Finding, Report
from tlcourse.auditing.unchecked import not_checked
from tlcourse.data import Task

if TYPE_CHECKING:
    import keras

__all__ = ["Finding", "Report", "assert_audit_clean", "audit"]


def audit(
    model: "keras.Model",
    task: Task | None = None,
    *,
    train: Any = None,
    validation: Any = None,
    test: Any = None,
    folders: Sequence[str | Path] = (),
    class_weight: Mapping[int, float] | None = None,
    pretrained: bool | None = None,
) -> Report:
    """Look for the classic mistakes of transfer learning. Nothing is trained or changed.

    Give what `fit` and `evaluate` will get: a task, or the splits themselves. What is not given
    is not looked at, and the report says so. The best moment is after `compile`, before `fit`.

    A `tf.data.Dataset` is read once, validation and test sets twice, up to 5,000 pictures each.
    Reading counts as an epoch for a dataset that shuffles: its next order is another one.

    Args:
        model: any Keras model; compiled, if loss and learning rate are to be looked at.
        task: pictures, labels and class names.
        train: batches of (images, labels) as `fit` gets them, or a pair of arrays; instead of
            the task's.
        validation: the same for validation.
        test: the same for the test.
        folders: two or more, of one sub-folder a class, whose classes should be the same.
        class_weight: what `fit` will get.
        pretrained: whether the body holds what was learned on another task. None looks for it:
            normalization statistics and biases that training has moved, or the weights of the
            course's backbones. After `fit`, the first of these tells no more.

    Returns:
        The findings, errors first; empty when nothing was found.
    """
    given = {"train": train, "validation": validation, "test": test}
    data, skipped = read_data(task, given, folders, class_weight)
    facts, more = look_at(model, data, pretrained)
    skipped += more
    findings = []
    rooms = (training, inputs, preprocessing, channels, outputs, labels, splits)
    for check in (check for room in rooms for check in room.CHECKS):
        try:
            findings += check(facts)
        except Exception as error:  # an odd model is no reason to stop
            skipped.append(f"{check.__name__} stopped with {type(error).__name__}: {error}")
    findings.sort(key=lambda finding: finding.severity != "error")
    unchecked = tuple(not_checked(facts))
    return Report(tuple(findings), tuple(_looked_at(facts)), tuple(skipped), unchecked)


def assert_audit_clean(
    model: "keras.Model", task: Task | None = None, *, ignore: Collection[str] = (), **given: Any
) -> Report:
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


def _looked_at(facts) -> list[str]:
    layers = len(facts.body) + bool(facts.head)
    said = [
        f"what learns: {layers} layers with weights, {len(facts.pretrained)} of them pretrained"
    ]
    if facts.compiled:
        said.append("optimizer and loss")
    if facts.arriving:
        said.append("what goes in and comes out")
    for name, split in facts.data.splits.items():
        count = 0 if split.images is None else len(split.images)
        said.append(f"{name}: {'' if split.whole else 'the first '}{count:,} pictures")
    if len(facts.data.names) > 1:
        said.append(f"class names of {', '.join(facts.data.names)}")
    return said
