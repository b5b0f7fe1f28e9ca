"""Read a learner's answer: accept what is meant, and say what is wrong with what is not.

Each function takes an answer and gives it back in one plain form, or raises `AnswerError`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np


class AnswerError(Exception):
    """What is wrong with an answer, in words that help."""


def shown(answer: object, length: int = 60) -> str:
    """An answer as a short piece of a message; one whose repr fails is named by its type."""
    try:
        text = " ".join(repr(answer).split())
    except Exception:
        text = ""
    kind = type(answer).__name__
    return f"`{text.replace('`', '')}`" if 0 < len(text) <= length else f"this {kind}"


def number(answer: object) -> float:
    """One number: int, float, a NumPy or Keras scalar, or an array that holds a single one.

    Raises:
        AnswerError: it is none, or not finite.
    """
    if isinstance(answer, str):
        raise AnswerError(f"A number was asked for, not text: write it without quotes, {answer}.")
    if callable(answer) and not hasattr(answer, "shape"):
        raise AnswerError("This is a function. Call it, and give its result.")
    try:
        values = np.asarray(answer, float)
    except (TypeError, ValueError):
        raise AnswerError(f"A number was asked for, not {shown(answer)}.") from None
    if values.size != 1:
        raise AnswerError(f"One number was asked for; this holds {values.size}.")
    if not np.isfinite(values).all():
        raise AnswerError("This is not a finite number. Was something divided by zero?")
    return float(values.reshape(()))


def near(
    answer: object,
    expected: float,
    tolerance: float,
    mistakes: Sequence[tuple[float, str]] = (),
    otherwise: str = "",
) -> float:
    """A number within `tolerance` of the expected one.

    Args:
        answer: the learner's.
        expected: the right one.
        tolerance: the largest difference that is still right, absolute.
        mistakes: numbers that well-known mistakes lead to, each with what to say.
        otherwise: said of any other number.

    Raises:
        AnswerError: it is another number.
    """
    value = number(answer)
    if abs(value - expected) <= tolerance:
        return value
    for wrong, message in mistakes:
        if abs(value - wrong) <= tolerance:
            raise AnswerError(message)
    side = "too large" if value > expected else "too small"
    raise AnswerError(f"{value:g} is {side}. {otherwise}".rstrip())


def array(answer: object, shape: Sequence[int | None], what: str = "The array") -> np.ndarray:
    """Finite numbers in that shape; None stands for any length.

    Lists, tuples and tensors do. A column (n, 1) does for (n,), and the other way round.

    Raises:
        AnswerError: another shape, or not numbers.
    """
    if callable(answer) and not hasattr(answer, "shape"):
        raise AnswerError("This is a function. Call it, and give its result.")
    if isinstance(answer, Mapping):
        raise AnswerError(f"{what} must be a list or an array, not a dict: leave the names out.")
    try:
        values = np.asarray(answer)
        values = values.astype(float) if values.dtype != bool else values
    except (TypeError, ValueError):
        raise AnswerError(f"{what} must hold numbers, not {shown(answer)}.") from None
    if len(shape) == 1 and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if len(shape) == 2 and shape[1] == 1 and values.ndim == 1:
        values = values[:, None]
    fits = values.ndim == len(shape) and all(
        want is None or have == want for have, want in zip(values.shape, shape, strict=False)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        single = ": this is a single number" if values.ndim == 0 else ""
        raise AnswerError(f"{what} must have shape ({wanted}), not {values.shape}{single}.")
    if not np.isfinite(values).all():
        raise AnswerError(
            f"{what} must hold finite numbers: some are not finite (NaN, infinity, None)."
        )
    return values


def whole_numbers(answer: object, shape: Sequence[int | None], what: str) -> np.ndarray:
    """Like `array`, for whole numbers such as labels; 2.0 does for 2.

    Raises:
        AnswerError: another shape, or fractions.
    """
    values = array(answer, shape, what)
    if (values != np.round(values)).any():
        raise AnswerError(f"{what} must hold whole numbers; the first is {values.flat[0]:g}.")
    return values.astype(int)


def names(
    answer: object,
    expected: Collection[str],
    known: Collection[str],
    mistakes: Mapping[str, str] | None = None,
) -> None:
    """A collection of names, in any order, in upper or lower case.

    Args:
        answer: a list, tuple, set or dict of texts; a single text does for one name.
        expected: the right ones.
        known: all that could be meant; others are called unknown.
        mistakes: what to say of a name that should not be there.

    Raises:
        AnswerError: names are missing, too many or unknown.
    """
    given = [answer] if isinstance(answer, str) else answer
    if not isinstance(given, (list, tuple, set, frozenset, dict, np.ndarray)):
        raise AnswerError(f"A list of names was asked for, not {shown(answer)}.")
    if not all(isinstance(name, str) for name in given):
        raise AnswerError("The list must hold names, each in quotes.")
    if isinstance(answer, str) and "," in answer:
        raise AnswerError("This is one text. Make a list, with each name in quotes of its own.")
    given = {name.strip().lower() for name in given}
    wanted = {name.lower() for name in expected}
    if unknown := given - {name.lower() for name in known}:
        raise AnswerError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
    for name in sorted(given - wanted):
        reason = {key.lower(): text for key, text in (mistakes or {}).items()}.get(name, "")
        raise AnswerError(f"`{name}` does not belong there. {reason}".rstrip())
    if missing := wanted - given:
        more = f"{len(missing)} more belong" + "s" * (len(missing) == 1)
        raise AnswerError(f"So far right, but {more} there.")


def function(answer: object, what: str = "your function") -> Callable:
    """A function of the learner's; what it raises becomes a message.

    Raises:
        AnswerError: it is none, or when called, it stops or gives nothing.
    """
    if not callable(answer) or hasattr(answer, "weights"):  # a model can be called, too
        raise AnswerError(
            f"The function itself was asked for, not {shown(answer)}: give its name, without ()."
        )

    def call(*arguments, **named):
        try:
            result = answer(*arguments, **named)
        except Exception as error:
            first = str(error).splitlines()[0] if str(error) else ""
            raise AnswerError(
                f"When called, {what} stopped with {type(error).__name__}: {first}"[:300]
            ) from None
        if result is None:
            raise AnswerError(f"When called, {what} gave None. Is the `return` missing?")
        return result

    return call


def model(answer: object):
    """A built Keras model.

    Raises:
        AnswerError: it is none, or has no weights yet.
    """
    import keras

    if isinstance(answer, type) or (callable(answer) and not isinstance(answer, keras.Layer)):
        raise AnswerError("This is a function or a class. Call it, and give the model it makes.")
    if not isinstance(answer, keras.Model):
        raise AnswerError(f"A Keras model was asked for, not {shown(answer)}.")
    if not answer.built:
        raise AnswerError("The model is not built yet: it has no weights. Give it an input shape.")
    return answer


def trained_with_sgd(model, rate: float, steps: int) -> None:
    """That a compiled model was trained as asked for: plain SGD, its rate, so many steps.

    Raises:
        AnswerError: another optimizer, rate or number of steps.
    """
    optimizer = model.optimizer
    kind, found = type(optimizer).__name__, float(optimizer.learning_rate)
    if kind != "SGD" or abs(found - rate) > 1e-6:
        raise AnswerError(
            f"It has trained with {kind} at {found:g}; SGD at {rate:g} was asked for."
        )
    if int(optimizer.iterations) != steps:
        raise AnswerError(
            f"One epoch in the batches that were asked for are {steps} steps here; it has trained "
            f"for {int(optimizer.iterations)}."
        )


def fractions(answer: object, count: int, what: str = "The accuracies") -> np.ndarray:
    """So many accuracies or other shares, each from 0 to 1.

    Raises:
        AnswerError: another number of them, or percent.
    """
    values = array(answer, (count,), what)
    if (values > 1).any() or (values < 0).any():
        wrong = values[(values > 1) | (values < 0)][0]
        raise AnswerError(
            f"{what} must lie between 0 and 1, as fractions: 0.25, not 25. One is {wrong:g}."
        )
    return values


def share_right(answer: object, labels: np.ndarray, classes: int, what: str) -> float:
    """The share of predicted classes that are right.

    Args:
        answer: the learner's, (n,) whole numbers.
        labels: (n,), the true ones.
        classes: how many there are.
        what: how a message calls the answer.

    Raises:
        AnswerError: another number of them, or no classes.
    """
    if np.shape(answer) == (len(labels), classes) and classes > 1:
        raise AnswerError(
            f"{what}: {classes} numbers for each picture. Give the class alone: `np.argmax(…, 1)`."
        )
    given = whole_numbers(answer, (len(labels),), what)
    if given.min() < 0 or given.max() >= classes:
        raise AnswerError(f"{what} must hold classes, from 0 to {classes - 1}.")
    return float(np.mean(given == labels))


def share_named(model, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of pictures that a Keras model names right.

    Args:
        model: from pictures to a number for each class.
        images: as it takes them.
        labels: (n,), the true classes.
    """
    return float(np.mean(np.argmax(model(images, training=False), axis=1) == labels))


def two_rows(answer: object, count: int) -> np.ndarray:
    """Two rows of predicted classes, one answer for each of `count` pictures.

    Raises:
        AnswerError: accuracies, or other shapes.
    """
    if np.shape(answer) in ((), (2,)):
        raise AnswerError(
            "This is no list of answers. Give the classes that were predicted, a row for each of "
            "the two, and not the accuracies: those are computed here."
        )
    return array(answer, (2, count), "The two rows of answers")


def holds(model, backbone) -> None:
    """Say so if a model does not hold all weights of a backbone, as they are there.

    Raises:
        AnswerError: some are missing, or have been trained.
    """
    # By shapes and values: the learner may have named the layers otherwise.
    have = [weight.numpy() for weight in model.weights]
    missing = [
        weight.path
        for weight in backbone.weights
        if not any(h.shape == tuple(weight.shape) and np.allclose(h, weight.numpy()) for h in have)
    ]
    if missing:
        raise AnswerError(
            f"It does not hold {backbone.name}'s weights ({len(missing)} of "
            f"{len(backbone.weights)} are not there). Use the backbone itself, and do not train it."
        )
