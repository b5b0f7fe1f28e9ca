"""`digits`: 1,797 scanned handwritten digits, from scikit-learn. See datasets/digits."""

import numpy as np

from tlcourse.data.splits import resize_all, stratified_parts
from tlcourse.data.task import Split, Task


def load_digits(*, image_size: int = 64, description: str = "") -> Task:
    """Handwritten digits, 8×8 pixels enlarged (bicubic) to `image_size`, white on black.

    The splits are fixed and stratified: 60 % train, 20 % validation, 20 % test.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998.
    """
    from sklearn.datasets import load_digits as load

    data = load()
    gray = np.round(data.images * (255 / 16)).astype(np.uint8)
    images = resize_all(gray, image_size)
    labels = data.target.astype(np.int64)
    parts = stratified_parts(labels, (0.6, 0.2, 0.2))
    splits = [Split(images[part], labels[part]) for part in parts]
    return Task("digits", tuple("0123456789"), *splits, description=description)
