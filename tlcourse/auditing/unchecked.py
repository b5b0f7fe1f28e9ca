"""What an audit did not check: a clean report says nothing of it."""

from collections.abc import Iterator

from tlcourse.auditing.data import SPLITS, is_class_labels
from tlcourse.auditing.facts import Facts
from tlcourse.auditing.labels import EACH, FEWEST, to_ask
from tlcourse.auditing.preprocessing import backbones, expected_range
from tlcourse.auditing.speed import speed_of

# Nobody can tell these from a model and its data. They are said last, in as few words as will do.
NEVER = "one person or thing in two splits, what was chosen on the test, the pictures at work"


def not_checked(facts: Facts) -> Iterator[str]:
    """What was not given or cannot be told, each with what that leaves open."""
    for question in QUESTIONS:
        try:
            yield from question(facts)
        except Exception:  # an odd model: what cannot even be asked is not checked either
            yield question.__doc__.splitlines()[0].rstrip(".?")
    yield NEVER


def missing_splits(facts: Facts) -> Iterator[str]:
    """Copies across splits, and classes."""
    given = facts.data.splits
    missing = [name for name in SPLITS if name not in given]
    if len(missing) == len(SPLITS):
        yield "pictures and labels (none were given)"
    elif missing:
        left = " and copies across splits" if len(given) == 1 else ""
        yield f"{' and '.join(missing)}{left} ({'was' if len(missing) == 1 else 'were'} not given)"
    for name, split in given.items():
        if split.labels is None:
            yield f"labels of {name} (none were given)"
        if not split.whole:
            yield f"{name} after its first {len(split.images):,} pictures"


def optimizer_and_loss(facts: Facts) -> Iterator[str]:
    """Learning rate and loss."""
    if not facts.compiled:
        yield "learning rate and loss (the model is not compiled)"
        return
    if speed_of(facts) is None:
        yield f"the learning rate ({type(facts.model.optimizer).__name__} goes in steps of its own)"
    loss = getattr(facts.model, "loss", None)
    if isinstance(loss, list | tuple | dict):
        yield "loss and labels (the model has several losses)"
    elif loss is not None and not isinstance(loss, str) and not _of_keras(loss):
        yield "loss and labels (the loss is one of your own)"


def _of_keras(loss) -> bool:
    return type(loss).__module__.startswith("keras.") or getattr(loss, "__module__", "").startswith(
        "keras."
    )


def preprocessing(facts: Facts) -> Iterator[str]:
    """What the network expects of its pictures."""
    sample = facts.data.sample
    if sample is None or sample.ndim != 4 or not facts.body:
        return
    known = [name for _, name in backbones(facts) if expected_range(name) is not None]
    if not known:
        remembers = any(type(layer).__name__ == "BatchNormalization" for _, layer in facts.body)
        if facts.pretrained and not remembers:
            yield "preprocessing (the network is none of Keras's, and has no statistics to ask)"
        elif facts.pretrained:
            yield "preprocessing, but for its scale (the network is none of Keras's)"
    elif sample.max() <= 2 or sample.min() < 0:
        yield "preprocessing, but for its range (the pictures are not as in the file)"
    if facts.pretrained and sample.shape[-1] == 3:
        yield "whether all pictures have red and blue exchanged (OpenCV reads them so)"


def where_it_comes_from(facts: Facts) -> Iterator[str]:
    """Whether the body was pretrained."""
    known = facts.pretrained or facts.fresh or not facts.compiled
    vectors = (v for _, layer in facts.body for v in layer.weights if len(v.shape) == 1)
    if facts.body and not known and not any(True for _ in vectors):
        yield "whether the body is pretrained (it has no biases or statistics to ask)"


def labels_and_pictures(facts: Facts) -> Iterator[str]:
    """Whether labels belong to their pictures."""
    splits = [s for s in facts.data.splits.values() if is_class_labels(s.labels)]
    if splits and facts.head and all(to_ask(facts, split) is None for split in splits):
        yield (
            f"whether labels belong to their pictures (it takes {FEWEST} of a split, {EACH} of "
            "each class, and a pretrained network)"
        )


QUESTIONS = (
    missing_splits,
    optimizer_and_loss,
    preprocessing,
    where_it_comes_from,
    labels_and_pictures,
)
