"""Pictures as numbers, beside the names of their classes."""

import hashlib
import re

import numpy as np
import pytest

from tlcourse import class_names
from tlcourse.data import load_named_features
from tlcourse.errors import InputError
from tlcourse.files.assets import bundled


@pytest.mark.parametrize(
    ("network", "width", "kept_out"), [("photonet", 256, 0), ("rung", 128, 20)]
)
def test_the_features_are_whole(network, width, kept_out):
    found = load_named_features(network)
    assert found.means.shape == (180, width)
    assert found.pictures.shape == (180, 6, width)
    assert found.kept_out.sum() == kept_out
    assert found.means.dtype == found.pictures.dtype == np.float32
    assert np.isfinite(found.means).all()


def test_the_classes_are_those_of_photonets_head_each_with_a_description_of_its_own():
    found = load_named_features()
    assert found.names == class_names("photonet")
    assert len(set(found.descriptions)) == 180
    told = [
        name
        for name, words in zip(found.names, found.descriptions, strict=True)
        if re.search(rf"\b{re.escape(name.lower())}\b", words.lower())
    ]
    assert not told, "a description that holds the name adds nothing to it"


def test_a_photograph_lies_nearest_to_the_mean_of_its_own_class_more_often_than_by_guessing():
    found = load_named_features()
    flat = found.pictures.reshape(-1, 256)
    distance = ((flat[:, None] - found.means[None]) ** 2).sum(axis=2)
    right = np.mean(distance.argmin(axis=1) == np.repeat(np.arange(180), 6))
    assert right > 50 / 180


def test_the_files_are_those_of_the_card():
    card = bundled("words_and_pictures/README.md")
    for name in ("features.npz", "classes.tsv"):
        digest = hashlib.sha256(card.with_name(name).read_bytes()).hexdigest()
        assert f"| `{name}` | `{digest}` |" in card.read_text("utf-8")


def test_an_unknown_network_is_refused_by_name():
    with pytest.raises(InputError, match="photonet"):
        load_named_features("photonets")
