"""Plots: the data that they draw, and the caption and alt text that every figure has."""

import io
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from tlcourse import plots

CURVES = {
    "frozen": np.array([[0.5, 0.7], [0.8, 0.9]]),
    "from scratch": np.array([[0.2, 0.3], [0.4, 0.8]]),
    "another": np.array([[0.1, 0.1], [0.2, 0.2]]),
}


def test_figure():
    fig, ax = plots.figure(5, 2)
    assert fig.get_size_inches().tolist() == [5, 2]
    assert fig.dpi == 100
    assert ax in fig.axes
    _, axes = plots.figure(rows=2, columns=3, sharey=True)
    assert axes.shape == (2, 3)


def test_no_global_state_is_touched():
    import matplotlib

    before = dict(matplotlib.rcParams)
    plots.learning_curves([1, 2], CURVES)
    assert dict(matplotlib.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_learning_curves_draw_the_mean_and_the_spread():
    ax = plots.learning_curves([5, 100], CURVES, chance=0.25)
    lines = {line.get_label(): line for line in ax.lines}
    for label, means in (("frozen", [0.6, 0.85]), ("from scratch", [0.25, 0.6])):
        assert lines[label].get_xdata().tolist() == [0, 1]
        assert lines[label].get_ydata() == pytest.approx(means)
        assert to_hex(lines[label].get_color()) == plots.COLORS[label].lower()
        assert lines[label].get_marker() == plots.MARKERS[label]
    other = to_hex(lines["another"].get_color())
    assert other not in {color.lower() for color in plots.COLORS.values()}
    band = ax.collections[0].get_paths()[0].vertices
    assert sorted({(x, round(y, 6)) for x, y in band}) == [(0, 0.5), (0, 0.7), (1, 0.8), (1, 0.9)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["5", "100"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "0%",
        "20%",
        "40%",
        "60%",
        "80%",
        "100%",
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(CURVES)
    assert ax.get_xlabel() == "labeled images a class"
    assert ax.get_ylabel() == "test accuracy"
    (dotted,) = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted.get_ydata() == [0.25, 0.25]
    assert [text.get_text() for text in ax.texts] == ["guessing"]


def test_learning_curves_on_given_axes():
    _, ax = plots.figure()
    assert plots.learning_curves([1, 2], CURVES, xlabel="layers kept", ax=ax) is ax
    assert ax.get_xlabel() == "layers kept"
    assert list(ax.texts) == []  # no chance, no word on it


@pytest.mark.parametrize("values", [[[0.5, 0.5]], [0.5, 0.6], [[[0.1]], [[0.2]]]])
def test_learning_curves_of_the_wrong_shape(values):
    with pytest.raises(ValueError, match=r"accuracies\['frozen'\] must be \(2, repetitions\), not"):
        plots.learning_curves([5, 10], {"frozen": values})


def test_bars():
    accuracies = {"frozen": [[0.5, 0.7], [0.8, 0.8]], "from scratch": [[0.2, 0.4], [0.1, 0.5]]}
    ax = plots.bars(["digits", "faces"], accuracies, chance=[0.1, 0.5])
    frozen, scratch = ax.containers[1], ax.containers[3]
    if not hasattr(frozen, "patches"):  # which comes first, the bars or their error lines
        frozen, scratch = ax.containers[0], ax.containers[2]
    assert [bar.get_height() for bar in frozen] == pytest.approx([0.6, 0.8])
    assert [bar.get_height() for bar in scratch] == pytest.approx([0.3, 0.3])
    assert {to_hex(bar.get_facecolor()) for bar in frozen} == {plots.COLORS["frozen"].lower()}
    # Side by side around the place of their task, and not on top of each other.
    centers = [[bar.get_x() + bar.get_width() / 2 for bar in bars] for bars in (frozen, scratch)]
    assert centers == [pytest.approx([-0.2, 0.8]), pytest.approx([0.2, 1.2])]
    assert all(bar.get_width() == pytest.approx(0.36) for bar in frozen)
    ends = frozen.errorbar.lines[2][0].get_segments()
    assert [segment[:, 1].tolist() for segment in ends] == [
        pytest.approx([0.5, 0.7]),
        pytest.approx([0.8, 0.8]),
    ]
    dotted = [c.get_segments()[0] for c in ax.collections if c.get_linestyle()[0][1] is not None]
    assert [segment[:, 1].tolist() for segment in dotted] == [[0.1, 0.1], [0.5, 0.5]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["digits", "faces"]


def test_bars_with_one_chance_or_none():
    one = {"frozen": [[0.5], [0.6]]}
    plain = len(plots.bars(["a", "b"], one).collections)
    assert len(plots.bars(["a", "b"], one, chance=0.5).collections) == plain + 2


def test_a_single_run_has_no_span():
    assert not plots.bars(["a", "b"], {"frozen": [[0.5], [0.6]]}).lines
    assert plots.bars(["a", "b"], {"frozen": [[0.5, 0.6], [0.6, 0.7]]}).lines


def test_a_long_history_has_few_marks():
    ax = plots.history({"short": [0.1, 0.4, 0.6], "long": np.linspace(0, 1, 60)})
    assert [line.get_markevery() for line in ax.lines] == [1, 4]
    assert len(ax.lines[1].get_ydata()) == 60


def test_history():
    ax = plots.history({"training": [0.1, 0.4, 0.6], "validation": [0.2, 0.3, 0.3]}, ylabel="loss")
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3]] * 2
    assert list(ax.lines[0].get_ydata()) == [0.1, 0.4, 0.6]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


def test_images_are_drawn_in_a_grid():
    pictures = np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
    fig = plots.images(pictures, titles=[f"number {i}" for i in range(5)], columns=3)
    assert len(fig.axes) == 6  # 2 rows of 3, the last one empty
    for i in range(5):
        assert np.array_equal(fig.axes[i].images[0].get_array(), pictures[i])
        assert fig.axes[i].get_title() == f"number {i}"
        assert not fig.axes[i].axison
    assert not fig.axes[5].images
    assert not fig.axes[5].axison
    assert len(plots.images(pictures[:2], columns=8).axes) == 2


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), r"not uint8 \(4, 4, 3\)\. For one picture, give picture\["),
        (np.zeros((1, 4, 4, 3)), r"must be uint8 .* not float64 \(1, 4, 4, 3\)"),
    ],
)
def test_images_of_the_wrong_kind(pictures, message):
    with pytest.raises(ValueError, match=message):
        plots.images(pictures)


def test_images_with_another_number_of_titles():
    with pytest.raises(ValueError, match="1 titles for 2 pictures"):
        plots.images(np.zeros((2, 4, 4, 3), np.uint8), titles=["one"])


@pytest.fixture
def shell():
    """IPython's shell, without which `display` only prints."""
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.usefixtures("shell")
def test_show_puts_out_a_png_with_alt_text_and_a_caption():
    from IPython.utils.capture import capture_output
    from PIL import Image

    fig, ax = plots.figure(3, 2)
    ax.plot([1, 2])
    with capture_output() as captured:
        plots.show(fig, caption="Up <it> goes.", alt="A line that rises.")
    picture, caption = captured.outputs
    png = picture.data["image/png"]
    assert picture.metadata["image/png"]["alt"] == "A line that rises."
    if isinstance(png, str):
        import base64

        png = base64.b64decode(png)
    with Image.open(io.BytesIO(png)) as opened:
        assert (opened.format, opened.size) == ("PNG", (300, 200))
        assert opened.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert "<i>Up &lt;it&gt; goes.</i>" in caption.data["text/html"]


def test_axes_stand_for_their_figure():
    fig, ax = plots.figure(3, 2)
    assert plots.png(ax) == plots.png(fig)


@pytest.mark.parametrize(("caption", "alt"), [("", "x"), ("x", ""), ("  ", "x"), ("x", "\n")])
def test_show_needs_both_texts(caption, alt):
    with pytest.raises(ValueError, match="needs a caption and an alt text"):
        plots.show(plots.figure()[0], caption=caption, alt=alt)


def test_a_method_keeps_the_color_that_it_has_in_an_earlier_figure():
    def colors(ax):
        return {bars.get_label(): to_hex(bars.patches[0].get_facecolor()) for bars in ax.containers}

    one = {"near": [[0.5]], "noise": [[0.4]], "random": [[0.3]]}
    first = colors(plots.bars(["a"], one))
    fewer = {"random": [[0.3]], "near": [[0.5]]}
    assert colors(plots.bars(["a"], fewer))["near"] == first["noise"]  # by place, as before
    again = colors(plots.bars(["a"], fewer, order=one))
    assert again == {"random": first["random"], "near": first["near"]}


def test_six_methods_have_six_colors():
    ax = plots.bars(["a"], {f"source {k}": np.array([[0.5]]) for k in range(6)})
    assert len({bars[0].get_facecolor() for bars in ax.containers}) == 6
