"""`reviews`: 1,200 short reviews, written for this course. See datasets/reviews."""

import csv

import numpy as np

from tlcourse.data.splits import stratified_parts
from tlcourse.data.text import TextSplit, TextTask
from tlcourse.files.assets import Asset, locate

FILE = Asset(
    "reviews/reviews.tsv",
    "c6aa9975475f81091c615706a5a84d68940ac97bc1dbd98458746b698b5a2317",
    103314,
)
LABELS = ("negative", "positive")
TOPICS = ("books", "films", "food", "lessons", "places", "tools")
KINDS = ("plain", "implied", "negation", "mixed", "irony", "domain")


def load_reviews(held_out: str | None = None) -> TextTask:
    """Short reviews of six topics: negative (label 0) or positive (label 1)?

    The splits are fixed. Without `held_out` they are random, with the same share of each topic
    and each label: 60 % to train, 15 % to validate, 25 % for the test.

    Args:
        held_out: one of `TOPICS`. All its reviews are the test, and there is none of it in the
            others: 80 % of the other topics is to train, 20 % to validate.

    Raises:
        ValueError: there is no such topic.
    """
    if held_out is not None and held_out not in TOPICS:
        raise ValueError(f"held_out must be one of {', '.join(TOPICS)}, not {held_out!r}.")
    everything = _read()
    groups = np.char.add(everything.topics, everything.labels.astype(str))
    if held_out is None:
        parts = stratified_parts(groups, (0.6, 0.15, 0.25))
    else:
        rest = np.flatnonzero(everything.topics != held_out)
        parts = [rest[part] for part in stratified_parts(groups[rest], (0.8, 0.2))]
        parts.append(np.flatnonzero(everything.topics == held_out))
    return TextTask(
        "reviews" if held_out is None else f"reviews, {held_out} held out",
        LABELS,
        *(everything.take(part) for part in parts),
        description="short reviews, written for this course",
    )


def _read() -> TextSplit:
    with open(locate(FILE), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    labels = np.array([LABELS.index(row["label"]) for row in rows], np.int64)
    texts, topics, kinds = (
        np.array([row[key] for row in rows]) for key in ("text", "topic", "kind")
    )
    return TextSplit(texts, labels, topics, kinds)
