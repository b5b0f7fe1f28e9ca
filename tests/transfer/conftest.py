"""A backbone of two stages, and a task that it cannot fail."""

import numpy as np
import pytest

from tlcourse.data import Split, Task


def small_backbone():
    import keras

    keras.utils.set_random_seed(1)
    x = image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    for stage in (1, 2):
        x = keras.layers.Conv2D(4 * stage, 3, strides=2, use_bias=False, name=f"stage{stage}_conv")(
            x
        )
        x = keras.layers.BatchNormalization(name=f"stage{stage}_norm")(x)
        x = keras.layers.ReLU(name=f"stage{stage}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, x, name="small")


@pytest.fixture
def backbone(tmp_path, monkeypatch):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    return small_backbone()


@pytest.fixture
def task():
    """Red pictures and blue ones, which no backbone can mistake."""
    rng = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count) % 2
        images = rng.integers(0, 60, (count, 8, 8, 3), dtype=np.uint8)
        for at, label in enumerate(labels):
            images[at, :, :, 2 * label] += 180
        return Split(images, labels)

    return Task("colors", ("red", "blue"), split(24), split(8), split(40))
