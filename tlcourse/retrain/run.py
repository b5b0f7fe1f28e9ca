"""The steps of `tlcourse retrain`, from a folder to a model and what is known about it."""

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
from scipy.special import softmax

from tlcourse import auditing
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
from tlcourse.retrain.again import once
from tlcourse.retrain.backbone import AUTO, OURS
from tlcourse.retrain.clock import Clock
from tlcourse.retrain.gather import Photos
from tlcourse.retrain.judge import judge, learning_curve
from tlcourse.retrain.learn import Learned, learn
from tlcourse.retrain.result import Options, Result
from tlcourse.retrain.second_look import second_look
from tlcourse.transfer.features import model_digest


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
    return _examine(options, clock, say, photos, learn(options, clock, say, photos, asked))


def _examine(
    options: Options, clock: Clock, say: Callable[[str], None], photos: Photos, done: Learned
) -> Result:
    """Save the model with what it needs, test it, and find out what there is to know about it."""
    task, trained, features, seen = done.task, done.trained, done.features, done.seen
    balanced = done.weights is not None
    with clock("how sure it may be"):
        known = (seen["validation"].logits, task.validation.labels)
        heat, threshold = confidence.decide(*known)
    with clock("saving the model"):
        target = options.output / output.MODEL
        ready = model.ready_to_use(
            trained.model, task.class_names, done.size, temperature=heat, threshold=threshold
        )
        model.save_model(ready, target)
        output.forget_report(options.output)
    with clock("storing the features"):
        store.write_store(
            store.Stored(
                store.About(
                    task.class_names, done.name, done.size, trained.regularization, balanced,
                    options.validation, options.test, options.seed,
                ),
                {split: found.features for split, found in seen.items()},
                done.dealt.labels,
                {s: [photos.digests[p] for p in paths] for s, paths in done.dealt.paths.items()},
            ),
            options.output,
            target,
        )  # fmt: skip
    with clock("testing"):
        logits = seen["test"].logits
        test = judge(softmax(logits / heat, axis=1), task.test.labels)
        strangers = confidence.refuse_strangers(
            features, done.dealt.labels, regularization=trained.regularization, seed=options.seed
        )
        trust = confidence.measure(known, (logits, task.test.labels), strangers)
    exports = ()
    if options.export:
        with clock("exporting"):
            about = export.about(task.class_names, done.size, heat, threshold, done.name)
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
            done.together,
            done.kept_together,
            done.all_features,
            regularization=trained.regularization,
            balanced=balanced,
            seed=options.seed,
        )
    if told.change:
        say(told.change)
    with clock("baselines"):
        found = shortcuts.baselines(task.train, task.test, seed=options.seed)
    with clock("audit"):
        audit = _audit(done)
    return Result(
        options=options,
        backbone=done.name,
        size=done.size,
        remark=done.remark,
        task=task,
        paths=done.dealt.paths,
        groups=told,
        sizes=done.sizes,
        findings=(*photos.problems, *photos.copies),
        notes=photos.notes,
        trained=trained,
        test=test,
        weights=done.weights,
        baselines=found,
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


def _audit(done: Learned) -> auditing.Report:
    """What `audit` says of the model, or said in an earlier run."""
    by_class = None if done.weights is None else dict(enumerate(done.weights.tolist()))

    def look() -> dict[str, np.ndarray]:
        found = auditing.audit(done.trained.model, done.task, class_weight=by_class)
        return {"report": np.array(json.dumps(asdict(found)))}

    facts = (*done.facts, model_digest(done.trained.model), done.task.class_names, by_class)
    told = json.loads(str(once("audit", facts, look)["report"]))
    findings = tuple(auditing.Finding(**finding) for finding in told.pop("findings"))
    return auditing.Report(findings, **{name: tuple(lines) for name, lines in told.items()})
