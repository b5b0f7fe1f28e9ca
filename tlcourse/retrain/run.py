"""The steps of `tlcourse retrain`, from a folder to a model and what is known about it."""

import functools
from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from tlcourse import auditing
from tlcourse.machine.device import setup_device
from tlcourse.retrain import (
    confidence,
    export,
    gather,
    look,
    model,
    output,
    shortcuts,
    store,
    words,
)
from tlcourse.retrain.backbone import AUTO, OURS, choose
from tlcourse.retrain.clock import Clock
from tlcourse.retrain.groups import find_groups
from tlcourse.retrain.judge import judge, learning_curve
from tlcourse.retrain.result import Options, Result
from tlcourse.retrain.second_look import second_look
from tlcourse.retrain.sizes import choose_size, look_at, others

FOR_THE_REPORT = 15  # seconds of a time budget that training leaves,
PROBES_LATER = 2  # and so many times those of the probe: more probes follow, for the report


def run(options: Options, clock: Clock, say: Callable[[str], None]) -> Result:
    """Check, split, extract, probe, fine-tune, save, test, export, explain, audit.

    Args:
        options: what is asked for.
        clock: started when the program was.
        say: takes a line for the person who waits.

    Raises:
        ImageFolderError: the folder cannot be used as it is.
        AssetError: weights or a library are missing, or something cannot be written.
        InputError: there is no such backbone, it cannot be exported so, or nothing says what
            belongs together.
        KeyboardInterrupt: of the person, where there is no model yet.
    """
    asked = options.backbone
    if asked == AUTO and export.HTML in options.export:
        asked = OURS
        say(words.page_takes(OURS))
    if options.export:
        export.require(options.export, asked, options.size)
    with clock("checking the photos"):
        photos = gather.look(options)
    say(
        f"{len(photos.homes)} photos in {len(photos.by_lot.class_names)} classes; "
        + words.left_out(photos.problems, photos.copies)
    )
    for line in (
        words.same_names(photos.by_lot.class_names), words.folders_within(photos.problems)
    ):  # fmt: skip
        if line:
            say(line)

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
    if line := words.kept_together(together, photos.by_lot, photos.given):
        say(line)
    counts = {split: len(paths) for split, paths in dealt.paths.items()}
    say("Split: {train} to train, {validation} to validate, {test} to test.".format(**counts))

    learn = dealt.labels["train"]
    weights = train.class_weights(learn) if options.class_weights == "auto" else None
    balanced = weights is not None
    if balanced:
        say(words.weighted(dealt.class_names, np.bincount(learn)))

    with clock("linear probe"):
        task, features = gather.as_task(photos, dealt, extracted)
        probe = train.fit_probe(features["train"], learn, seed=options.seed, balanced=balanced)
    with clock("size of the pictures"):
        fixed = options.size is not None or export.HTML in options.export
        (size, backbone, extracted), sizes = choose_size(
            own,
            () if fixed else others(name, size),
            look_here,
            list(photos.homes),
            (dealt.paths["train"], learn, np.array([together.of[p] for p in dealt.paths["train"]])),
            regularization=train.regularization_of(probe),
            weights=weights,
            seed=options.seed,
            deadline=end - FOR_THE_REPORT,
        )
        if size != own.size:
            task, features = gather.as_task(photos, dealt, extracted)
            probe = train.fit_probe(features["train"], learn, seed=options.seed, balanced=balanced)
        del own  # a second network, where another size was chosen
    if sizes.words:
        say(sizes.words)
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
        )
    right = "right on validation" + ", each class counting the same" * balanced
    for method, score in trained.scores.items():
        kept = " ← kept" if method == trained.method else ""
        say(f"  {method:<12} {score.accuracy:.1%} {right}, loss {score.loss:.3f}{kept}")
    if trained.note:
        say(trained.note)

    with clock("how sure it may be"):
        known = (look.logits(trained.model, train.Batches(task.validation)), task.validation.labels)
        heat, threshold = confidence.decide(*known)
    with clock("saving the model"):
        target = options.output / output.MODEL
        ready = model.ready_to_use(
            trained.model, task.class_names, size, temperature=heat, threshold=threshold
        )
        model.save_model(ready, target)
        output.forget_report(options.output)
    with clock("storing the features"):
        if trained.method == train.TUNED:
            kept = {
                s: look.features(trained.model, train.Batches(getattr(task, s))) for s in counts
            }
        else:
            kept = features
        store.write_store(
            store.Stored(
                store.About(
                    task.class_names, name, size, trained.regularization, balanced,
                    options.validation, options.test, options.seed,
                ),
                kept,
                dealt.labels,
                {s: [photos.digests[p] for p in paths] for s, paths in dealt.paths.items()},
            ),
            options.output,
            target,
        )  # fmt: skip
    with clock("testing"):
        logits = look.logits(trained.model, train.Batches(task.test))
        test = judge(softmax(logits / heat, axis=1), task.test.labels)
        strangers = confidence.refuse_strangers(
            features, dealt.labels, regularization=trained.regularization, seed=options.seed
        )
        trust = confidence.measure(known, (logits, task.test.labels), strangers)
    exports = ()
    if options.export:
        with clock("exporting"):
            about = export.about(task.class_names, size, heat, threshold, name)
            exports = export.export(
                options.export,
                trained.model,
                about | {"told": words.tested(test, len(task.train.labels))},
                options.output,
                calibrate=task.train.images,
                test=task.test,
                expected=test.probabilities,
            )
        for made in exports:
            say(f"Exported {made.words}" if not made.refused else made.words)
    with clock("evidence for mistakes"):
        mistakes, evidence = look.explain(trained.model, task.test.images, test)
    with clock("learning curve"):
        curve = learning_curve(
            (features["train"], task.train.labels),
            (features["validation"], task.validation.labels),
            regularization=trained.regularization,
            balanced=balanced,
            seed=options.seed,
        )
    with clock("cross-validation"):
        told, doubts = second_look(
            photos,
            together,
            line,
            extracted.features,
            regularization=trained.regularization,
            balanced=balanced,
            seed=options.seed,
        )
    if told.change:
        say(told.change)
    with clock("baselines"):
        seen = shortcuts.baselines(task.train, task.test, seed=options.seed)
    with clock("audit"):
        by_class = dict(enumerate(weights.tolist())) if balanced else None
        audit = auditing.audit(trained.model, task, class_weight=by_class)
    return Result(
        options=options,
        backbone=name,
        size=size,
        remark=remark,
        task=task,
        paths=dealt.paths,
        groups=told,
        sizes=sizes,
        findings=(*photos.problems, *photos.copies),
        notes=photos.notes,
        trained=trained,
        test=test,
        weights=weights,
        baselines=seen,
        doubts=doubts,
        trust=trust,
        mistakes=mistakes,
        evidence=evidence,
        curve=curve,
        audit=audit,
        seconds=clock.seconds,
        model_path=target,
        exports=exports,
    )
