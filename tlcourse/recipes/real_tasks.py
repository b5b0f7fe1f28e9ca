"""Real tasks: how far ImageNet's network and the course's own reach, against from scratch.

    python -m tlcourse.recipes.real_tasks --out FOLDER

Flowers, satellite tiles, blood cells and digits (`TLCOURSE_DATASETS` names a folder with the photo
sets). Each source is used frozen (a linear probe), frozen with augmentation (the probe learns
from changed copies, too) and tuned (the probe is the head; all but the first layers learn). Beside
them: the small network from scratch, and features made by hand. Learning rates, and the input size
of the small network, are chosen on validation pictures with seeds that are not in the table:
`rates.csv`. The table is `real_tasks.csv`. The same command goes on where it was stopped.
"""

import argparse
import csv
import functools
import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from skimage.color import rgb2gray, rgb2hsv
from skimage.feature import hog

from tlcourse.data import Task, load_task
from tlcourse.data.splits import few_of_each
from tlcourse.data.studies import REAL_SIZES, RealRun, read
from tlcourse.files.assets import atomic_path
from tlcourse.networks.backbones import load_backbone
from tlcourse.networks.control import untrained_backbone
from tlcourse.networks.layers import leaves
from tlcourse.networks.small import LOSS, small_network
from tlcourse.progress import with_bar
from tlcourse.recipes import surface
from tlcourse.transfer.freezing import unfreeze
from tlcourse.transfer.heads import build_classifier, set_head
from tlcourse.transfer.probe import linear_probe
from tlcourse.transfer.tuning import copy_of, restart

# A source's last layer that stays as it is when the source is tuned. What it gives is computed
# once: these first layers take most of the time, and hardly change in tuning.
CUTS = {"MobileNetV2": "block_5_add", "photonet": "stage1"}
TARGETS = {"flowers": 160, "satellite": 128, "blood_cells": 128, "digits": 128}  # pixels
COPIES = 8  # changed copies of each training picture
BATCH = 32
TRAINED = 5  # seeds of what is tuned or trained from scratch; what is only probed has ten
# Images a class: training steps, tuned and from scratch.
STEPS = {
    5: (40, 300), 10: (60, 400), 25: (80, 500), 50: (120, 700), 100: (160, 1000), 200: (240, 1600)
}  # fmt: skip
RATES = {"tuned": (0.0003, 0.001, 0.003, 0.01), "scratch": (0.01, 0.03, 0.1, 0.3)}
FURTHER = (0.03, 0.1)  # tried one by one, tuned, for as long as the highest rate is the best
# The small network's sizes. Tiles and digits have no more than 64 pixels to see.
SCRATCH_PIXELS = {
    "flowers": (64, 128),
    "blood_cells": (64, 128),
    "satellite": (64,),
    "digits": (64,),
}
CHOOSING, LABELS_TO_CHOOSE = (100, 101), 50  # seeds and images a class for the choice of rates


@functools.cache
def task(name: str, pixels: int) -> Task:
    """The target at one size of its pictures."""
    return load_task(name, image_size=pixels)


@functools.lru_cache(maxsize=2)  # some hundred megabytes each
def copies(name: str, pixels: int) -> np.ndarray:
    """The training pictures and changed copies of them: uint8 (1 + COPIES, n, side, side, 3).

    A crop of 64 to 100 % of the area, enlarged; a left-right flip, and where nothing is up
    (satellite, cells), quarter turns. Digits are cropped alone: a turned 6 is a 9.
    """
    images, rng = task(name, pixels).train.images, np.random.default_rng(0)
    made = [images]
    for _ in range(COPIES):
        made.append(np.stack([_changed(image, name, rng) for image in images]))
    return np.stack(made)


def _changed(image: np.ndarray, name: str, rng: np.random.Generator) -> np.ndarray:
    side = len(image)
    crop = round(side * np.sqrt(rng.uniform(0.64, 1)))
    left, top = rng.integers(0, side - crop + 1, 2)
    box = (left, top, left + crop, top + crop)
    picture = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR, box)
    changed = np.asarray(picture)
    if name != "digits" and rng.random() < 0.5:
        changed = changed[:, ::-1]
    if name in ("satellite", "blood_cells"):
        changed = np.rot90(changed, rng.integers(4))
    return changed


@functools.lru_cache(maxsize=4)
def body(source: str, pixels: int, seed: int) -> keras.Model:
    """A source network; random weights are alive, and others for each seed."""
    if source == "MobileNetV2":
        return load_backbone(source, alpha=0.35, image_size=pixels, trained_at=224)
    if source == "random":
        pictures = task("flowers", pixels).train.images[::4]
        return untrained_backbone("photonet", pictures, seed=seed, image_size=pixels)
    return load_backbone(source, image_size=pixels)


def cut(source: str) -> str:
    """The layer up to which a source stays as it is."""
    return CUTS.get(source, CUTS["photonet"])


@functools.lru_cache(maxsize=3)  # the three splits of what is worked on; half a gigabyte
def known(source: str, name: str, pixels: int, seed: int, split: str) -> tuple[np.ndarray, ...]:
    """Maps at the cut and features of a split; of the training pictures, of all copies.

    float16, (n, h, w, c), and float32, (n, d); with one axis more for the copies.
    """
    network = body(source, pixels, seed)
    both = keras.Model(network.input, [network.get_layer(cut(source)).output, network.output])
    if split != "train":
        images = getattr(task(name, pixels), split).images
        maps, features = both.predict(images, batch_size=64, verbose=0)
        return maps.astype("float16"), features
    parts = [both.predict(images, batch_size=64, verbose=0) for images in copies(name, pixels)]
    return np.stack([m.astype("float16") for m, _ in parts]), np.stack([f for _, f in parts])


@functools.cache
def by_hand(name: str, split: str) -> np.ndarray:
    """HOG and a color histogram of each picture at 64 pixels: (n, 324 + 64), float32."""
    rows = []
    for image in getattr(task(name, 64), split).images:
        edges = hog(rgb2gray(image), 9, (16, 16), (2, 2))
        hue, saturation, value = rgb2hsv(image).reshape(-1, 3).T
        bins = [np.linspace(0, 1, count + 1) for count in (8, 4, 2)]
        colors, _ = np.histogramdd((hue, saturation, value), bins)
        rows.append(np.concatenate([edges, np.sqrt(colors.ravel() / hue.size)]))
    return np.array(rows, "float32")


def chosen_pictures(run: RealRun) -> np.ndarray:
    """Which training pictures a run may learn from; the same for each method and size."""
    whole = task(run.target, 64)
    return few_of_each(
        whole.train.labels, run.images_per_class, whole.class_names, run.seed, run.target, "images"
    )


def train(model: keras.Model, pictures: np.ndarray, labels: np.ndarray, run, rate: float) -> None:
    """Train in batches; each time that a picture is seen, it is one of its copies.

    Args:
        model: compiled, at the start of its training.
        pictures: (copies, n, …), what the model takes.
        labels: int (n,).
        run: whose seed and number of steps.
        rate: the highest learning rate; it falls to 0 along half a cosine, as in `gentle_sgd`.
    """
    steps = STEPS[run.images_per_class][run.method == "scratch"]
    rng, batch, done = np.random.default_rng(run.seed), min(BATCH, len(labels)), 0
    while True:
        order = rng.permutation(len(labels))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            seen = pictures[rng.integers(len(pictures), size=batch), rows]
            model.optimizer.learning_rate = rate * (1 + np.cos(np.pi * done / steps)) / 2
            model.train_on_batch(seen.astype("float32"), labels[rows])
            if (done := done + 1) == steps:
                return


def compiled(model: keras.Model) -> keras.Model:
    """With the optimizer of `gentle_sgd`; `train` sets its rate, so one graph serves all rates."""
    model.compile(keras.optimizers.SGD(0.0, 0.9, nesterov=True, global_clipnorm=1.0), LOSS)
    return model


@functools.cache
def small_classifier(num_classes: int, pixels: int) -> keras.Model:
    """The network of "from scratch", compiled once for all runs."""
    return compiled(small_network(num_classes, pixels))


@functools.lru_cache(maxsize=2)
def late_classifier(
    source: str, num_classes: int, pixels: int, seed: int
) -> tuple[keras.Model, list[np.ndarray]]:
    """All of a source after the cut, and a head; compiled once, with the weights to start from."""
    network = body(source, pixels, seed)
    after = [layer.name for layer in network.layers].index(cut(source))
    later = {layer.name for layer in network.layers[after + 1 :]}
    first = next(path for path, layer in leaves(network) if layer.weights and path in later)
    model = build_classifier(copy_of(network), num_classes)
    unfreeze(model, first)
    copy = model.get_layer(network.name)
    late = keras.Model(copy.get_layer(cut(source)).output, copy.output)
    late = compiled(keras.Model(late.input, model.get_layer("head")(late.output)))
    return late, late.get_weights()


def accuracy(run: RealRun, rate: float = 0.0, split: str = "test") -> float:
    """Accuracy of one run on the test pictures, or, to choose a rate, on validation."""
    whole = task(run.target, run.pixels)
    rows = chosen_pictures(run)
    labels, answers = whole.train.labels[rows], getattr(whole, split).labels
    keras.utils.set_random_seed(run.seed)
    if run.method == "scratch":
        model = small_classifier(whole.num_classes, run.pixels)
        restart(model, small_network(whole.num_classes, run.pixels).get_weights())
        train(model, copies(run.target, run.pixels)[:, rows], labels, run, rate)
        return _share_right(model, getattr(whole, split).images, answers)
    if run.source == "by hand":
        probe = linear_probe(by_hand(run.target, "train")[rows], labels, seed=run.seed)
        return float(probe.score(by_hand(run.target, split), answers))

    weights_seed = run.seed if run.source == "random" else 0
    maps, features = known(run.source, run.target, run.pixels, weights_seed, "train")
    test_maps, test_features = known(run.source, run.target, run.pixels, weights_seed, split)
    probe = linear_probe(features[0, rows], labels, seed=run.seed)
    if run.method == "augmented":
        # As strong a regularization for each picture; folds would have copies on both sides.
        c = probe[-1].C / len(features)
        many = features[:, rows].reshape(-1, features.shape[-1])
        probe = linear_probe(many, np.tile(labels, len(features)), c_values=(c,), seed=run.seed)
    if run.method in ("frozen", "augmented"):
        return float(probe.score(test_features, answers))
    late, weights = late_classifier(run.source, whole.num_classes, run.pixels, weights_seed)
    restart(late, weights)
    set_head(late, probe)
    train(late, maps[:, rows], labels, run, rate)
    return _share_right(late, test_maps, answers)


def _share_right(model: keras.Model, seen: np.ndarray, answers: np.ndarray) -> float:
    logits = [model.predict_on_batch(part.astype("float32")) for part in np.array_split(seen, 6)]
    return float(np.mean(np.concatenate(logits).argmax(axis=1) == answers))


def flower_runs() -> Iterator[RealRun]:
    """Those of the flowers, the quick ones first; from scratch, `pixels` is 0 until chosen."""
    for seed, size in itertools.product(range(10), REAL_SIZES):
        yield RealRun("flowers", "by hand", "frozen", 64, size, seed)
        yield RealRun("flowers", "photonet", "frozen", 64, size, seed)
        for method in ("frozen", "augmented"):
            yield RealRun("flowers", "MobileNetV2", method, 160, size, seed)
    for seed in range(TRAINED):
        for size in REAL_SIZES:
            yield RealRun("flowers", "MobileNetV2", "tuned", 160, size, seed)
            yield RealRun("flowers", "none", "scratch", 0, size, seed)
        yield RealRun("flowers", "photonet", "tuned", 64, 100, seed)
    for pixels, seed in itertools.product((64, 96, 128, 224), range(10)):
        yield RealRun("flowers", "MobileNetV2", "frozen", pixels, 100, seed)
        if seed < TRAINED:
            yield RealRun("flowers", "MobileNetV2", "tuned", pixels, 100, seed)


def runs() -> Iterator[RealRun]:
    """All runs, those of the flowers first; what needs the same features stands together."""
    yield from flower_runs()
    for name, pixels in TARGETS.items():
        for size, seed in itertools.product((10, 100), range(10)):
            yield RealRun(name, "by hand", "frozen", 64, size, seed)
        for source in ("MobileNetV2", "photonet", "objectnet", "random"):
            side = pixels if source == "MobileNetV2" else 64
            # Random weights are others for each seed, and their features dear.
            for seed in range(TRAINED if source == "random" else 10):
                for size in (10, 100):
                    yield RealRun(name, source, "frozen", side, size, seed)
                    if seed < TRAINED:
                        yield RealRun(name, source, "tuned", side, size, seed)
        for size, seed in itertools.product((10, 100), range(TRAINED)):
            yield RealRun(name, "none", "scratch", 0, size, seed)


def choices(target: str, source: str, rates: Iterable[float]) -> Iterator[tuple[RealRun, float]]:
    """The runs on validation pictures that choose a rate, and from scratch a size."""
    method = "scratch" if source == "none" else "tuned"
    sizes = {"none": SCRATCH_PIXELS[target], "MobileNetV2": (TARGETS[target],)}.get(source, (64,))
    for seed, pixels, rate in itertools.product(CHOOSING, sizes, rates):
        yield RealRun(target, source, method, pixels, LABELS_TO_CHOOSE, seed), rate


def best(table: dict[tuple[RealRun, float], float], target: str, source: str) -> tuple[int, float]:
    """Pixels and rate with the highest mean accuracy on validation; one size's rate serves all."""
    scores: dict[tuple[int, float], list[float]] = {}
    for (run, rate), value in table.items():
        if (run.target, run.source) == (target, source):
            scores.setdefault((run.pixels, rate), []).append(value)
    return max(scores, key=lambda choice: np.mean(scores[choice]))


def choose(
    table: dict[tuple[RealRun, float], float], target: str, source: str, save: Callable[[], None]
) -> tuple[int, float]:
    """Pixels and rate for a target and a source; what is missing for the choice is computed.

    Args:
        table: the choices that are known; those that are computed are added.
        target: a task.
        source: a network, or `"none"`.
        save: called after each run.
    """
    scratch = source == "none"
    rates, further = RATES["scratch" if scratch else "tuned"], iter(() if scratch else FURTHER)
    while True:
        for job in choices(target, source, rates):
            if job not in table:
                table[job] = accuracy(*job, split="validation")
                save()
        pixels, rate = best(table, target, source)
        more = next(further, None) if rate >= max(rates) else None
        if more is None:
            return pixels, rate
        rates = (*rates, more)


def read_rates(path: Path) -> dict[tuple[RealRun, float], float]:
    """(run, rate) → accuracy on validation, of the choices that are in the file."""
    if not path.is_file():
        return {}
    kinds = RealRun.__annotations__
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (
                RealRun(**{name: kinds[name](row[name]) for name in kinds}),
                float(row["rate"]),
            ): float(row["accuracy"])
            for row in csv.DictReader(file)
        }


def write_rates(path: Path, table: dict[tuple[RealRun, float], float]) -> None:
    """Put all choices into the file, or nothing."""
    with atomic_path(path) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*RealRun._fields, "rate", "accuracy"])
        rows.writerows([*run, rate, f"{value:.4f}"] for (run, rate), value in table.items())


def main(argv: list[str] | None = None) -> int:
    """Choose the rates and compute the table, or go on with both; returns 0."""
    parser = argparse.ArgumentParser(prog="real_tasks", description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path, help="folder for the two tables")
    parser.add_argument("--minutes", type=float, default=np.inf, help="begin nothing after so many")
    options = parser.parse_args(argv)
    end = time.monotonic() + 60 * options.minutes
    options.out.mkdir(parents=True, exist_ok=True)
    rates_path, path = options.out / "rates.csv", options.out / "real_tasks.csv"
    rates = read_rates(rates_path)
    table = read(path, RealRun) if path.is_file() else {}
    there = {run._replace(pixels=0) if run.source == "none" else run for run in table}
    for run in with_bar([run for run in dict.fromkeys(runs()) if run not in there], "Real tasks"):
        rate = 0.0
        if run.method in ("tuned", "scratch"):
            save = functools.partial(write_rates, rates_path, rates)
            pixels, rate = choose(rates, run.target, run.source, save)
            run = run if run.pixels else run._replace(pixels=pixels)
        table[run] = accuracy(run, rate)
        surface.write(path, table)
        if time.monotonic() > end:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
