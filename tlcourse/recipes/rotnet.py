"""Train photonet without a label: python -m tlcourse.recipes.rotnet --data ZIP --out FOLDER.

S. Gidaris, P. Singh and N. Komodakis, "Unsupervised Representation Learning by Predicting Image
Rotations", 2018 (arXiv:1803.07728): turn each photograph by 0, 90, 180 and 270 degrees, and learn
to say which. Photographs are those of Tiny ImageNet; their labels are not read. Network, optimizer,
schedule, crops and checkpoints are those of `photonet.py`; what differs stands here.

As the paper does, a batch holds all four turns of each of its photographs: what is in a photograph
then cancels out, and what tells the turns apart is left. The turns are exact (no pixel is
interpolated, no border appears), so that no artifact of turning gives the answer away.
"""

from __future__ import annotations

import dataclasses
import sys

import numpy as np

from tlcourse.recipes.command import options_parser, set_up_torch, write_figures
from tlcourse.recipes.photonet import Config, Epoch, accuracies, export, train
from tlcourse.recipes.tiny_imagenet import Photos, crop_and_resize, load_tiny_imagenet

TURNS = ("upright", "a quarter to the left", "upside down", "a quarter to the right")
TRIED_ON = 1000  # photographs, each in four turns, that accuracy is measured on
# Small pictures for most of the run: which way up a photograph is shows at 32 pixels already.
CONFIG = Config(epochs=12, smoothing=0.0, sizes=((5 / 6, 32, 0.6), (1.0, 48, 0.5)))


def four_turns(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each picture turned by 0, 90, 180 and 270 degrees, counterclockwise.

    Args:
        images: `(n, h, h, c)`, any number type.

    Returns:
        `(4n, h, h, c)`: all pictures upright, then all turned once, ...; and which turn each has,
        `(4n,)`, 0 to 3.
    """
    turned = [np.rot90(images, turn, axes=(1, 2)) for turn in range(4)]
    return np.concatenate(turned), np.repeat(np.arange(4), len(images))


def without_labels(photos: Photos, tried_on: int = TRIED_ON) -> Photos:
    """The same photographs as a task of four classes, the turns; what they show is left out.

    The training pictures stay upright: `Turned` turns them. Their labels are zeros.
    """
    step = max(1, len(photos.val_images) // tried_on)
    images, turns = four_turns(photos.val_images[::step][:tried_on])
    zeros = np.zeros(len(photos.train_images), np.int64)
    return Photos(photos.train_images, zeros, images, turns, wnids=TURNS, names=TURNS)


class Turned(Epoch):
    """The batches of one epoch: as many pictures as there are photographs, four turns of each.

    So an epoch sees a quarter of the photographs, drawn anew each time.
    """

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        count = self.config.batch // 4
        rng = np.random.default_rng([self.config.seed, self.epoch, index])
        rows = np.sort(self.order[index * count : (index + 1) * count])
        crops = crop_and_resize(self.photos.train_images[rows], self.size, self.least_area, rng)
        images, turns = four_turns(crops)
        return images, np.eye(4, dtype=np.float32)[turns]


def main(argv: list[str] | None = None) -> int:
    """Run the recipe from the command line (`--help` lists the options); returns 0."""
    parser = options_parser("rotnet", __doc__.splitlines()[0], CONFIG.epochs)
    options = parser.parse_args(argv)
    set_up_torch(options.threads)
    photos = without_labels(load_tiny_imagenet(options.data, options.cache or options.out))
    config = dataclasses.replace(CONFIG, epochs=options.epochs)
    model = train(photos, config, options.out, batches=Turned)
    export(model, TURNS, options.out / "rotnet.npz", small=True)
    figures = {"config": dataclasses.asdict(config)} | accuracies(model, photos)
    write_figures(options.out / "figures.json", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
