"""Soups: means of weights, and a greedy choice, worked out by hand."""

import keras
import numpy as np
import pytest

from tlcourse import average_weights, greedy_soup
from tlcourse.errors import InputError


def network(kernel, mean, variance):
    """y = kernel · x, normalized with a stored mean and variance."""
    x = keras.Input((1,))
    y = keras.layers.Dense(1, use_bias=False)(x)
    model = keras.Model(x, keras.layers.BatchNormalization(epsilon=0.0)(y))
    one = np.ones(1)
    model.set_weights([np.full((1, 1), kernel), one, 0 * one, mean * one, variance * one])
    return model


def test_the_mean_of_two_networks_by_hand_with_the_statistics_of_their_normalizations():
    """Kernels 2 and 6: 4. Means 1 and 3: 2. Variances 1 and 7: 4. So x = 3 gives (12 - 2) / 2."""
    one, two = network(2.0, 1.0, 1.0), network(6.0, 3.0, 7.0)
    soup = average_weights([one.get_weights(), two.get_weights()])
    assert [weight.item() for weight in soup] == [4, 1, 0, 2, 4]
    one.set_weights(soup)
    assert one.predict(np.array([[3.0]]), verbose=0).item() == pytest.approx(5.0)
    assert two.get_weights()[0].item() == 6  # an ingredient stays as it is


def test_three_networks_count_the_same():
    soup = average_weights([[np.array([0.0, 3.0])], [np.array([3.0, 3.0])], [np.array([6.0, 0.0])]])
    np.testing.assert_allclose(soup[0], [3, 2])


def test_the_dtype_stays_and_the_state_of_a_random_generator_is_not_averaged():
    one = [np.ones(2, "float16"), np.array([1, 7], "uint32")]
    two = [np.full(2, 2.0, "float16"), np.array([3, 8], "uint32")]
    weights, state = average_weights([one, two])
    assert (weights.dtype, state.dtype) == ("float16", "uint32")
    assert weights.tolist() == [1.5, 1.5]
    assert state.tolist() == [1, 7]


def test_only_one_architecture_can_be_averaged():
    one, other, longer = [np.zeros((2, 3))], [np.zeros((3, 2))], [np.zeros((2, 3)), np.zeros(3)]
    with pytest.raises(InputError, match=r"network 1 .*array 0 is \(3, 2\) instead of \(2, 3\)"):
        average_weights([one, other])
    with pytest.raises(InputError, match=r"network 2 .*2 arrays instead of 1"):
        average_weights([one, one, longer])
    with pytest.raises(InputError, match="at least one network"):
        average_weights([])
    with pytest.raises(InputError, match="2 arrays instead of 1"):
        greedy_soup([one, longer], lambda _: 0.0)


def near(target):
    """A score of one number: the nearer to the target, the higher."""
    return lambda weights: -abs(weights[0].item() - target)


def numbers(*values):
    return [[np.array(value)] for value in values]


def test_the_greedy_soup_by_hand():
    """Target 10. 9 goes first, with 12 it is 10.5, nearer; with 2 it would be 7.67: 2 stays out."""
    assert greedy_soup(numbers(2.0, 12.0, 9.0), near(10)) == [2, 1]


def test_what_changes_nothing_stays_in():
    """8 alone is 2 off, and so is 12; together they hit. 10 more of 10 leave it there."""
    assert greedy_soup(numbers(8.0, 12.0), near(10)) == [0, 1]
    assert greedy_soup(numbers(10.0, 10.0, 13.0), near(10)) == [0, 1]


def test_where_no_mean_is_better_the_best_one_stays_alone():
    """Two valleys, at -1 and at 1, with a hill between: what other starts do to networks."""
    assert greedy_soup(numbers(-1.0, 1.0), lambda weights: abs(weights[0].item())) == [0]
