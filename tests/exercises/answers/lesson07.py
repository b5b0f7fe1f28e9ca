"""Answers to the exercises of lesson 7: what its checks must accept, and what not."""

import numpy as np

from tlcourse.exercises.lessons.lesson07 import bursts, cosine, expected_parts, two_parts


def _most_similar(query, features, count):
    return np.argsort(-cosine(query, features))[:count]


def _by_sklearn(query, features, count):
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=count, metric="cosine").fit(features)
    return search.kneighbors(query[None], return_distance=False)


def _with_features():
    import keras

    from tlcourse import load_backbone

    backbone = load_backbone("photonet")
    early = keras.layers.GlobalAveragePooling2D()(backbone.get_layer("stage2").output)
    return keras.Model(backbone.input, keras.ops.concatenate([early, backbone.output], axis=1))


def _both(change=lambda images: images[:, :, ::-1], labels=lambda y: np.tile(y, 2), once=False):
    """The solution of 07.1, or one of the ways to get it wrong."""

    def with_mirrored(backbone, images, given):
        plain = backbone.predict(images, verbose=0)
        other = plain[:, ::-1] if once else backbone.predict(change(images), verbose=0)
        return np.concatenate([plain, other]), labels(given)

    return with_mirrored


def _in_turns(backbone, images, labels):
    pairs = np.stack([images, images[:, :, ::-1]], axis=1).reshape(-1, *images.shape[1:])
    return backbone.predict(pairs, verbose=0), np.repeat(labels, 2)


def _both_splits(change=lambda pair: pair, seed=0, first="pictures", second="things", kind=None):
    """The solution of 07.4, or one of the ways to get it wrong."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupShuffleSplit, KFold, ShuffleSplit
    from sklearn.pipeline import make_pipeline

    from tlcourse import FloorScaler

    def both_splits(features, labels, thing):
        def accuracy(way):
            pictures = ShuffleSplit(5, test_size=0.25, random_state=seed)
            groups = GroupShuffleSplit(5, test_size=0.25, random_state=seed)
            splits = {
                "pictures": lambda: pictures.split(features),
                "things": lambda: groups.split(features, groups=thing),
                "classes": lambda: groups.split(features, groups=labels),
                "in order": lambda: KFold(4).split(features),
                "training": lambda: [(np.arange(len(labels)),) * 2],
            }[way]()
            probe = make_pipeline(FloorScaler(), LogisticRegression(C=0.01, max_iter=2000))
            return np.mean(
                [probe.fit(features[a], labels[a]).score(features[b], labels[b]) for a, b in splits]
            )

        return change([accuracy(first), accuracy(second)])

    return both_splits


def _of_the_notebook(*given):
    """07.4 with the notebook's own arrays in the place of those that the function gets."""
    return _both_splits()(*bursts())


RIGHT = {
    "07.1": lambda: {
        "one after the other": _both(),
        "in turns": _in_turns,
        "a list": lambda *given: [part.tolist() for part in _both()(*given)],
    },
    "07.2": lambda: {
        "numpy": _most_similar,
        "a list": lambda *given: _most_similar(*given).tolist(),
        "scikit-learn": _by_sklearn,
        "without the query's length": lambda q, f, n: np.argsort(
            -(f @ q) / np.linalg.norm(f, axis=1)
        )[:n],
    },
    "07.3": lambda: {
        "stage 2 first": two_parts(),
        "stage 4 first": two_parts(("stage4", "stage2")),
        "the features are stage 4's averages": _with_features(),
    },
    "07.4": lambda: {
        "a list": _both_splits(),
        "another seed": _both_splits(tuple, seed=7),
        "an array": _both_splits(lambda pair: np.array(pair, "float32"), seed=3),
        "a column": _both_splits(lambda pair: np.array(pair)[:, None], seed=5),
    },
}

WRONG = {
    "07.1": lambda: {
        "features turned round": (_both(once=True), "rows of *features*"),
        "upside down": (_both(lambda images: images[:, ::-1]), "on their heads"),
        "in another order": (_both(lambda images: images[::-1]), "nothing has been mirrored"),
        "the same twice": (_both(lambda images: images), "nothing has been mirrored"),
        "colors": (_both(lambda images: 255 - images), "look at both"),
        "the mirrored ones alone": (
            lambda net, images, y: (net.predict(images[:, :, ::-1]), y),
            "twice as many",
        ),
        "labels in turns": (_both(labels=lambda y: np.repeat(y, 2)), "other rows"),
        "labels once": (_both(labels=lambda y: y), "shape (10)"),
        "no labels": (lambda net, images, y: net.predict(images), "two things"),
        "its result": (np.zeros((10, 4)), "function itself"),
    },
    "07.2": lambda: {
        "products": (lambda q, f, n: np.argsort(-(f @ q))[:n], "Divide by the lengths"),
        "distances": (
            lambda q, f, n: np.argsort(np.linalg.norm(f - q, axis=1))[:n],
            "goes by distance",
        ),
        "least similar": (lambda q, f, n: np.argsort(cosine(q, f))[:n], "least similar"),
        "from behind": (lambda q, f, n: np.argsort(cosine(q, f))[-n:], "first"),
        "similarities": (lambda q, f, n: np.sort(cosine(q, f))[::-1][:n], "positions"),
        "all rows": (lambda q, f, n: np.argsort(-cosine(q, f)), "not the first 3"),
        "no return": (lambda q, f, n: f.sort(), "`return`"),
        "with the opposite": (lambda q, f, n: np.argsort(-np.abs(cosine(q, f)))[:n], "`abs`"),
        "counted from 1": (lambda q, f, n: _most_similar(q, f, n) + 1, "from 0"),
        "without the first": (lambda q, f, n: _most_similar(q, f, n + 1)[1:], "left out"),
        "always five": (lambda q, f, n: _most_similar(q, f, 5), "`count` is 3"),
        "the rows": (lambda q, f, n: f[_most_similar(q, f, n)], "rows themselves"),
        "its result": (np.array([4, 1, 5]), "without ()"),
    },
    "07.3": lambda: {
        "one part": (two_parts(("stage4",)), "256 numbers"),
        "another part": (two_parts(("stage3", "stage4")), "384 numbers"),
        "maps": (two_parts(("stage2",), pool=None), "maps"),
        "the highest": (two_parts(pool="GlobalMaxPooling2D"), "highest"),
        "random weights": (two_parts(weights=None), "values are not"),
        "the numbers": (expected_parts()[1], "Keras model"),
    },
    "07.4": lambda: {
        "percent": (_both_splits(lambda pair: [100 * x for x in pair]), "as fractions"),
        "the other way round": (_both_splits(lambda pair: pair[::-1]), "comes first"),
        "the same split twice": (_both_splits(second="pictures"), "any picture"),
        "things kept together in both": (_both_splits(first="things"), "any picture"),
        "classes kept apart": (_both_splits(second="classes"), "classes"),
        "on the training pictures": (
            _both_splits(first="training", second="training"),
            "pictures of the training",
        ),
        "the difference": (_both_splits(lambda pair: pair[0] - pair[1]), "single number"),
        "not shuffled": (_both_splits(first="in order"), "sorted by class"),
        "likely numbers, made up": (lambda *given: (0.96, 0.72), "that the function gets"),
        "the notebook's own arrays": (_of_the_notebook, "that the function gets"),
        "its result": ((0.96, 0.72), "function itself"),
    },
}
