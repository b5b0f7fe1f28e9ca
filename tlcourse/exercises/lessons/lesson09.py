"""Exercises of lesson 9: transfer in text. None of the checks needs the text encoder."""

import numpy as np

from tlcourse.exercises import answers
from tlcourse.exercises.answers import AnswerError
from tlcourse.exercises.exercise import Exercise, choice, difference

SEARCH = choice(
    "09.1",
    "The mail that came on top",
    "A team searches its mails with minilm, by the inner product of sentence vectors. It asks for "
    '"The app does not crash any more." On top comes "The app crashes all the time.", far above '
    '"Stable since Tuesday, thank you." Why?',
    {
        "a": (
            "The tokenizer drops small words such as “not”",
            "It drops nothing: `tokenizer.pieces` shows a piece for `not`. The encoder has read "
            "it; the question is how far it moves the vector.",
        ),
        "b": (
            "The mails should have been stemmed and cleaned of punctuation first",
            "That makes it worse: the encoder has read texts as people write them, not stumps of "
            "words. It wants its own preparation, like a backbone its own scaling of pixels.",
        ),
        "c": (
            "The encoder was trained to put texts together that are about the same thing",
            "Both are about an app that crashes, or not. A denial turns the meaning round, and "
            "hardly moves the vector: the source task did not ask for it.",
        ),
        "d": (
            "The search needs more labeled mails",
            "This search has no labels at all, so it cannot have too few.",
        ),
    },
    right="c",
    hints=(
        "What were the pairs of sentences that minilm learned from?",
        'In the lesson, which was nearer to "The food was good.": its denial, or a good train?',
    ),
)


def words(texts) -> set[str]:
    """The different words of texts, as `TfidfVectorizer` takes them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return set(TfidfVectorizer().fit(texts).vocabulary_)


def _blind(answer: object) -> str:
    from sklearn.feature_extraction.text import TfidfVectorizer

    from tlcourse import load_reviews

    task = load_reviews()
    labeled, new = words(task.few_shot(50, seed=0).train.texts), words(task.test.texts)
    share = len(new - labeled) / len(new)
    split = TfidfVectorizer().build_analyzer()
    running = [word not in labeled for text in task.test.texts for word in split(text)]
    by_spaces = [
        {word for text in texts for word in text.lower().split()}
        for texts in (task.test.texts, task.few_shot(50, seed=0).train.texts)
    ]
    answers.near(
        answer,
        share,
        0.01,
        mistakes=[
            (0, "Nothing is unknown if the test reviews were there when the words were learned. "
                "Fit on the labeled reviews alone."),
            (1 - share, "This is the share that it knows. Which is asked for?"),
            (np.mean(running), "Here each word counts as often as it is used. Count each "
                               "different word once: a `set`."),
            (len(new - words(task.train.texts)) / len(new), "That is with all 720 labels. How "
                                                            "many are there here?"),
            (len(labeled - new) / len(labeled), "The other way round: this is the share of the "
                                                "labeled words that the test does not have."),
            (len(new - words(task.few_shot(100, seed=0).train.texts)) / len(new),
             "`few_shot(100)` are 100 of each class: 200 labels."),
            (len(by_spaces[0] - by_spaces[1]) / len(by_spaces[0]),
             "Cut at spaces, “superb” and “superb.” are two words. Let the vectorizer cut."),
            (100 * share, "Give it as a fraction: 0.25, not 25."),
            (len(new - labeled), "This is a number of words. Divide by all different words of the "
                                 "test."),
        ],
        otherwise="Of all different words of the test reviews, which share is in none of the "
        "labeled ones?",
    )  # fmt: skip
    return (
        f"{share:.0%} of the different words tell TF-IDF nothing. They are the rare ones; it lives "
        "on the few that come again and again."
    )


BLIND = Exercise(
    "09.2",
    "The words that a baseline is blind to",
    _blind,
    hints=(
        "`TfidfVectorizer().fit(texts).vocabulary_` is a dict whose keys are the words it knows.",
        "Make a `set` of each vocabulary. `new - labeled` is what is only in `new`.",
        "`len(new - labeled) / len(new)`",
    ),
)


def _pooled(answer: object) -> str:
    call = answers.function(answer)
    random = np.random.default_rng(0)
    tokens = np.array([[101, 7, 102, 0, 0, 0], [101, 5, 8, 9, 4, 102]], "int32")
    states = random.normal(0.3, 1, (2, 6, 8)).astype("float32")
    there = (tokens != 0)[..., None]
    vectors = answers.array(call(states, tokens), (2, 8), "The result for (2, 6, 8) states")
    norms = np.linalg.norm(vectors, axis=1)

    def is_mean_of(expected, normed=True):
        scale = np.linalg.norm(expected, axis=1, keepdims=True) if normed else 1
        return np.allclose(vectors / (norms[:, None] if normed else 1), expected / scale, atol=1e-3)

    if is_mean_of(states.mean(axis=1)):
        raise AnswerError(
            "What fills a sentence up is in the mean, too: a sentence would change with the "
            "length of its neighbors. Take the pieces whose token is not 0."
        )
    if is_mean_of(states[:, 0]):
        raise AnswerError(
            "This is the first piece, [CLS]. BERT is used so; minilm was trained with the mean."
        )
    if is_mean_of(np.where(there, states, -np.inf).max(axis=1)):
        raise AnswerError("This is the maximum; minilm was trained with the mean.")
    if not is_mean_of((states * there).sum(axis=1)):
        raise AnswerError(
            "The direction of the vectors is not that of the mean over the pieces that are there. "
            "Is the mean taken along axis 1, and only then scaled to length 1?"
        )
    if not np.allclose(norms, 1, atol=1e-3):
        raise AnswerError(
            f"The direction is right. The first vector has length {norms[0]:.2f}; divide each "
            "by its own length, or long and short ones cannot be compared by the inner product."
        )
    return "A sentence has the same vector now, whatever it is filled up with."


POOLED = Exercise(
    "09.3",
    "From pieces to a sentence",
    _pooled,
    hints=(
        "`tokens != 0` says which pieces are there; `[..., None]` gives it the shape (n, length, "
        "1), so that it can be multiplied with `states`.",
        "The sum over axis 1 of what is there points where the mean does. `np.linalg.norm(…, "
        "axis=1, keepdims=True)` is the length of each.",
    ),
)


# Measured: 0.39 to 0.45 for means of three draws of ten reviews a topic, 0.33 to 0.49 for single
# ones; for praise and blame with the same 60 labels 0.11 to 0.22. Accuracies on topics: encoder
# 0.61 to 0.75, TF-IDF 0.23 to 0.31.
TOPIC_GAIN = difference(
    "09.4",
    "Another question, another gain",
    (0.32, 0.56),
    too_small="Are the labels the topics, for the probe and for TF-IDF, and not praise and blame? "
    "Or is this the accuracy of TF-IDF alone?",
    too_large="Is it the accuracy of the encoder? The gain is what it is above TF-IDF.",
    order="encoder minus TF-IDF",
    praise="{points}, with no more labels than in the lesson, where the gain on praise and blame "
    "was much smaller. What a text is about is what the source task was about.",
    hints=(
        "For each `which` in `draws`: texts `task.train.texts[which]`, labels `topics[which]`.",
        "`linear_probe(vectors(texts), labels).score(vectors(task.test.texts), test_topics)` is "
        "the accuracy of one; `tfidf(texts, labels).score(task.test.texts, test_topics)` that of "
        "the other. Subtract, and take the mean of the three.",
    ),
)

EXERCISES = (SEARCH, BLIND, POOLED, TOPIC_GAIN)
