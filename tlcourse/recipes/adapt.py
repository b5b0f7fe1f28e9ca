"""Adapt a little: what small files do for photonet and minilm, against all weights and none.

    python -m tlcourse.recipes.adapt --out FOLDER [--only photonet|minilm] [--source ZIP]

`objects` (10 of its drawn things, photonet) and `reviews` (praise or blame, minilm), with 10, 50
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

SIDE, LENGTH = 48, 32  # pixels; word pieces of the longest review
RANK = 4
SIZES, SEEDS = (10, 50, 200), (0, 1, 2)
KINDS = 10  # of the 20 of `objects`
STEPS = {"photonet": {10: 60, 50: 120, 200: 300}, "minilm": {10: 12, 50: 30, 200: 60}}
BATCH = {"photonet": 16, "minilm": 20}
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
FIRST = {"norm": 1e-3, "bias": 1e-3, "lora": 1e-3}  # tried first; else 1e-4, or this for photonet:
FIRST_ALL = {"photonet": 3e-4, "minilm": 1e-4}
PULLS = (0.01, 0.1, 1.0)  # of L2-SP, with the rate of "all"
FALL = 2.6  # from a stage to the one before it, as in arXiv:1801.06146
CHOOSING, LABELS_TO_CHOOSE = {"photonet": (100,), "minilm": (100, 101)}, 50  # seeds; labels a class


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
    return load_task(target, **({} if target == "objects" else {"image_size": 64}))


@functools.cache
def words():
    """minilm's tokenizer."""
    return load_minilm()[0]


def examples(target: str, split: str, few: tuple[int, int] | None = None) -> Examples:
    """One split; of the training examples, as many a class as `few` says, and by which seed."""
    whole = task(target) if few is None else task(target).few_shot(*few)
    part = getattr(whole, split)
    if target == "reviews":
        return Examples(words()(part.texts, LENGTH), part.labels)
    rows = part.labels < KINDS
    return Examples(part.images[rows], part.labels[rows])


def trimmed(x: np.ndarray) -> np.ndarray:
    """Tokens without the columns that are 0 in every row; pictures as they are."""
    return x[:, : (x != 0).sum(axis=1).max()] if x.ndim == 2 else x


def outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a model gives, in batches; short texts go together."""
    order = np.argsort((x != 0).sum(axis=1), kind="stable") if x.ndim == 2 else np.arange(len(x))
    parts = np.array_split(order, max(1, len(x) // 50))
    found = np.concatenate([model.predict_on_batch(trimmed(x[part])) for part in parts])
    return found[np.argsort(order)]


@functools.lru_cache(maxsize=4)
def network(name: str, target: str, method: str, seed: int) -> tuple:
    """Classifier, its body, and the weights to start from; compiled once for all runs.

    `seed` is that of the control's random weights.
    """
    keras.utils.set_random_seed(seed)
    classes = min(KINDS, len(task(target).class_names))
    if name == "minilm":
        _, body = load_minilm()
        model = keras.Model(body.input, keras.layers.Dense(classes, name="head")(body.output))
    else:
        pictures = task(target).train.images[::8]
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
        name = variable.path.split("/")[0]
        stage = 5 if name == "head" else int(name[5]) if name.startswith("stage") else 0
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


def fit(model: keras.Model, train: Examples, run: AdaptRun, rate: float) -> float:
    """Train as long as the run's size asks for, and return the seconds of computing time.

    The rate rises for a tenth of the steps and falls to 0 along half a cosine. The first step,
    in which the graph is made, is not timed.
    """
    kind = "minilm" if run.network == "minilm" else "photonet"
    steps, batch = STEPS[kind][run.labels_per_class], BATCH[kind]
    rng, done, begun = np.random.default_rng(run.seed), 0, 0.0
    while True:
        order = rng.permutation(len(train.y))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
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


def source_score(run: AdaptRun, body: keras.Model, archive: str | None) -> float:
    """How well the body still does what it was made for; nan where that cannot be measured.

    photonet: accuracy on photographs of its source task, its own 180-class head put back. minilm:
    of how many test reviews the nearest other review is about the same topic.
    """
    if run.network == "minilm":
        vectors, topics = outputs(body, examples(run.target, "test").x), task("reviews").test.topics
        near = vectors @ vectors.T - 9 * np.eye(len(vectors))
        return float(np.mean(topics[near.argmax(axis=1)] == topics))
    if run.network != "photonet" or archive is None:
        return float("nan")
    x, y = source_examples(archive)
    kernel, bias = load_photonet()[0].get_layer("logits").get_weights()
    return float(np.mean((outputs(body, x) @ kernel + bias).argmax(axis=1) == y))


def right(model: keras.Model, run: AdaptRun, split: str) -> float:
    """Share of a split that the model gets right."""
    x, y = examples(run.target, split)
    return float(np.mean(outputs(model, x).argmax(axis=1) == y))


def measured(run: AdaptRun, value: float, archive: str | None) -> dict[str, float]:
    """One row of the table."""
    model, body, seconds = adapted(run, value)
    with tempfile.TemporaryDirectory() as folder:
        size = save_learned(model, Path(folder) / "learned.npz")
    learn = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {
        "accuracy": right(model, run, "test"),
        "source": source_score(run, body, archive),
        "parameters": learn,
        "bytes": size,
        "seconds": seconds,
        "value": value,
    }


CHOICES: dict[Choice, float] = {}
RATES_FILE: list[Path] = []


def validated(run: AdaptRun, value: float) -> float:
    """Mean accuracy on validation of one value, over the seeds to choose with."""
    scores = []
    for seed in CHOOSING["minilm" if run.network == "minilm" else "photonet"]:
        choice = Choice(run._replace(seed=seed), value)
        if choice not in CHOICES:
            model, _, _ = adapted(*choice)
            CHOICES[choice] = right(model, choice.run, "validation")
            write_rates(RATES_FILE[0], CHOICES)
        scores.append(CHOICES[choice])
    return float(np.mean(scores))


@functools.cache
def chosen(run: AdaptRun) -> float:
    """The value of a run: the best on validation among its neighbors."""
    if run.method == "head":
        return 0.0
    if run.method == "l2sp":
        return max(PULLS, key=lambda value: validated(run, value))
    kind = "minilm" if run.network == "minilm" else "photonet"
    at = RATES.index(FIRST.get(run.method, FIRST_ALL[kind]))
    while True:  # uphill, until both neighbors are no better
        near = [i for i in (at, at - 1, at + 1) if 0 <= i < len(RATES)]
        best = max(near, key=lambda i: validated(run, RATES[i]))
        if best == at:
            return RATES[at]
        at = best


def chosen_rate(run: AdaptRun) -> float:
    """The value of a run, whatever its seed; that of 50 labels a class serves all sizes."""
    return chosen(run._replace(seed=0, labels_per_class=LABELS_TO_CHOOSE))


def runs(only: str | None = None, real: bool = True) -> Iterator[AdaptRun]:
    """All runs; the main comparison first."""
    for name, target in (("photonet", "objects"), ("minilm", "reviews")):
        if only in (None, name):
            for size, method in itertools.product(SIZES, ("head", "norm", "bias", "lora", "all")):
                for seed in SEEDS:
                    yield AdaptRun(name, target, method, size, seed)
    if only in (None, "photonet"):
        for method, seed in itertools.product(("l2sp", "layerwise"), SEEDS):
            yield AdaptRun("photonet", "objects", method, 50, seed)
        for method, seed in itertools.product(("head", "norm", "lora"), SEEDS):
            yield AdaptRun("random", "objects", method, 50, seed)
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
    todo = [run for run in runs(options.only, not options.no_real) if run not in table]
    for run in with_bar(todo, "Adapt a little"):
        table[run] = measured(run, chosen_rate(run), options.source)
        write(path, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
