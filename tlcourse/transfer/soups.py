"""Soups: one network whose weights are the means of several that were fine-tuned from one start."""

from collections.abc import Callable, Sequence

import numpy as np

from tlcourse.errors import InputError


def average_weights(ingredients: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """The mean of several networks' weights, number by number, for `model.set_weights`.

    The moving statistics of batch normalizations are weights in this sense, and averaged as well.
    Whole numbers, such as the states of random generators, are those of the first network.
    M. Wortsman and others, "Model soups", 2022, arXiv:2203.05482: it works for networks that were
    fine-tuned from one start; of different starts, the mean is a network that knows nothing.

    Args:
        ingredients: of each network what `model.get_weights()` gives.

    Returns:
        The uniform soup, with the shapes and dtypes of the first network's weights.

    Raises:
        InputError: there is none, or their weights have other numbers or shapes.
    """
    shapes = [[np.shape(weight) for weight in weights] for weights in ingredients]
    if not shapes:
        raise InputError("There is nothing to average: give the weights of at least one network.")
    for at, other in enumerate(shapes):
        if other != shapes[0]:
            raise InputError(
                "Only weights of one architecture can be averaged. Those of network "
                f"{at} differ from those of network 0: {_difference(shapes[0], other)}."
            )
    means = []
    for weights in zip(*ingredients, strict=True):
        first = np.asarray(weights[0])
        whole = not np.issubdtype(first.dtype, np.floating)
        means.append(first if whole else np.mean(weights, axis=0, dtype=float).astype(first.dtype))
    return means


def greedy_soup(
    ingredients: Sequence[Sequence[np.ndarray]],
    score: Callable[[list[np.ndarray]], float],
) -> list[int]:
    """Which networks to average: each, the best first, stays if the score does not fall.

    Wortsman and others, 2022, arXiv:2203.05482, recipe 1.

    Args:
        ingredients: of each network what `model.get_weights()` gives.
        score: from weights to a number, such as the accuracy on validation (never on the test).
            Of networks with the same score, the earlier one comes first.

    Returns:
        Their places, in the order in which they went in: at least the best one's.

    Raises:
        InputError: there is none, or they cannot be averaged.
    """
    average_weights(ingredients)  # says what is wrong before anything is scored
    scores = [score(list(weights)) for weights in ingredients]
    best, kept = -np.inf, []
    for at in sorted(range(len(scores)), key=lambda place: -scores[place]):
        soup = average_weights([ingredients[place] for place in (*kept, at)])
        if (found := score(soup) if kept else scores[at]) >= best:
            best, kept = found, [*kept, at]
    return kept


def _difference(one: list[tuple], other: list[tuple]) -> str:
    if len(one) != len(other):
        return f"{len(other)} arrays instead of {len(one)}"
    place = next(at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    return f"array {place} is {other[place]} instead of {one[place]}"
