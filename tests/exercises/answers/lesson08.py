"""Answers to the exercises of lesson 8: what its checks must accept, and what not."""

import numpy as np

from tests.exercises.answers.common import letter, other_letters


def _choose_by(split: str, give=lambda name, scores: name):
    def choose_backbone(candidates, task):
        from tlcourse import extract_features, linear_probe

        scores = {}
        for name, backbone in candidates.items():
            probe = linear_probe(extract_features(backbone, task.train.images), task.train.labels)
            images, labels = getattr(task, split)
            scores[name] = probe.score(extract_features(backbone, images), labels)
        return give(max(scores, key=scores.get), scores)

    return choose_backbone


def _by_neighbors(candidates, task):
    from sklearn.neighbors import KNeighborsClassifier

    def score(backbone):
        fit = KNeighborsClassifier(5).fit(
            backbone.predict(task.train.images, verbose=0), task.train.labels
        )
        seen = backbone.predict(task.validation.images, verbose=0)
        return fit.score(seen, task.validation.labels)

    return max(candidates, key=lambda name: score(candidates[name]))


def _some_draws(seed: int, mean: float = 0.06, spread: float = 0.05) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=20)
    return mean + spread * (noise - noise.mean()) / noise.std()


RIGHT = {
    "08.1": lambda: letter("b"),
    "08.2": lambda: {
        "exact": 294_912 / 33_920,
        "rounded": 8.69,
        "a NumPy number": np.float32(8.694),
        "an array of one": np.array([8.7]),
    },
    "08.3": lambda: {
        "a pair": (14_717_766, 3_078),
        "a list of floats": [14_717_766.0, 3_078.0],
        "an array": np.array([14_717_766, 3_078]),
    },
    "08.4": lambda: {
        "a probe": _choose_by("validation"),
        "nearest neighbors": _by_neighbors,
    },
    "08.5": lambda: {
        "a list": list(_some_draws(0)),
        "another seed, an array": _some_draws(1, 0.04, 0.062).astype("float32"),
        "a column": _some_draws(2, 0.08, 0.04)[:, None],
    },
    "08.6": lambda: {
        "a set": {"license", "learned from", "input"},
        "a list, in another order": ["Input", "learned from", "LICENSE"],
    },
}

WRONG = {
    "08.1": lambda: other_letters("08.1", "b"),
    "08.2": lambda: {
        "the 1×1 part alone": (9, "3×3 part"),
        "the 3×3 part alone": (256, "mix the channels"),
        "upside down": (0.115, "other way round"),
        "with biases": (8.604, "biases"),
        "the usual one": (294_912, "Divide by"),
        "the split one": (33_920, "Divide by them"),
        "text": ("8.69", "without quotes"),
    },
    "08.3": lambda: {
        "with its head": ((138_357_544, 3_078), "a thousand classes"),
        "the body alone": ((14_714_688, 3_078), "comes on top"),
        "a head on all places": ((14_865_222, 150_534), "average"),
        "the other way round": ((3_078, 14_717_766), "other way round"),
        "all learn": ((14_717_766, 14_717_766), "body frozen"),
        "no biases": ((14_717_766, 3_072), "bias"),
        "another network": ((23_599_878, 12_294), "not what is left"),
        "too many learn": ((14_717_766, 512), "Only the new head"),
        "one number": (14_717_766, "single number"),
    },
    "08.4": lambda: {
        "by the test pictures": (_choose_by("test"), "test"),
        "by the training pictures": (_choose_by("train"), "by heart"),
        "the score": (_choose_by("validation", lambda name, scores: scores[name]), "name"),
        "the first": (lambda candidates, task: next(iter(candidates)), "trial task"),
        "no return": (lambda candidates, task: candidates.clear(), "`return`"),
        "the name": ("photonet", "function itself"),
    },
    "08.5": lambda: {
        "percent": (100 * _some_draws(0), "fractions"),
        "one seed": (np.full(20, 0.06), "same seed"),
        "the other way round": (-_some_draws(0), "other way round"),
        "accuracies": (0.55 + _some_draws(0), "Subtract"),
        "the mean": (0.06, "single number"),
        "both accuracies": (np.full((20, 2), 0.5), "shape (20)"),
        "the same backbone twice": (_some_draws(0, 0.0, 0.01), "standard deviation"),
        "another backbone": (_some_draws(0, 0.16, 0.05), "same draw"),
    },
    "08.6": lambda: {
        "the accuracy, too": ({"license", "learned from", "input", "accuracy"}, "your own"),
        "the size, too": ({"license", "learned from", "input", "size"}, "22 million"),
        "the speed": ({"speed", "input", "license"}, "100"),
        "faces": ({"faces"}, "birds"),
        "one is missing": ({"license", "input"}, "1 more belongs"),
        "no such line": ({"license", "learned from", "price"}, "price"),
        "one text": ("license, input", "in quotes of its own"),
    },
}
