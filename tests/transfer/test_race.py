"""Two networks side by side: what is frozen, what is computed once, what is looked at."""

from types import SimpleNamespace

import numpy as np
import pytest

from tlcourse import load_backbone, load_task
from tlcourse.data import Split
from tlcourse.transfer import race


@pytest.fixture(scope="module")
def photonet():
    return load_backbone("photonet")


@pytest.fixture(scope="module")
def few():
    """A task without a test split: whoever looks at it fails."""
    task = load_task("digits").few_shot(5)
    return SimpleNamespace(train=task.train, validation=task.validation, num_classes=10)


def learning(model):
    return {variable.path for variable in model.trainable_variables}


@pytest.mark.parametrize(("frozen", "size"), [(1, (32, 32, 32)), (4, (4, 4, 256))])
def test_what_is_frozen_is_computed_once_and_the_rest_learns(photonet, few, frozen, size):
    import keras

    racer = race.with_transfer(photonet, frozen, few)
    assert racer.train.images.shape[1:] == size
    stages = {int(path.split("stage")[1][0]) for path in learning(racer.model) if "stage" in path}
    assert stages == set(range(frozen + 1, 5))
    assert not any("norm" in path for path in learning(racer.model))
    # Both halves together are photonet with the new head.
    features = photonet.predict(few.train.images[:4], verbose=0)
    logits = racer.model.get_layer("head")(features)
    halves = racer.model.predict(racer.train.images[:4], verbose=0)
    assert halves == pytest.approx(keras.ops.convert_to_numpy(logits), abs=1e-3)


def test_without_a_frozen_stage_the_stem_learns_and_photonet_stays_as_it_is(photonet, few):
    before = [weight.copy() for weight in photonet.get_weights()]
    racer = race.with_transfer(photonet, 0, few)
    assert any("stem_conv" in path for path in learning(racer.model))
    racer.learn(0)
    assert all(map(np.array_equal, before, photonet.get_weights()))
    changed = racer.model.get_weights()
    assert not all(map(np.array_equal, before, changed[: len(before)]))


@pytest.mark.parametrize("frozen", [-1, 5])
def test_there_are_four_stages(photonet, few, frozen):
    with pytest.raises(ValueError, match="frozen must be from 0 to 4"):
        race.with_transfer(photonet, frozen, few)


def test_each_pass_has_every_picture_once(few):
    racer = race.from_scratch(few)
    assert len(racer.order) == race.STEPS["scratch"] * race.BATCH
    first = racer.order[: len(few.train.labels)]
    assert sorted(first) == list(range(50))
    assert list(first) != sorted(first)


def test_accuracy_is_that_of_validation_pictures(few):
    model = SimpleNamespace(predict=lambda images, **_: np.eye(10)[images[:, 0]])
    answers = np.array([[0], [1], [2], [3]])
    racer = race.Racer(model, few.train, np.arange(0), Split(answers, np.array([0, 1, 2, 9])))
    assert racer.accuracy() == 0.75


@pytest.mark.slow
def test_the_race_looks_before_and_after_each_round_and_both_learn(photonet, few):
    racers = race.with_transfer(photonet, 4, few), race.from_scratch(few)
    looks = np.array(list(race.race(racers)))
    assert looks.shape == (race.ROUNDS + 1, 2)
    assert (looks[-1] - looks[0] > 0.3).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_race(photonet, few, monkeypatch):
    monkeypatch.setitem(race.STEPS, "transfer", 10)
    runs = [
        [look[0] for look in race.race([race.with_transfer(photonet, 4, few, seed=3)])]
        for _ in range(2)
    ]
    assert runs[0] == pytest.approx(runs[1], abs=0.02)
