"""Adapt a little: what small files do for photonet and minilm, against all weights and none.

    python -m tlcourse.recipes.adapt --out FOLDER [--only photonet|minilm] [--source ZIP]

`sunglasses` (drawn, photonet) and `reviews` (praise or blame, minilm), with 10, 50
and 200 labels a class; `blood_cells` with 50, unless `--no-real`, from the folder that
`TLCOURSE_DATASETS` names. Each run begins with the linear probe. Learning rates are chosen on
validation, with seeds that are not in the table: `rates.csv`. The table is `adapt.csv`. What is
forgotten of photonet's source task needs Tiny ImageNet's zip. The same command goes on where it was
stopped.
"""

import argparse
import csv
import functools
import itertools
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from tlcourse.data import load_reviews, load_task
from tlcourse.data.studies import AdaptRun, read_adapted
from tlcourse.files.assets import atomic_path
from tlcourse.networks.backbones import load_backbone, load_photonet
from tlcourse.networks.control import untrained_backbone
from tlcourse.networks.minilm import load_minilm
from tlcourse.networks.small import LOSS
from tlcourse.progress import with_bar
from tlcourse.recipes.tiny_imagenet import load_tiny_imagenet
from tlcourse.transfer.adapting import fixed_norms, let_learn, low_rank_layer, save_learned
from tlcourse.transfer.heads import build_classifier, set_head
from tlcourse.transfer.probe import linear_probe
from tlcourse.transfer.tuning import restart

SIDE, LENGTH = 32, 32  # pixels; word pieces of the longest review
RANK = 4
MORE = {"validation": (1, 2), "test": (1, 2, 3)}  # drawn with these seeds, beside that of the task
SIZES, SEEDS = (50, 10, 200), (0, 1, 2, 3, 4)
STEPS = {"photonet": {10: 60, 50: 160, 200: 300}, "minilm": {10: 12, 50: 30, 200: 40}}
BATCH = {"photonet": 16, "minilm": 20}
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST = {"photonet": (3e-3, 1e-2), "minilm": (1e-3,)}  # tried first when few weights learn
FIRST_ALL = {"photonet": (1e-3,), "minilm": (1e-4,)}  # and when all do
PULLS = (0.01, 0.1, 1.0)  # of L2-SP, with the rate of "all"
FALL = 2.6  # from a stage to the one before it, as in arXiv:1801.06146
CHOOSING, LABELS_TO_CHOOSE = (100, 101, 102), 50  # seeds and labels a class to choose rates by


class Choice(NamedTuple):
    """What is chosen on validation: a learning rate, or the pull of L2-SP."""

    run: AdaptRun
    value: float


class Examples(NamedTuple):
    """What a network reads, and the answers."""

    x: np.ndarray
    y: np.ndarray


@functools.cache
def task(target: str):
    """The task, with all its training examples."""
    if target == "reviews":
        return load_reviews()
    return load_task(target, **({"train_per_class": 200} if target == "sunglasses" else {}))


@functools.cache
def words():
    """minilm's tokenizer."""
    return load_minilm()[0]


@functools.cache
def examples(target: str, split: str, few: tuple[int, int] | None = None) -> Examples:
    """One split; of the training examples, as many a class as `few` says, and by which seed."""
    whole = task(target) if few is None else task(target).few_shot(*few)
    part = getattr(whole, split)
    if target == "sunglasses" and split != "train":  # more of the same can be drawn
        others = [load_task(target, train_per_class=1, seed=seed) for seed in MORE[split]]
        parts = [part, *(getattr(other, split) for other in others)]
        return Examples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    if target == "reviews":
        return Examples(words()(part.texts, LENGTH), part.labels)
    return Examples(part.images, part.labels)


def trimmed(x: np.ndarray) -> np.ndarray:
    """Tokens without the columns that are 0 in every row; pictures as they are."""
    return x[:, : (x != 0).sum(axis=1).max()] if x.ndim == 2 else x


def outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a model gives, in batches; short texts go together."""
    order = np.argsort((x != 0).sum(axis=1), kind="stable") if x.ndim == 2 else np.arange(len(x))
    parts = np.array_split(order, max(1, len(x) // 50))
    found = np.concatenate([model.predict_on_batch(trimmed(x[part])) for part in parts])
    return found[np.argsort(order)]


@functools.lru_cache(maxsize=8)
def network(name: str, target: str, method: str, seed: int) -> tuple:
    """Classifier, its body, and the weights to start from; compiled once for all runs.

    `seed` is that of the control's random weights.
    """
    keras.utils.set_random_seed(seed)
    classes = len(task(target).class_names)
    if name == "minilm":
        _, body = load_minilm()
        model = keras.Model(body.input, keras.layers.Dense(classes, name="head")(body.output))
    else:
        pictures = task(target).train.images[::4]
        body = (
            untrained_backbone("photonet", pictures, seed=seed, image_size=SIDE)
            if name == "random"
            else load_backbone(name, image_size=SIDE)
        )
        body = fixed_norms(body)
        model = build_classifier(body, classes)
    part = method if method in ("head", "norm", "bias", "lora") else "all"
    if part == "lora":
        add_low_rank(body)
    let_learn(model, part)
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
    if method == "layerwise":
        optimizer = layerwise(1e-3, global_clipnorm=1.0)
    model.compile(optimizer, LOSS)
    return model, body, model.get_weights()


def add_low_rank(body: keras.Model) -> None:
    """LoRA of rank 4: photonet's 13 convolutions, or minilm's query and value projections."""
    for layer in body.layers:
        if layer.name.endswith("_conv"):
            layer.enable_lora(RANK)
        if layer.name.startswith("transformer_layer"):
            attention = layer._self_attention_layer
            attention._tracker.unlock()  # as Keras's own enable_lora does
            attention._query_dense = low_rank_layer(attention._query_dense, RANK)
            attention._value_dense = low_rank_layer(attention._value_dense, RANK)
            attention._tracker.lock()


class layerwise(keras.optimizers.Adam):  # noqa: N801
    """Adam with smaller steps for earlier stages of photonet (Howard and Ruder, 2018)."""

    def update_step(self, gradient, variable, learning_rate):
        """One step of one variable, its rate divided by 2.6 for each stage below the head."""
        found = re.search(r"stage(\d)", variable.name)  # TensorFlow's own variables have no path
        stage = 5 if "head" in variable.name else int(found[1]) if found else 0
        super().update_step(gradient, variable, learning_rate * FALL ** (stage - 5))


def pull(model: keras.Model, strength: float) -> None:
    """L2-SP: half the strength times the squared distance to the start; the head's is to zero."""
    for weight in model.trainable_weights:
        head = "head" in weight.path.split("/")
        start = keras.ops.convert_to_tensor(np.asarray(weight) * (not head))
        share = 0.01 if head else strength  # of the head, as in arXiv:1802.01483
        weight.regularizer = lambda w, start=start, share=share: (
            share / 2 * keras.ops.sum((w - start) ** 2)
        )


def batches(x: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows in a random order, `size` at a time; texts of like length go together."""
    order = rng.permutation(len(x))
    if x.ndim == 2:
        order = order[np.argsort((x[order] != 0).sum(axis=1), kind="stable")]
    whole = order[: len(order) // size * size].reshape(-1, size)
    return list(rng.permutation(whole))


def fit(model: keras.Model, train: Examples, run: AdaptRun, rate: float) -> float:
    """Train as long as the run's size asks for, and return the seconds of computing time.

    The rate rises for a tenth of the steps and falls to 0 along half a cosine. The first step,
    in which the graph is made, is not timed.
    """
    kind = "minilm" if run.network == "minilm" else "photonet"
    steps, batch = STEPS[kind][run.labels_per_class], BATCH[kind]
    rng, done, begun = np.random.default_rng(run.seed), 0, 0.0
    while True:
        for rows in batches(train.x, batch, rng):
            rise, fall = (done + 1) / (steps / 10), (1 + np.cos(np.pi * done / steps)) / 2
            model.optimizer.learning_rate = rate * min(rise, fall)
            model.train_on_batch(trimmed(train.x[rows]), train.y[rows])
            done += 1
            if done == 1:
                begun = time.process_time()
            if done == steps:
                return (time.process_time() - begun) * steps / (steps - 1)


def adapted(run: AdaptRun, value: float):
    """The classifier and the body of one run, and the seconds of computing time it took."""
    weights_seed = run.seed if run.network == "random" else 0
    model, body, start = network(run.network, run.target, run.method, weights_seed)
    keras.utils.set_random_seed(run.seed)
    restart(model, start)
    for weight in model.trainable_weights:  # LoRA's A, anew for each seed
        if weight.path.endswith("lora_kernel_a"):
            weight.assign(keras.initializers.HeUniform()(weight.shape))
    train = examples(run.target, "train", (run.labels_per_class, run.seed))
    begun = time.process_time()
    probe = linear_probe(outputs(body, train.x), train.y, seed=run.seed)
    seconds = time.process_time() - begun
    set_head(model, probe)
    if run.method == "head":
        return model, body, seconds
    rate = value
    if run.method == "l2sp":
        pull(model, value)
        model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), LOSS)  # with this pull
        rate = chosen_rate(run._replace(method="all"))
    return model, body, fit(model, train, run, rate)


@functools.cache
def source_examples(archive: str) -> Examples:
    """Five validation photographs of each of photonet's 180 classes."""
    photos = load_tiny_imagenet(archive, Path(tempfile.gettempdir()) / "tlcourse-tiny-imagenet")
    labels = np.asarray(photos.val_labels)
    rows = np.concatenate([np.flatnonzero(labels == k)[:5] for k in range(len(photos.wnids))])
    return Examples(np.asarray(photos.val_images[np.sort(rows)]), labels[np.sort(rows)])


def source_score(
    run: AdaptRun, body: keras.Model, vectors: np.ndarray, archive: str | None
) -> float:
    """How well the body still does what it was made for; nan where that cannot be measured.

    photonet: accuracy on photographs of its source task, its own 180-class head put back. minilm:
    of how many test reviews (`vectors`) the nearest other one is about the same topic.
    """
    if run.network == "minilm":
        topics = task("reviews").test.topics
        near = vectors @ vectors.T - 9 * np.eye(len(vectors))
        return float(np.mean(topics[near.argmax(axis=1)] == topics))
    if run.network != "photonet" or archive is None:
        return float("nan")
    x, y = source_examples(archive)
    return right(outputs(body, x), load_photonet()[0].get_layer("logits"), y)


def right(features: np.ndarray, head: keras.layers.Dense, y: np.ndarray) -> float:
    """Share of examples that a head gets right on features."""
    kernel, bias = head.get_weights()
    return float(np.mean((features @ kernel + bias).argmax(axis=1) == y))


def measured(run: AdaptRun, value: float, archive: str | None) -> dict[str, float]:
    """One row of the table."""
    model, body, seconds = adapted(run, value)
    with tempfile.TemporaryDirectory() as folder:
        size = save_learned(model, Path(folder) / "learned.npz")
    x, y = examples(run.target, "test")
    features = outputs(body, x)
    learn = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {
        "accuracy": right(features, model.get_layer("head"), y),
        "source": source_score(run, body, features, archive),
        "parameters": learn,
        "bytes": size,
        "seconds": seconds,
        "value": value,
    }


CHOICES: dict[Choice, float] = {}
RATES_FILE: list[Path] = []


def validated(run: AdaptRun, value: float) -> float:
    """Accuracy on validation of one value, the mean over several draws of the labels."""
    choices = [Choice(run._replace(seed=seed), value) for seed in CHOOSING]
    for choice in choices:
        if choice not in CHOICES:
            model, body, _ = adapted(*choice)
            x, y = examples(run.target, "validation")
            CHOICES[choice] = right(outputs(body, x), model.get_layer("head"), y)
            write_rates(RATES_FILE[0], CHOICES)
    return float(np.mean([CHOICES[choice] for choice in choices]))


@functools.cache
def chosen(run: AdaptRun) -> float:
    """The value of a run: the best on validation, of those tried and their neighbors."""
    if run.method == "head":
        return 0.0
    if run.method == "l2sp":
        return max(PULLS, key=lambda value: validated(run, value))
    kind = "minilm" if run.network == "minilm" else "photonet"
    few_learn = run.method in ("norm", "bias", "lora")
    tried = {RATES.index(rate) for rate in (FIRST if few_learn else FIRST_ALL)[kind]}
    while True:  # until the neighbors of the best are tried, too
        best = max(sorted(tried), key=lambda i: validated(run, RATES[i]))
        near = {i for i in (best - 1, best + 1) if 0 <= i < len(RATES)}
        if near <= tried:
            return RATES[best]
        tried |= near


def chosen_rate(run: AdaptRun) -> float:
    """The value of a run, whatever its seed; that of 50 labels a class serves all sizes."""
    return chosen(run._replace(seed=0, labels_per_class=LABELS_TO_CHOOSE))


def runs(only: str | None = None, real: bool = True) -> Iterator[AdaptRun]:
    """All runs; the main comparison first."""
    for name, target in (("photonet", "sunglasses"), ("minilm", "reviews")):
        if only in (None, name):
            for size, method in itertools.product(SIZES, ("head", "norm", "bias", "lora", "all")):
                for seed in SEEDS:
                    yield AdaptRun(name, target, method, size, seed)
    if only in (None, "photonet"):
        for method, seed in itertools.product(("l2sp", "layerwise"), SEEDS):
            yield AdaptRun("photonet", "sunglasses", method, 50, seed)
        for method, seed in itertools.product(("head", "norm", "lora"), SEEDS):
            yield AdaptRun("random", "sunglasses", method, 50, seed)
        for method in ("head", "norm", "bias", "lora", "all") if real else ():
            for seed in SEEDS:
                yield AdaptRun("photonet", "blood_cells", method, 50, seed)


def write(path: Path, table: dict[AdaptRun, dict[str, float]]) -> None:
    """Put the whole table into the file, or nothing."""
    with atomic_path(path) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*AdaptRun._fields, *next(iter(table.values()))])
        rows.writerows([*run, *(f"{x:.6g}" for x in row.values())] for run, row in table.items())


def write_rates(path: Path, choices: dict[Choice, float]) -> None:
    """Put all choices into the file, or nothing."""
    with atomic_path(path) as draft, open(draft, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*AdaptRun._fields, "value", "accuracy"])
        rows.writerows([*run, value, f"{x:.4f}"] for (run, value), x in choices.items())


def main(argv: list[str] | None = None) -> int:
    """Choose the rates and compute the table, or go on with both; returns 0."""
    parser = argparse.ArgumentParser(prog="adapt", description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path, help="folder for the two tables")
    parser.add_argument("--only", choices=("photonet", "minilm"), help="one of the networks")
    parser.add_argument("--source", help="Tiny ImageNet's zip, for what photonet forgets")
    parser.add_argument("--no-real", action="store_true", help="leave blood_cells out")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "adapt.csv"
    RATES_FILE[:] = [options.out / "rates.csv"]
    if RATES_FILE[0].is_file():
        for run, row in read_adapted(RATES_FILE[0]):
            CHOICES[Choice(run, row["value"])] = row["accuracy"]
    table = dict(read_adapted(path)) if path.is_file() else {}
    for run in with_bar(list(runs(options.only, not options.no_real)), "Adapt a little"):
        value = chosen_rate(run)
        if run not in table or table[run]["value"] != value:
            table[run] = measured(run, value, options.source)
            write(path, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
