"""Two networks learn the same few pictures: one that knows something, one that does not.

The freeze dial shows it. Frozen stages give the same numbers for a picture each time, so they are
computed once, and only what follows them is trained: the fewer stages learn, the faster it goes.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlcourse.data import Split, Task
from tlcourse.networks.layers import leaves
from tlcourse.transfer.freezing import unfreeze
from tlcourse.transfer.heads import build_classifier
from tlcourse.transfer.tuning import copy_of, gentle_sgd

if TYPE_CHECKING:
    import keras

STAGES = 4  # of photonet
ROUNDS = 10  # how often both are looked at
BATCH = 16
STEPS = {"transfer": 120, "scratch": 400}  # from scratch needs more, and its steps are cheap
RATE = 0.1  # of 0.03 and 0.1 the better one on validation pictures, by and large
VALIDATION = 180  # pictures; a look must not take longer than the training


class Racer(NamedTuple):
    """A compiled classifier, its pictures, and the order in which it learns them."""

    model: "keras.Model"
    train: Split
    order: np.ndarray
    validation: Split

    def learn(self, number: int, callbacks: Sequence = ()) -> None:
        """Train on the pictures of one round, 0 to `ROUNDS - 1`."""
        part = np.split(self.order, ROUNDS)[number]
        self.model.fit(
            self.train.images[part], self.train.labels[part], batch_size=BATCH, shuffle=False,
            verbose=0, callbacks=list(callbacks),
        )  # fmt: skip

    def accuracy(self) -> float:
        """Share of the validation pictures that it names right."""
        answers = self.model.predict(self.validation.images, batch_size=VALIDATION, verbose=0)
        return float(np.mean(answers.argmax(axis=1) == self.validation.labels))


def with_transfer(backbone: "keras.Model", frozen: int, few: Task, *, seed: int = 0) -> Racer:
    """Photonet with its first stages frozen, and a new head on it.

    Args:
        backbone: `load_backbone("photonet")`. It is copied, and stays as it is.
        frozen: stages that do not learn, 0 to 4; the stem goes with the first.
        few: its training pictures are learned from, its validation pictures looked at.
        seed: of the head, and of the order of the pictures.

    Raises:
        ValueError: there are not so many stages.
    """
    import keras

    if not 0 <= frozen <= STAGES:
        raise ValueError(f"frozen must be from 0 to {STAGES}, not {frozen}.")
    keras.utils.set_random_seed(seed)
    copy = copy_of(backbone)
    train, validation = few.train, _part(few.validation)
    if frozen:
        at = copy.get_layer(f"stage{frozen}").output
        front, copy = keras.Model(copy.input, at), keras.Model(at, copy.output)
        train, validation = (
            Split(front.predict(images, batch_size=64, verbose=0), labels)
            for images, labels in (train, validation)
        )
    model = build_classifier(copy, few.num_classes)
    unfreeze(model, leaves(model)[0][0])  # all that is left learns, the normalizations apart
    optimizer = gentle_sgd(RATE, STEPS["transfer"])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    order = _order(len(train.labels), STEPS["transfer"], seed)
    return Racer(model, train, order, validation)


def from_scratch(few: Task, *, seed: int = 0) -> Racer:
    """The small network of lessons 3 and 5, from random weights.

    Photonet itself, with 28 times its weights, hardly gets away from guessing with so few pictures
    and steps; to win against that would prove nothing.
    """
    import keras

    from tlcourse.networks import small

    keras.utils.set_random_seed(seed)
    model = small.small_network(few.num_classes)
    rate = keras.optimizers.schedules.CosineDecay(small.RATES["tuned"], STEPS["scratch"])
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), small.LOSS)
    order = _order(len(few.train.labels), STEPS["scratch"], seed)
    return Racer(model, few.train, order, _part(few.validation))


def race(racers: Sequence[Racer], callbacks: Sequence = ()) -> Iterator[list[float]]:
    """Validation accuracies of all, before training and after each of the `ROUNDS` rounds."""
    yield [racer.accuracy() for racer in racers]
    for number in range(ROUNDS):
        for racer in racers:
            racer.learn(number, callbacks)
        yield [racer.accuracy() for racer in racers]


def _part(split: Split) -> Split:
    chosen = np.random.default_rng(0).permutation(len(split.labels))[:VALIDATION]
    return Split(split.images[chosen], split.labels[chosen])


def _order(count: int, steps: int, seed: int) -> np.ndarray:
    """Which picture comes when: pass after pass, each in a new order."""
    rng, passes = np.random.default_rng(seed), -(-steps * BATCH // count)
    return np.concatenate([rng.permutation(count) for _ in range(passes)])[: steps * BATCH]
