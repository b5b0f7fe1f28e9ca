"""Freezing: which layers learn, and which statistics move."""

import numpy as np
import pytest

from tlcourse.transfer.freezing import freeze, trainable_summary, unfreeze
from tlcourse.transfer.heads import build_classifier

pytestmark = pytest.mark.slow


def statistics(model):
    return [
        variable.numpy().copy()
        for variable in model.non_trainable_variables
        if "moving" in variable.path
    ]


def test_unfreeze_begins_at_the_named_stage(backbone):
    model = build_classifier(backbone, 2)
    freeze(model)
    assert trainable_summary(model).learning == 0
    unfreeze(model, "small/stage2")
    summary = trainable_summary(model)
    # stage2_conv has 3·3·4·8 weights, the head 8·2 + 2
    assert (summary.learning, summary.total) == (288 + 18, 108 + 16 + 288 + 32 + 18)
    assert (summary.frozen_norms, summary.norms) == (2, 2)
    assert [(group.first, group.last) for group in summary.groups] == [
        ("small/stage1_conv", "small/stage1_norm"),
        ("small/stage2_conv", "head"),
    ]
    assert "306 of 462 parameters learn; 2 of 2 normalizations are frozen" in repr(summary)
    assert "<td>306</td><td>32</td>" in summary._repr_html_()
    unfreeze(model, "stage1")  # the outer name may be left out
    assert trainable_summary(model).learning == 108 + 288 + 18
    with pytest.raises(ValueError, match=r"no layer 'small/stage3'\. Did you mean 'small/stage"):
        unfreeze(model, "small/stage3")


def test_the_statistics_of_an_unfrozen_model_do_not_move(backbone, task):
    model = build_classifier(backbone, 2)
    unfreeze(model, "stage1")
    model.compile("sgd", "sparse_categorical_crossentropy")
    before, weights = statistics(model), model.get_weights()
    assert len(before) == 4
    model.fit(task.as_dataset(), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, statistics(model), strict=True))
    assert not np.array_equal(weights[0], model.get_weights()[0])
