"""Steps of transfer learning that lessons repeat once they have been taught."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def restart(model: "keras.Model", weights: Sequence[np.ndarray]) -> None:
    """Set a compiled model back to `weights`, and its optimizer to step 0.

    To repeat a training run, `compile` would do as well, but it makes Keras trace the graph again,
    which takes longer than a small run itself. A constant learning rate stays as it is; a
    schedule starts again, since it goes by the step.

    Args:
        model: a compiled `keras.Model`.
        weights: what `model.get_weights()` gave, in the same order and shapes.

    Raises:
        ValueError: the model was not compiled, or the weights do not fit it.
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("restart needs a compiled model: call model.compile(...) first.")
    model.set_weights(weights)
    optimizer = model.optimizer
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(np.zeros(variable.shape, variable.dtype))
