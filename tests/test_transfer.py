import numpy as np
import pytest

from tlcourse.transfer import restart


@pytest.fixture
def model():
    import keras

    keras.utils.set_random_seed(0)
    rate = keras.optimizers.schedules.CosineDecay(0.1, 8)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")])
    network.compile(keras.optimizers.SGD(rate, momentum=0.9), "mse")
    return network


INPUTS, TARGETS = np.eye(3, dtype="float32"), np.ones((3, 2), "float32")


@pytest.mark.slow
def test_a_restarted_run_is_the_first_run_again(model):
    start = model.get_weights()

    def losses():
        return model.fit(INPUTS, TARGETS, epochs=4, shuffle=False, verbose=0).history["loss"]

    first = losses()
    went_on = losses()
    restart(model, start)
    assert int(model.optimizer.iterations.numpy()) == 0
    assert losses() == first != went_on


@pytest.mark.slow
def test_a_constant_learning_rate_stays(model):
    import keras

    model.compile(keras.optimizers.SGD(0.25, momentum=0.9), "mse")
    model.fit(INPUTS, TARGETS, verbose=0)
    restart(model, [np.zeros((3, 2)), np.array([1.0, 2.0])])
    assert float(model.optimizer.learning_rate.numpy()) == 0.25
    assert model.get_layer("head").bias.numpy().tolist() == [1.0, 2.0]


@pytest.mark.slow
def test_what_restart_refuses(model):
    import keras

    raw = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"needs a compiled model: call model.compile"):
        restart(raw, raw.get_weights())
    before = model.get_weights()
    with pytest.raises(ValueError, match="weight"):
        restart(model, [np.zeros((5, 2)), np.zeros(2)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
