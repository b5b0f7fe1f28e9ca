"""A classifier in two halves: they compute what it does, and learn what it would have learned."""

import keras
import numpy as np
import pytest

from tlcourse import build_classifier, load_backbone, unfreeze
from tlcourse.data import Split
from tlcourse.retrain import fine_tuning, train
from tlcourse.transfer.halves import halves, put_back


def pictures(n, side=64):
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), np.uint8)


@pytest.fixture
def classifier():
    keras.utils.set_random_seed(0)
    model = build_classifier(load_backbone("photonet"), 3)
    unfreeze(model, "stage4")
    return model


def test_the_halves_compute_what_the_classifier_does(classifier):
    x = pictures(3)
    frozen, learning = halves(classifier)
    maps = frozen.predict(x, verbose=0)
    assert maps.shape == (3, 8, 8, 128)  # behind stage 3
    expected = classifier.predict(x, verbose=0)
    np.testing.assert_allclose(learning.predict(maps, verbose=0), expected, atol=1e-5)
    assert frozen.trainable_weights == []
    names = [[w.name for w in m.trainable_weights] for m in (classifier, learning)]
    assert names[0] == names[1]


def test_what_the_half_learns_is_what_the_whole_would_have_learned(classifier):
    x, y = pictures(8), np.arange(8) % 3
    frozen, learning = halves(classifier)
    before = classifier.get_weights()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    learning.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
    learning.fit(frozen.predict(x, verbose=0), y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, classifier.get_weights(), strict=True))
    put_back(learning, classifier)
    half = classifier.get_weights()
    classifier.set_weights(before)
    classifier.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
    classifier.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for one, two in zip(half, classifier.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_the_classifiers_own_graph_stays_as_it_was(classifier):
    halves(classifier)
    backbone = classifier.get_layer("photonet")
    for layer in [*classifier.layers, *backbone.layers]:
        assert layer.output is not None  # Keras refuses a layer that is in two graphs


def small(learn):
    """Two branches from the picture that are joined; which of the layers learn."""
    image = keras.Input((8, 8, 3))
    a = keras.layers.Conv2D(2, 3, padding="same", name="a")(image)
    b = keras.layers.Conv2D(2, 3, padding="same", name="b")(image)
    both = keras.layers.Concatenate(name="both")([a, b])
    last = keras.layers.Conv2D(4, 3, name="last")(both)
    backbone = keras.Model(image, keras.layers.GlobalAveragePooling2D()(last))
    model = build_classifier(backbone, 2)
    for name in ("a", "b", "last"):
        backbone.get_layer(name).trainable = name in learn
    return model


@pytest.mark.parametrize(
    ("learn", "shape"), [("last", (8, 8, 4)), ("", (6, 6, 4)), (("b", "last"), None), ("a", None)]
)
def test_no_shortcut_leads_around_the_cut(learn, shape):
    parts = halves(small([learn] if isinstance(learn, str) else learn))
    assert (parts and parts.frozen.output.shape[1:]) == shape


def test_retrain_comes_to_the_same_model_with_maps_and_without(monkeypatch):
    import tensorflow as tf

    x, y = pictures(40), np.arange(40) % 2
    x[y == 1] //= 2
    training, validation = Split(x[:20], y[:20]), Split(x[20:], y[20:])
    backbone = load_backbone("photonet")
    probe = train.fit_probe(backbone.predict(x[:20], verbose=0), y[:20], seed=0)
    monkeypatch.setattr(fine_tuning, "EPOCHS", 2)
    made = []
    for most in (fine_tuning.MAP_BYTES, 0):
        monkeypatch.setattr(fine_tuning, "MAP_BYTES", most)
        made.append(
            train.train(
                backbone, 2, training, validation, probe,
                strategy=tf.distribute.get_strategy(), seed=0,
            )
        )  # fmt: skip
    assert made[0].method == made[1].method
    for method, score in made[0].scores.items():
        assert score.loss == pytest.approx(made[1].scores[method].loss, abs=1e-4)
    for one, two in zip(*(one.model.get_weights() for one in made), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_maps_are_counted_and_a_deadline_ends_them(classifier):
    parts = halves(classifier)
    split = Split(pictures(40), np.zeros(40, int))
    assert fine_tuning.map_bytes(parts, split, split) == 80 * 8 * 8 * 128 * 4
    assert len(fine_tuning.maps_of(parts.frozen, split).images) == 40
    cut = fine_tuning.maps_of(parts.frozen, split, deadline=0)
    assert len(cut.images) == len(cut.labels) == fine_tuning.BATCH
