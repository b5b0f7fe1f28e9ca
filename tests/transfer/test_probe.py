"""The linear probe: how it chooses, what it refuses, and faint features."""

import numpy as np
import pytest

from tlcourse.transfer.probe import FloorScaler, linear_probe

pytestmark = pytest.mark.slow


def test_the_probe_chooses_by_cross_validation():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    noise = rng.normal(size=(40, 60))
    clear = labels[:, None] + 0.01 * noise
    # Nothing can be learned from noise, so more regularization is better; `clear` needs none.
    assert linear_probe(noise, labels)[-1].C < linear_probe(clear, labels)[-1].C == 1.0
    one_each = linear_probe(clear[:2], labels[:2])
    assert one_each.predict(clear[:2]).tolist() == [0, 1]


def test_what_the_probe_refuses():
    with pytest.raises(ValueError, match="at least two classes"):
        linear_probe(np.zeros((3, 2)), np.zeros(3, int))
    with pytest.raises(ValueError, match=r"not \(3, 2\) and \(4,\)"):
        linear_probe(np.zeros((3, 2)), np.zeros(4, int))


def test_faint_features_stay_faint():
    strong, faint = np.array([-6.0, 6.0] * 2), np.array([0.01, -0.01, -0.01, 0.01])
    features = np.stack([strong, strong + 1, faint], axis=1)
    # deviations 6, 6 and 0.01; their root mean square is sqrt(72 / 3) = sqrt(24)
    scaler = FloorScaler(floor=0.5).fit(features)
    assert scaler.scale_ == pytest.approx([6, 6, 0.5 * 24**0.5], rel=1e-5)
    assert scaler.mean_ == pytest.approx([0, 1, 0])
    assert FloorScaler(floor=0).fit(features).scale_ == pytest.approx([6, 6, 0.01])
    assert FloorScaler().get_params() == {"floor": 0.3}
