"""Pictures of what is inside: the data that is drawn, not its pixels on the screen."""

import matplotlib
import numpy as np
import pytest

from tlcourse import plots


def sheet(ax):
    return np.asarray(ax.images[0].get_array())


def titles(ax):
    return [text.get_text() for text in ax.texts]


def test_activation_grid_scales_each_channel_alone():
    activation = np.zeros((2, 2, 3))
    activation[0, 1, 0], activation[1, 0, 2] = 5, 0.1
    ax = plots.activation_grid(activation)
    assert titles(ax) == ["0", "1", "2"]
    drawn = sheet(ax)
    low, high = (matplotlib.colormaps["viridis"](v)[:3] for v in (0.0, 1.0))
    lift = drawn.shape[0] - 96 - 4
    np.testing.assert_allclose(drawn[lift + 10, 90], high)  # channel 0: top right
    np.testing.assert_allclose(drawn[lift + 10, 10], low)
    np.testing.assert_allclose(drawn[lift + 10, 110], low)  # channel 1: nothing fires
    np.testing.assert_allclose(drawn[lift + 90, 210], high)  # channel 2: bottom left
    with pytest.raises(ValueError, match=r"must lie in 0 … 2, not \[3\]"):
        plots.activation_grid(activation, [3])
    with pytest.raises(ValueError, match=r"give one: activations\[0\]"):
        plots.activation_grid(activation[None])


def test_filters_are_gray_at_zero():
    kernel = np.zeros((3, 3, 3, 2))
    kernel[0, 0, 0, 0], kernel[2, 2, :, 1] = 2, -1
    drawn = sheet(plots.filters(kernel))
    np.testing.assert_allclose(drawn[5, 5], [1, 0.5, 0.5])  # red above zero
    np.testing.assert_allclose(drawn[50, 50], [0.5] * 3)
    np.testing.assert_allclose(drawn[90, 100 + 90], [0] * 3)
    with pytest.raises(ValueError, match="first layer"):
        plots.filters(np.zeros((3, 3, 8, 2)))


def test_heat_maps_color_what_is_hot_and_nothing_else():
    picture = np.full((1, 4, 4, 3), 255, np.uint8)
    heat = np.zeros((1, 4, 4))
    heat[0, 1, 2], heat[0, 3, 3] = 8, -8
    ax = plots.heat_maps(picture, heat, ["one"])
    assert titles(ax) == ["one"]
    drawn = sheet(ax)
    zoom = 12  # eight columns, picture and map, become 96 pixels
    lift = drawn.shape[0] - 4 * zoom - 4
    right = 4 * zoom
    hot = matplotlib.colormaps["inferno"](1.0)[:3]
    np.testing.assert_allclose(
        drawn[lift + zoom + 1, right + 2 * zoom + 1], 0.25 + 0.75 * np.array(hot), atol=1e-6
    )
    np.testing.assert_allclose(drawn[lift + 3 * zoom + 1, right + 3 * zoom + 1], [1] * 3)
    np.testing.assert_allclose(drawn[lift + zoom + 1, 2 * zoom + 1], [1] * 3)
    assert np.isfinite(sheet(plots.heat_maps(picture, np.zeros((1, 4, 4))))).all()
    with pytest.raises(ValueError, match=r"give picture\[None\] and map\[None\]"):
        plots.heat_maps(picture[0], heat[0])
    with pytest.raises(ValueError, match="2 titles for 1 tiles"):
        plots.heat_maps(picture, heat, ["a", "b"])


def test_embedding_draws_a_class_a_style():
    points, labels = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 2, 2])
    ax = plots.embedding(points, labels, ["a", "b", "c"])
    np.testing.assert_array_equal(ax.collections[1].get_offsets(), points[[1, 3]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]
    assert len({tuple(c.get_facecolor()[0]) for c in ax.collections}) == 3
    with pytest.raises(ValueError, match=r"points \(n, 2\)"):
        plots.embedding(points, labels[:3], ["a", "b", "c"])


def test_matrix_writes_its_numbers():
    matrix = np.array([[1.0, 0.25, 0.5], [0.125, 0.75, 0.0]])
    ax = plots.matrix(matrix, ["r1", "r2"], ["a", "b", "c"], xlabel="x", ylabel="y")
    np.testing.assert_array_equal(sheet(ax), matrix)
    assert titles(ax) == ["1.00", "0.25", "0.50", "0.12", "0.75", "0.00"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["r1", "r2"]
    with pytest.raises(ValueError, match=r"values must be \(2, 2\), not \(2, 3\)"):
        plots.matrix(matrix, ["r1", "r2"], ["a", "b"])


def test_a_plot_goes_where_it_is_told():
    _, axes = plots.figure(columns=2)
    assert plots.filters(np.ones((3, 3, 1, 2)), ax=axes[0]) is axes[0]
    assert plots.matrix(np.eye(2), "ab", "ab", ax=axes[1]) is axes[1]
