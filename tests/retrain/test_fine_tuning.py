"""Which epoch is kept, and when it ends."""

import numpy as np
import pytest

from tlcourse.retrain import fine_tuning
from tlcourse.retrain.fine_tuning import KeepBest, Score, score

# Ten photos of two classes: the second, and the ninth, are named wrong; all are one ahead.
LABELS = np.repeat([0, 1], 5)
AHEAD = np.where(np.isin(np.arange(10), (1, 8)) != (LABELS == 0), 1.0, -1.0)
LOGITS = np.stack([AHEAD, np.zeros(10)], axis=1)


def test_what_is_right_is_counted_and_the_loss_is_that_of_calibrated_answers():
    found = score(LOGITS, LABELS)
    assert found.accuracy == 0.8
    # Eight of ten right, and Platt's doubt of 1 in 12 photos: 0.8 * 11/12 + 0.2 * 1/12 = 0.75 is
    # what the temperature makes of "one ahead". Then the loss is:
    assert found.loss == pytest.approx(-0.8 * np.log(0.75) - 0.2 * np.log(0.25), abs=1e-4)


@pytest.mark.parametrize("times", [0.5, 3.0])
def test_how_sure_it_is_changes_nothing(times):
    one, other = score(LOGITS, LABELS), score(times * LOGITS, LABELS)
    assert other.accuracy == one.accuracy
    assert other.loss == pytest.approx(one.loss, abs=1e-4)


def test_a_photo_counts_what_its_class_counts():
    labels = np.array([0, 0, 0, 1])
    logits = np.array([[1.0, 0.0]] * 4)  # three of four are right
    assert score(logits, labels).accuracy == 0.75
    assert score(logits, labels, np.array([1.0, 3.0])).accuracy == 0.5


class Model:
    """The weights are the number of the epoch."""

    def __init__(self):
        self.stop_training, self.epoch = False, 0

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])


def after(scores, monkeypatch, patience=3):
    """What is kept when the epochs come out so; the first is the score before them."""
    monkeypatch.setattr(fine_tuning, "PATIENCE", patience)
    coming = iter(scores)
    best, model = KeepBest(lambda: next(coming), float("inf"), []), Model()
    best.set_model(model)
    for epoch in range(1, len(scores)):
        model.epoch = epoch
        best.on_epoch_end(epoch - 1)
        if model.stop_training:
            break
    ended = model.epoch
    best.restore()
    return best, model.epoch, ended


def test_the_epoch_with_the_least_loss_is_kept(monkeypatch):
    scores = [Score(0.8, 0.6), Score(0.85, 0.5), Score(0.82, 0.4), Score(0.9, 0.45)]
    best, kept, ended = after(scores, monkeypatch)
    assert (kept, ended, best.improved, best.tuned) == (2, 3, True, scores[2])


def test_no_accuracy_is_lost_for_a_lower_loss(monkeypatch):
    scores = [Score(0.8, 0.6), Score(0.79, 0.5), Score(0.78, 0.4)]
    best, kept, _ = after(scores, monkeypatch)
    assert (kept, best.improved, best.tuned) == (0, False, scores[-1])


def test_it_ends_where_the_loss_has_not_fallen_for_so_many_epochs(monkeypatch):
    scores = [Score(0.8, 0.6), *(Score(0.8, loss) for loss in (0.7, 0.9, 0.65, 0.66, 0.67, 0.1))]
    best, kept, ended = after(scores, monkeypatch, patience=2)
    assert (kept, ended, best.improved) == (0, 5, False)
