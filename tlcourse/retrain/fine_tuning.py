"""Fine-tuning, epoch by epoch: batches, frozen maps, and the weights of the best epoch."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np

from tlcourse.data import Split
from tlcourse.machine.limits import release_pages
from tlcourse.progress import with_bar
from tlcourse.transfer.halves import Halves, halves, put_back
from tlcourse.transfer.tuning import gentle_sgd

EPOCHS, PATIENCE, BATCH, LEARNING_RATE = 10, 3, 16, 0.01
MAP_BYTES = 2**28  # of what frozen layers give for all pictures, to be kept in memory


@dataclass(frozen=True)
class Score:
    """How a model does on the validation photos."""

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
        metrics = {"metrics" if weights is None else "weighted_metrics": ["accuracy"]}
        learner.compile(
            gentle_sgd(LEARNING_RATE, steps),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            **metrics,
        )
    if parts:
        # A model of its own: under a strategy, `predict_on_batch` answers once a device.
        frozen = keras.Model(parts.frozen.input, parts.frozen.output)
        validation = maps_of(frozen, validation)
    watched = Batches(validation, weights=weights)
    start = score(learner, watched)
    patience = keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE)
    bar = with_bar(range(steps), "Fine-tuning")
    best = KeepBest(start, deadline, bar)
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
                validation_data=watched,
                callbacks=[best, patience],
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


def score(model: keras.Model, batches: "Batches") -> Score:
    """Accuracy and loss of a compiled model."""
    result = model.evaluate(batches, verbose=0, return_dict=True)
    return Score(result["accuracy"], result["loss"])


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
    """Keep the weights of the best epoch, that before the first included; mind the deadline."""

    def __init__(self, start: Score, deadline: float, bar: Iterable) -> None:  # noqa: D107
        super().__init__()
        self.bar = iter(bar)
        self.start = self.best = start
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
        """Keep the weights when validation says so."""
        now = Score(logs["val_accuracy"], logs["val_loss"])
        if now.loss < self.best.loss and now.accuracy >= self.start.accuracy:
            self.best, self.weights = now, self.model.get_weights()
        self.tuned = self.best if self.improved else now

    def restore(self) -> None:
        """Put the best weights back."""
        self.model.set_weights(self.weights)
