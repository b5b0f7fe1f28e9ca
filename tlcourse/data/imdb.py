"""`imdb`: 50,000 film reviews from the web, for those who are online."""

import os
from pathlib import Path

import numpy as np

from tlcourse.data.splits import stratified_parts
from tlcourse.data.text import TextSplit, TextTask
from tlcourse.errors import AssetError
from tlcourse.files.assets import offline
from tlcourse.files.keras_weights import answers

HOST = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
FIRST_WORD = 3  # Keras's numbers: 0 fills up, 1 starts a review, 2 is an unknown word


def load_imdb() -> TextTask:
    """Film reviews: negative (0) or positive (1)? By Keras's own loader, which caches them.

    22,500 to train, 2,500 to validate, 25,000 for the test, fixed. Keras keeps words alone, in
    lower case, without punctuation. A. Maas et al., "Learning Word Vectors for Sentiment
    Analysis", ACL 2011.

    Raises:
        AssetError: the data is not in Keras's cache, and cannot be fetched.
    """
    from keras.datasets import imdb

    folder = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"
    missing = [n for n in ("imdb.npz", "imdb_word_index.json") if not (folder / n).is_file()]
    if missing and (offline() or not answers(HOST)):
        why = "TLCOURSE_OFFLINE is set" if offline() else "its server does not answer"
        raise AssetError(
            f"imdb is not in {folder} ({', '.join(missing)}), and {why}. Call load_imdb() once "
            "with a network. load_reviews() comes with the course."
        )
    try:
        given, test = imdb.load_data()
        words = {number + FIRST_WORD: word for word, number in imdb.get_word_index().items()}
    except Exception as error:
        raise AssetError(f"Keras could not fetch imdb into {folder}: {error}") from error
    everything = _split(*given, words)
    train, validation = stratified_parts(everything.labels, (0.9, 0.1))
    splits = everything.take(train), everything.take(validation), _split(*test, words)
    return TextTask("imdb", ("negative", "positive"), *splits, description="film reviews")


def _split(sequences, labels, words: dict[int, str]) -> TextSplit:
    """Numbers back to words; numbers below `FIRST_WORD` stand for none."""
    texts = np.array(
        [" ".join(words[n] for n in sequence if n in words) for sequence in sequences], object
    )
    nothing = np.full(len(texts), "")
    return TextSplit(texts, np.asarray(labels, np.int64), nothing, nothing)
