"""`reviews`: counts, balance, splits that share nothing, not even nearly; and `imdb`, faked."""

import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tlcourse.data import TextSplit, TextTask, load_imdb, load_reviews
from tlcourse.data.reviews import FILE, KINDS, TOPICS
from tlcourse.errors import AssetError

CARD = Path(__file__).resolve().parents[2] / "datasets" / "reviews" / "README.md"
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def task():
    return load_reviews()


def runs_of_three(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)} or {tuple(words)}


def overlap(one: set, other: set) -> float:
    return len(one & other) / len(one | other)


def test_counts_and_balance(task):
    assert repr(task).endswith("720 / 180 / 300 sentences to train / validate / test")
    for split, each in zip(SPLITS, (60, 15, 25), strict=True):
        part = getattr(task, split)
        counts = Counter(zip(part.topics.tolist(), part.labels.tolist(), strict=True))
        assert counts == dict.fromkeys(itertools.product(TOPICS, (0, 1)), each)


def test_kinds_are_as_the_card_says(task):
    kinds = Counter(np.concatenate([getattr(task, split).kinds for split in SPLITS]).tolist())
    card = CARD.read_text("utf-8")
    assert {kind: f"| {kind} | {kinds[kind]} |" in card for kind in KINDS} == dict.fromkeys(
        KINDS, True
    )
    assert set(kinds) == set(KINDS)


def test_the_file_is_the_one_on_the_card():
    assert f"| `reviews.tsv` | `{FILE.sha256}` |" in CARD.read_text("utf-8")


def test_no_near_duplicates(task):
    texts = [text for split in SPLITS for text in getattr(task, split).texts]
    runs = [runs_of_three(text) for text in texts]
    worst = max(
        itertools.combinations(range(len(texts)), 2), key=lambda p: overlap(runs[p[0]], runs[p[1]])
    )
    assert overlap(*(runs[at] for at in worst)) <= 0.25, [texts[at] for at in worst]
    assert len({" ".join(sorted(text.lower().split())) for text in texts}) == len(texts) == 1200


def test_a_near_duplicate_would_be_found():
    one, other = (
        "I loved the soup, and the bread was warm.",
        "I loved the soup and the bread was cold!",
    )
    assert overlap(runs_of_three(one), runs_of_three(other)) > 0.25


def test_texts_are_clean(task):
    for split in SPLITS:
        for text in getattr(task, split).texts:
            assert text == " ".join(text.split())
            assert 1 <= len(text.split()) <= 25
            assert not set(text) & set("<>|\t")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_held_out_topic_is_seen_in_the_test_alone(topic):
    task = load_reviews(held_out=topic)
    assert set(task.test.topics) == {topic}
    assert topic not in task.train.topics
    assert topic not in task.validation.topics
    assert [len(getattr(task, s).texts) for s in SPLITS] == [800, 200, 200]
    assert [getattr(task, s).labels.mean() for s in SPLITS] == [0.5] * 3


def test_an_unknown_topic():
    with pytest.raises(ValueError, match=r"one of books, films, .* not 'cars'"):
        load_reviews(held_out="cars")


def test_few_shot_is_nested_and_balanced(task):
    few, more = task.few_shot(5, seed=3).train, task.few_shot(20, seed=3).train
    assert np.bincount(few.labels).tolist() == [5, 5]
    assert set(few.texts) < set(more.texts) < set(task.train.texts)
    assert set(task.few_shot(5, seed=4).train.texts) != set(few.texts)
    with pytest.raises(ValueError, match="Ask for 360 or fewer"):
        task.few_shot(361)


def test_a_wrong_task_is_refused():
    good = TextSplit(*(np.array(column) for column in (["a"], [0], [""], [""])))
    with pytest.raises(ValueError, match="labels must lie in 0 … 0"):
        TextTask("t", ("x",), good, good, good._replace(labels=np.array([1])))
    with pytest.raises(ValueError, match="different lengths"):
        TextTask("t", ("x",), good, good, good._replace(topics=np.array(["", ""])))


def test_imdb_offline_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    with pytest.raises(AssetError, match=r"imdb\.npz.*TLCOURSE_OFFLINE is set"):
        load_imdb()


def test_imdb_gives_words_back(monkeypatch, tmp_path):
    from keras.datasets import imdb

    (tmp_path / "datasets").mkdir()
    for name in ("imdb.npz", "imdb_word_index.json"):
        (tmp_path / "datasets" / name).touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    rows = np.array([[1, 4, 5, 2]] * 10 + [[1, 5]] * 10, object)
    data = (rows, np.repeat([1, 0], 10))
    monkeypatch.setattr(imdb, "load_data", lambda: (data, data))
    monkeypatch.setattr(imdb, "get_word_index", lambda: {"good": 1, "film": 2})
    task = load_imdb()
    assert [len(getattr(task, split).texts) for split in SPLITS] == [18, 2, 20]
    assert task.test.texts[0] == "good film"
    assert task.test.labels[0] == 1
