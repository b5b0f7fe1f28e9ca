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
asserting `assert_audit_clean`, for tests
"""

from collections.abc import Mapping, Sequence
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
from tlcourse.auditing.asserting import assert_audit_clean
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
