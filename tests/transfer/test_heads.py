"""Heads: what they are put on, and a probe that becomes one."""

import numpy as np
import pytest

from tlcourse.transfer.heads import build_classifier, set_head
from tlcourse.transfer.probe import linear_probe

pytestmark = pytest.mark.slow


def test_a_classifier_is_the_backbone_and_a_head(backbone):
    model = build_classifier(backbone, 3, dropout=0.5)
    assert [layer.name for layer in model.layers] == ["image", "small", "dropout", "head"]
    assert model.output_shape == (None, 3)
    with pytest.raises(ValueError, match="at least 2, not 1"):
        build_classifier(backbone, 1)


def test_feature_maps_are_averaged(backbone):
    import keras

    maps = keras.Model(backbone.input, backbone.get_layer("stage2").output, name="maps")
    assert build_classifier(maps, 2).get_layer("average").output.shape == (None, 8)


def test_a_probe_becomes_the_head(backbone, task):
    import keras

    rng = np.random.default_rng(0)
    for classes in (2, 3):
        labels = np.arange(30) % classes
        images = rng.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
        features = keras.ops.convert_to_numpy(backbone(images))
        probe = linear_probe(features, labels, c_values=(1.0,))
        model = build_classifier(backbone, classes)
        set_head(model, probe)
        shares = keras.ops.convert_to_numpy(keras.ops.softmax(model(images)))
        np.testing.assert_allclose(shares, probe.predict_proba(features), atol=1e-5)
    with pytest.raises(ValueError, match=r"weights \(8, 3\), the head \(8, 2\)"):
        set_head(build_classifier(backbone, 2), probe)
