"""Similarity: do two layers see the same, and which pictures look alike to a network?"""

from collections.abc import Mapping

import numpy as np


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """How alike two representations of the same pictures are: linear CKA.

    S. Kornblith, M. Norouzi, H. Lee and G. Hinton, "Similarity of Neural Network Representations
    Revisited", ICML 2019, arXiv:1905.00414, section 3. 1: the same up to a rotation and a factor;
    0: nothing in common. With few pictures and many features the value is too high (T. Nguyen, M.
    Raghu and S. Kornblith, 2021, arXiv:2010.15327), so compare values of equally many pictures.

    Args:
        first: (n, …) activations of n pictures; all but the first axis are taken together.
        second: (n, …) activations of the same pictures, of any other layer.

    Returns:
        A number in [0, 1].

    Raises:
        ValueError: the numbers of pictures differ or are below 3, a value is not finite, or one
            representation is the same for all pictures.
    """
    return float(cka_matrix({"first": first}, {"second": second})[0, 0])


def cka_matrix(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> np.ndarray:
    """Linear CKA of every layer of one model with every layer of another.

    Args:
        first: layer → (n, …) activations, as `get_activations` gives them.
        second: the same of another model, for the same pictures.

    Returns:
        float64 (layers of first, layers of second).

    Raises:
        ValueError: as for `linear_cka`.
    """
    counts = {len(x) for x in (*first.values(), *second.values())}
    if len(counts) != 1 or min(counts) < 3:
        raise ValueError(
            "CKA compares what two layers give for the same pictures, at least 3 of them; these "
            f"are activations of {' and '.join(map(str, sorted(counts)))} pictures."
        )
    grams = [{name: _gram(name, x) for name, x in side.items()} for side in (first, second)]
    return np.array([[np.sum(a * b) for b in grams[1].values()] for a in grams[0].values()])


def _gram(name: str, activations: np.ndarray) -> np.ndarray:
    """Centered Gram matrix (n, n) of length 1, whose products are CKA (HSIC, equation 3)."""
    flat = np.asarray(activations, "float64").reshape(len(activations), -1)
    if not np.isfinite(flat).all():
        raise ValueError(f"The activations of {name!r} hold NaN or infinity.")
    scale = np.abs(flat).max()
    flat = flat - flat.mean(axis=0)
    gram = flat @ flat.T
    length = np.linalg.norm(gram)
    if length <= 1e-12 * scale**2:  # rounding errors are all that is left
        raise ValueError(
            f"The activations of {name!r} are the same for all pictures: nothing to compare."
        )
    return gram / length


def embed(features: np.ndarray, method: str = "pca", *, seed: int = 0) -> np.ndarray:
    """Features as points in the plane, for a picture of them.

    `"pca"` is a projection: distances shrink, never grow. `"tsne"` (L. van der Maaten and G.
    Hinton, JMLR 9, 2008) keeps neighbors together; distances between groups mean nothing in it.

    Args:
        features: (n, …), n at least 3.
        method: `"pca"` or `"tsne"`.
        seed: of t-SNE.

    Returns:
        float64 (n, 2).

    Raises:
        ValueError: there is no such method, or there are too few features.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    flat = np.asarray(features, "float64").reshape(len(features), -1)
    if method not in ("pca", "tsne"):
        raise ValueError(f"method must be 'pca' or 'tsne', not {method!r}.")
    if min(flat.shape) < 2 or len(flat) < 3:
        raise ValueError(f"Expected at least 3 pictures of 2 features, not {flat.shape}.")
    if method == "pca":
        return PCA(2, svd_solver="full").fit_transform(flat)
    if flat.shape[1] > 50:  # as the paper does, p. 2588: it removes noise and saves time
        flat = PCA(min(50, *flat.shape), svd_solver="full").fit_transform(flat)
    perplexity = min(30.0, (len(flat) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(flat)


def nearest_neighbors(
    features: np.ndarray, query: np.ndarray, k: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures whose features point in the most similar direction (cosine).

    Args:
        features: (n, d) of the pictures to search.
        query: (q, d) of the pictures to look up. One that is among the searched finds itself.
        k: neighbors of each, from 1 to n.

    Returns:
        int (q, k): indices into `features`, nearest first; float (q, k): cosine similarities.

    Raises:
        ValueError: the shapes do not match, or `k` is out of range.
    """
    from sklearn.neighbors import NearestNeighbors

    features, query = np.asarray(features), np.asarray(query)
    if features.ndim != 2 or query.ndim != 2 or features.shape[1] != query.shape[1]:
        raise ValueError(
            f"Expected features (n, d) and query (q, d), not {features.shape} and {query.shape}. "
            "One query needs a batch around it: query[None]."
        )
    if not 1 <= k <= len(features):
        raise ValueError(f"k must lie in 1 … {len(features)}, not {k}.")
    search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(features)
    distances, indices = search.kneighbors(query)
    return indices, 1 - distances
