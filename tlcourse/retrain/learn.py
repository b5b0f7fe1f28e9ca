"""From checked photos to a trained model: features, groups, a split, a probe, fine-tuning."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.data import Task
from tlcourse.machine.device import setup_device
from tlcourse.retrain import export, gather, look, words
from tlcourse.retrain.backbone import choose
from tlcourse.retrain.clock import Clock
from tlcourse.retrain.gather import Dealt, Photos
from tlcourse.retrain.groups import Groups, find_groups
from tlcourse.retrain.result import Options
from tlcourse.retrain.sizes import SizesTold, choose_size, look_at, others

if TYPE_CHECKING:
    from tlcourse.retrain.train import Trained

FOR_THE_REPORT = 15  # seconds of a time budget that training leaves,
PROBES_LATER = 2  # and so many times those of the probe: more probes follow, for the report


@dataclass(frozen=True)
class Learned:
    """What is there when training is done.

    Attributes:
        name: of the network.
        size: of the pictures that it looks at.
        remark: what a better network would bring; empty without one.
        together: which photos belong together, and
        kept_together: what was said of it.
        dealt: which photo went where.
        task: their pictures and labels.
        features: of each split, float32 (n, d), by the network as it came.
        all_features: of all photos, in the order of `photos`.
        weights: what a photo of each class counted, or None where all count the same.
        sizes: what other sizes of pictures gave.
        trained: the model.
        seen: of each split, what its head gets and gives.
        facts: what decides which photos are in which split, and how the network sees them.
    """

    name: str
    size: int
    remark: str
    together: Groups
    kept_together: str
    dealt: Dealt
    task: Task
    features: dict[str, np.ndarray]
    all_features: np.ndarray
    weights: np.ndarray | None
    sizes: SizesTold
    trained: "Trained"
    seen: dict[str, look.Seen]
    facts: tuple[object, ...]


def learn(
    options: Options, clock: Clock, say: Callable[[str], None], photos: Photos, asked: str
) -> Learned:
    """Learn; nothing is written but the cache.

    Args:
        options: what is asked for.
        clock: started when the program was.
        say: takes a line for the person who waits.
        photos: that can be used.
        asked: the network, or `"auto"`.

    Raises:
        ImageFolderError: a photo cannot be read any more.
        AssetError: weights are missing, or the cache cannot be written.
        InputError: there is no such backbone, there is no time, or nothing says what belongs
            together.
        KeyboardInterrupt: of the person, where there is no model yet.
    """
    with clock("starting TensorFlow"):
        device = setup_device(seed=options.seed)
        from tlcourse.retrain import train  # it begins with keras, which must be set up before

    with clock("features"):
        name, size, remark = choose(asked, options.size)
        look_here = functools.partial(look_at, options, name, photos.digests)
        end = clock.started + (float("inf") if options.budget is None else options.budget)
        own = look_here(size, list(photos.homes), end)
        extracted = own.extracted
    how = "computed" if extracted.computed else "read from the cache"
    say(f"Features of {name} at {size}×{size} pixels: {how}, {clock.seconds['features']:.1f} s.")
    if remark:
        say(remark)

    with clock("what belongs together"):
        together = find_groups(
            options.group_by, photos.homes, photos.labels, extracted.features, extracted.pictures
        )
        dealt = gather.deal_in_groups(options, photos, together)
    if kept_together := words.kept_together(together, photos.by_lot, photos.given):
        say(kept_together)
    counts = {split: len(paths) for split, paths in dealt.paths.items()}
    say("Split: {train} to train, {validation} to validate, {test} to test.".format(**counts))

    labels = dealt.labels["train"]
    weights = train.class_weights(labels) if options.class_weights == "auto" else None
    balanced = weights is not None
    if balanced:
        say(words.weighted(dealt.class_names, np.bincount(labels)))

    def probed(extracted):
        task, features = gather.as_task(photos, dealt, extracted)
        probe = train.fit_probe(features["train"], labels, seed=options.seed, balanced=balanced)
        return task, features, probe

    with clock("linear probe"):
        task, features, probe = probed(extracted)
    with clock("size of the pictures"):
        fixed = options.size is not None or export.HTML in options.export
        (size, backbone, extracted), sizes = choose_size(
            own,
            () if fixed else others(name, size),
            look_here,
            list(photos.homes),
            (
                dealt.paths["train"],
                labels,
                np.array([together.of[p] for p in dealt.paths["train"]]),
            ),
            regularization=train.regularization_of(probe),
            weights=weights,
            seed=options.seed,
            deadline=end - FOR_THE_REPORT,
        )
        if size != own.size:
            task, features, probe = probed(extracted)
        del own  # a second network, where another size was chosen
    if sizes.words:
        say(sizes.words)
    facts = (size, *photos_in(photos, dealt))
    with clock("fine-tuning"):
        later = FOR_THE_REPORT + PROBES_LATER * clock.seconds["linear probe"]
        trained = train.train(
            backbone,
            task.num_classes,
            task.train,
            task.validation,
            probe,
            strategy=device.strategy,
            seed=options.seed,
            deadline=end - later,
            weights=weights,
            facts=facts,
        )
    right = "right on validation" + ", each class counting the same" * balanced
    for method, score in trained.scores.items():
        kept = " ← kept" if method == trained.method else ""
        say(f"  {method:<12} {score.accuracy:.1%} {right}, loss {score.loss:.3f}{kept}")
    if trained.earlier:
        say("Fine-tuning was done in an earlier run, with the same photos and options.")
    if trained.note:
        say(trained.note)
    with clock("looking at all photos"):
        if trained.method == train.PROBE:
            seen = look.behind(trained.model, features)
        else:
            seen = look.through(
                trained.model, {split: getattr(task, split) for split in dealt.paths}, facts
            )
    return Learned(
        name, size, remark, together, kept_together, dealt, task, features, extracted.features,
        weights, sizes, trained, seen, facts,
    )  # fmt: skip


def photos_in(photos: Photos, dealt: Dealt) -> Iterator[str]:
    """Each split, and of each of its photos the pixels' digest and the class."""
    digests = photos.digests
    for split, paths in dealt.paths.items():
        yield split
        for path, label in zip(paths, dealt.labels[split].tolist(), strict=True):
            yield f"{digests[path]} {label}"
