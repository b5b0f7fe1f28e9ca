"""`faces`: 200 small photo crops, face or not, from scikit-image. See datasets/faces."""

import numpy as np

from tlcourse.data.splits import resize_all, stratified_parts
from tlcourse.data.task import Split, Task


def load_faces(*, image_size: int = 64, description: str = "") -> Task:
    """Gray photo crops, 25×25 pixels enlarged (bicubic) to `image_size`; 100 faces, 100 others.

    The splits are fixed and stratified: 50 % train, 20 % validation, 30 % test.

    Source: the `lfw_subset` of scikit-image, from "Labeled Faces in the Wild" (G. B. Huang,
    M. Ramesh, T. Berg and E. Learned-Miller, University of Massachusetts, 2007).
    """
    from skimage.data import lfw_subset

    gray = np.round(lfw_subset() * 255).astype(np.uint8)  # (200, 25, 25), the faces first
    images = resize_all(gray, image_size)
    labels = np.repeat(np.array([1, 0], dtype=np.int64), 100)
    parts = stratified_parts(labels, (0.5, 0.2, 0.3))
    splits = [Split(images[part], labels[part]) for part in parts]
    return Task("faces", ("not a face", "face"), *splits, description=description)
