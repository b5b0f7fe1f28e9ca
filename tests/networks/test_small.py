"""The small network takes pictures of any size, with the same weights."""

import numpy as np

from tlcourse.networks.small import small_network


def test_another_input_size_needs_no_other_weights():
    small, large = small_network(5), small_network(5, 128)
    assert small.input_shape == (None, 64, 64, 3)
    assert large.input_shape == (None, 128, 128, 3)
    large.set_weights(small.get_weights())
    pictures = np.random.default_rng(0).uniform(0, 255, (3, 128, 128, 3)).astype("float32")
    assert large(pictures).shape == (3, 5)
