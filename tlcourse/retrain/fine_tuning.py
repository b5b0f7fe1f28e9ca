"""Fine-tuning, epoch by epoch: batches, frozen maps, and the weights of the best epoch."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import numpy as np
from scipy.special import log_softmax

from tlcourse.data import Split
from tlcourse.machine.limits import release_pages
from tlcourse.progress import with_bar
from tlcourse.retrain.confidence import temperature
from tlcourse.transfer.halves import Halves, halves, put_back
from tlcourse.transfer.tuning import gentle_sgd

EPOCHS, PATIENCE, BATCH, LEARNING_RATE = 10, 3, 16, 0.01
MAP_BYTES = 2**28  # of what frozen layers give for all pictures, to be kept in memory


@dataclass(frozen=True)
class Score:
    """How a model does on the validation photos, its temperature set; see `score`."""

    accuracy: float
    loss: float


def fine_tune(
    model: keras.Model,
    training: Split,
    validation: Split,
    *,
    strategy,
    seed: int,
    deadline: float,
    weights: np.ndarray | None,
) -> "KeepBest":
    """Train what may learn of a model, in place; it ends with the best weights that there were.

    What the frozen layers give for each picture is computed once, where memory holds it.

    Args:
        model: from pictures to logits, frozen in part.
        training: pictures, which may be a memory map, and labels.
        validation: the same.
        strategy: the `tf.distribute.Strategy` that the model was made under.
        seed: of the order of the pictures.
        deadline: in seconds of `time.monotonic()`.
        weights: (classes,) what a photo of each class counts.

    Returns:
        What was seen on the way.
    """
    steps = EPOCHS * -(-len(training.labels) // BATCH)
    with strategy.scope():
        parts = halves(model)
        if parts and map_bytes(parts, training, validation) > MAP_BYTES:
            parts = None
        learner = parts.learning if parts else model
        learner.compile(
            gentle_sgd(LEARNING_RATE, steps),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
    if parts:
        # A model of its own: under a strategy, `predict_on_batch` answers once a device.
        frozen = keras.Model(parts.frozen.input, parts.frozen.output)
        validation = maps_of(frozen, validation)
    watched = Batches(validation)

    def look() -> Score:
        return score(learner.predict(watched, verbose=0), validation.labels, weights)

    bar = with_bar(range(steps), "Fine-tuning")
    best = KeepBest(look, deadline, bar)
    best.set_model(learner)
    try:
        if parts:
            training = maps_of(frozen, training, deadline)
        if time.monotonic() > deadline:
            best.note = "The time budget was used up before fine-tuning, which was left out."
        else:
            learner.fit(
                Batches(training, shuffle_seed=seed, weights=weights),
                epochs=EPOCHS,
                callbacks=[best],
                shuffle=False,  # `batches` shuffles itself, from the seed
                verbose=0,
            )
    except KeyboardInterrupt:
        best.note = "Fine-tuning was interrupted; the best model until then is kept."
    finally:
        getattr(bar, "close", lambda: None)()
    best.restore()
    if parts:
        put_back(learner, model)
    return best


def map_bytes(parts: Halves, *splits: Split) -> int:
    """How large the maps are that the frozen half gives for all pictures."""
    maps = parts.learning.input
    each = np.prod(maps.shape[1:]) * np.dtype(keras.backend.standardize_dtype(maps.dtype)).itemsize
    return int(each) * sum(len(split.labels) for split in splits)


def maps_of(frozen: keras.Model, split: Split, deadline: float = float("inf")) -> Split:
    """The same split with maps for pictures; at the deadline, with those that there are."""
    found = []
    for start in range(0, len(split.labels), BATCH):
        if found and time.monotonic() > deadline:
            break
        images = np.asarray(split.images[start : start + BATCH])
        found.append(keras.ops.convert_to_numpy(frozen.predict_on_batch(images)))
        release_pages(split.images)
    maps = np.concatenate(found)
    return Split(maps, split.labels[: len(maps)])


def score(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> Score:
    """Accuracy and loss of logits, divided by the temperature that suits them best.

    The model that is saved gets its temperature anyway. Without one, a fine-tuned network that is
    right more often loses against a probe that is not as sure of its mistakes.

    Args:
        logits: (n, classes), of validation photos.
        labels: int (n,).
        weights: (classes,) what a photo of each class counts; None for all the same.
    """
    logits = np.asarray(logits, "float64")
    counts = None if weights is None else weights[labels]
    shares = log_softmax(logits / temperature(logits, labels), axis=1)
    right = logits.argmax(axis=1) == labels
    losses = -shares[np.arange(len(labels)), labels]
    return Score(*(float(np.average(each, weights=counts)) for each in (right, losses)))


class Batches(keras.utils.PyDataset):
    """Batches of a split, read from its memory map when they are needed."""

    def __init__(  # noqa: D107
        self, split: Split, shuffle_seed: int | None = None, weights: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.split = split
        self.weights = weights
        self.order = np.arange(len(split.labels))
        self.dice = None if shuffle_seed is None else np.random.default_rng(shuffle_seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        chosen = np.sort(self.order[index * BATCH : (index + 1) * BATCH])
        images, labels = self.split.images[chosen], self.split.labels[chosen]
        release_pages(self.split.images)
        return (images, labels) if self.weights is None else (images, labels, self.weights[labels])

    def on_epoch_end(self) -> None:
        """A new order for the next epoch."""
        if self.dice is not None:
            self.dice.shuffle(self.order)


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the best epoch, that before the first included; know when to end."""

    def __init__(  # noqa: D107
        self, look: Callable[[], Score], deadline: float, bar: Iterable
    ) -> None:
        super().__init__()
        self.look = look
        self.bar = iter(bar)
        self.start = self.best = look()
        self.lowest, self.waited = float("inf"), 0
        self.deadline = deadline
        self.tuned: Score | None = None  # of the best epoch, or of the last when none is
        self.weights: list[np.ndarray] | None = None
        self.note = ""

    @property
    def improved(self) -> bool:
        """Whether an epoch was better than the start."""
        return self.best is not self.start

    def set_model(self, model: keras.Model) -> None:
        """Remember the weights at the start."""
        super().set_model(model)
        if self.weights is None:
            self.weights = model.get_weights()

    def on_train_batch_end(self, batch, logs=None) -> None:
        """Move the bar; end training at the deadline."""
        next(self.bar, None)
        if time.monotonic() > self.deadline:
            self.model.stop_training = True
            self.note = "Fine-tuning was ended by the time budget; the best model is kept."

    def on_epoch_end(self, epoch, logs=None) -> None:
        """Keep the weights when validation says so; end where its loss falls no more."""
        now = self.look()
        self.waited = 0 if now.loss < self.lowest else self.waited + 1
        self.lowest = min(self.lowest, now.loss)
        if self.waited >= PATIENCE:
            self.model.stop_training = True
        if now.loss < self.best.loss and now.accuracy >= self.start.accuracy:
            self.best, self.weights = now, self.model.get_weights()
        self.tuned = self.best if self.improved else now

    def restore(self) -> None:
        """Put the best weights back."""
        self.model.set_weights(self.weights)
