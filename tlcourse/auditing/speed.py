"""How fast an optimizer goes, and what pretrained layers bear."""

from typing import NamedTuple

import numpy as np

from tlcourse.auditing.facts import Facts

# Highest learning rate for layers that were trained before, by optimizer. Measured with SGD, as
# rate / (1 - momentum): lesson 5 fine-tunes well at 0.5; at 1.0, lesson 11 loses what was learned.
# For the Adam family, the rate is the size of a step; the Keras guide fine-tunes at 1e-5.
# Lion's steps are all of the same size, and its authors take rates 3 to 10 times smaller than
# AdamW's (X. Chen et al., 2023, arXiv:2302.06675, section 5). Adamax bears twice Adam's (D. Kingma
# and J. Ba, 2014, arXiv:1412.6980, section 7.1: 0.002 for 0.001).
# Adagrad's steps shrink from its rate on; Adadelta's are in units of earlier steps; those of
# Adafactor and Lamb are shares of the weights' own size. Measured on lesson 11's sunglasses, from
# a rate that tunes well to one that harms: Adagrad 0.03 and 0.1, Adadelta 1 and 3, Adafactor 0.01
# and 0.03, Lamb 0.01 and 0.03.
SGD_LIMIT = 0.6
ADAM_LIKE = {"Adam": 5e-4, "AdamW": 5e-4, "Nadam": 5e-4, "RMSprop": 5e-4, "Lion": 1e-4,
             "Adamax": 1e-3}  # fmt: skip
OTHERS = {"Adagrad": 0.05, "Adadelta": 2.0, "Adafactor": 0.02, "Lamb": 0.02}
# Below these, nobody trains a head: a twentieth of the limit. Keras's own SGD, 0.01 without
# momentum, still is for one; and a well-known book trains heads with RMSprop at 2e-5.
SGD_LEAST, LEAST = 0.009, {"RMSprop": 1.5e-5}
# Up to these, a whole network may learn from the first step, its normalization too: BiT
# (A. Kolesnikov et al., 2020, arXiv:1912.11370, section 3.3) fine-tunes with SGD at 0.003 and
# momentum 0.9, and libraries of vision models do much the same.
# Transformers, which have no batch normalization, are tuned at up to 5e-5 (J. Devlin et al., 2019,
# arXiv:1810.04805, appendix A.3).
SGD_GENTLE, ADAM_GENTLE, ADAM_GENTLE_WITHOUT_BATCHES = 0.031, 2e-5, 5e-5


class Speed(NamedTuple):
    """How fast an optimizer goes.

    Attributes:
        size: the highest learning rate; of SGD, divided by 1 - momentum.
        least: what heads are trained with, at least.
        limit: the most that pretrained layers bear.
        said: in words.
        better: code of an optimizer for pretrained layers.
    """

    size: float
    least: float
    limit: float
    said: str
    better: str


def speed_of(facts: Facts) -> Speed | None:
    """None for an optimizer whose steps are of another kind."""
    optimizer = optimizer_of(facts)
    kind, rate = type(optimizer).__name__, peak_rate(optimizer)
    said = f"{kind} reaches a learning rate of {rate:g}"
    if kind == "SGD":
        momentum = float(optimizer.momentum)
        size, said = rate / (1 - min(momentum, 0.99)), f"{said} with momentum {momentum:g}"
        return Speed(size, SGD_LEAST, SGD_LIMIT, said, "SGD(0.01, momentum=0.9)")
    if kind in ADAM_LIKE:
        limit = ADAM_LIKE[kind]
        return Speed(rate, LEAST.get(kind, limit / 20), limit, said, f"{kind}(1e-5)")
    if kind in OTHERS:  # what trains a head at least is not known: never said to be too slow
        limit = OTHERS[kind]
        return Speed(rate, 0.0, limit, said, f"{kind}({limit / 50:g})")
    return None


def gently_as_a_whole(facts: Facts) -> bool:
    """Whether all of it learns at a rate that a whole network bears, as some recipes have it.

    Who calls the body with `training=False` wants its statistics to stay: that is another recipe.
    """
    if not facts.compiled or not all(facts.learns(layer) for _, layer in facts.body):
        return False
    speed = speed_of(facts)
    if speed is None or facts.kept_still or type(optimizer_of(facts)).__name__ in OTHERS:
        return False
    batches = any(type(layer).__name__ == "BatchNormalization" for _, layer in facts.body)
    adam = ADAM_GENTLE if batches else ADAM_GENTLE_WITHOUT_BATCHES
    return 0 < speed.size <= (SGD_GENTLE if speed.said.startswith("SGD") else adam)


def peak_rate(optimizer) -> float:
    """The highest learning rate that an optimizer will use, also by a schedule."""
    import keras

    config = optimizer.get_config().get("learning_rate")
    if isinstance(config, dict):
        schedule = keras.optimizers.schedules.deserialize(config)
        steps = np.unique(np.geomspace(1, 1e6, 60).astype(int))
        return max(float(schedule(int(step))) for step in (0, *steps))
    return float(optimizer.learning_rate)


def optimizer_of(facts: Facts):
    """The optimizer itself: mixed precision wraps it."""
    optimizer = facts.model.optimizer
    return getattr(optimizer, "inner_optimizer", optimizer)
