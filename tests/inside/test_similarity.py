"""Similarity: CKA worked out by hand, embeddings, neighbors."""

import numpy as np
import pytest

from tlcourse import linear_cka
from tlcourse.inside.similarity import cka_matrix, embed, nearest_neighbors

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 6))


def test_cka_by_hand():
    # Centered: (-1, 0, 1) and (0, 1, -1). Their product is -1, its square 1; lengths 2 and 2.
    assert linear_cka(np.array([[1.0], [2], [3]]), np.array([[1.0], [2], [0]])) == pytest.approx(
        0.25, abs=1e-12
    )
    # Centered (-1, 0, 1) and (1, -2, 1) are orthogonal.
    assert linear_cka(np.array([[1.0], [2], [3]]), np.array([[3.0], [0], [3]])) == pytest.approx(
        0, abs=1e-12
    )


def test_cka_is_that_of_the_papers_formula():
    y = np.tanh(X @ RNG.normal(size=(6, 9)))
    a, b = X - X.mean(0), y - y.mean(0)
    norm = np.linalg.norm
    expected = norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b))
    assert linear_cka(X, y) == pytest.approx(expected, abs=1e-12)
    assert 0 < expected < 1


def test_cka_does_not_see_rotations_factors_and_shifts():
    rotation, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    assert linear_cka(X, 3 * X @ rotation + 5) == pytest.approx(1, abs=1e-12)
    assert linear_cka(X, X * [1, 2, 3, 4, 5, 6]) < 0.95


def test_cka_matrix_flattens_feature_maps():
    maps = RNG.normal(size=(20, 2, 3, 4)).astype("float32")
    first, second = {"a": X, "maps": maps}, {"b": X[:, :3], "c": maps, "d": X}
    matrix = cka_matrix(first, second)
    assert matrix.shape == (2, 3)
    assert matrix[1, 1] == pytest.approx(1, abs=1e-6)
    assert matrix[1, 2] == pytest.approx(linear_cka(maps.reshape(20, -1), X))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (X, X[:19], "activations of 19 and 20 pictures"),
        (X[:2], X[:2], "at least 3 of them"),
        (X, np.full((20, 3), 1.1), "'second' are the same for all pictures"),
        (np.full((20, 1), np.nan), X, "'first' hold NaN"),
    ],
)
def test_cka_errors(first, second, message):
    with pytest.raises(ValueError, match=message):
        linear_cka(first, second)


def test_pca_keeps_the_distances_of_flat_data():
    flat = RNG.normal(size=(10, 2)) @ RNG.normal(size=(2, 7))
    points = embed(flat)
    gaps = [np.linalg.norm(v[:, None] - v[None], axis=-1) for v in (flat, points)]
    np.testing.assert_allclose(*gaps, atol=1e-9)


def test_tsne_keeps_groups_together():
    groups = np.repeat([0, 1, 2], 15)
    features = 20 * np.eye(60)[groups] + RNG.normal(size=(45, 60))
    points = embed(features, "tsne", seed=3)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e9 * np.eye(45)
    assert (groups[gaps.argmin(1)] == groups).all()
    np.testing.assert_array_equal(points, embed(features, "tsne", seed=3))
    with pytest.raises(ValueError, match="must be 'pca' or 'tsne'"):
        embed(features, "umap")
    with pytest.raises(ValueError, match=r"at least 3 pictures of 2 features, not \(2, 60\)"):
        embed(features[:2])


def test_nearest_neighbors_by_direction():
    features = np.array([[1.0, 0], [5, 5], [0, 2], [-1, 0]])
    indices, similarities = nearest_neighbors(features, np.array([[3.0, 1], [0, -1]]), 2)
    np.testing.assert_array_equal(indices[0], [0, 1])
    np.testing.assert_allclose(similarities[0], [3 / 10**0.5, 4 / 20**0.5])
    assert indices[1, 0] in (0, 3)
    np.testing.assert_allclose(similarities[1], [0, 0], atol=1e-12)
    with pytest.raises(ValueError, match=r"query\[None\]"):
        nearest_neighbors(features, features[0])
    with pytest.raises(ValueError, match=r"k must lie in 1 … 4, not 5"):
        nearest_neighbors(features, features, 5)
