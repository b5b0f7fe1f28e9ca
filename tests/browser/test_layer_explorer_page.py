"""Demo 1 in a real browser."""

import statistics

import numpy as np
import pytest
from PIL import Image

NOTEBOOK = "demos/01_layer_explorer.ipynb"
MEAN, CAM = "Activation of", "Grad-CAM at"
GENEROUS_SECONDS = 3.0  # half a dozen other programs may share the two cores


@pytest.fixture
def explorer(lab, demo):
    return demo.run_in_lab(lab, NOTEBOOK)


def use(demo):
    """Every control once, by keyboard or mouse; each brings other pictures."""
    with demo.changes(MEAN), demo.changes(CAM):
        demo.step("Layer", "ArrowLeft")
    with demo.changes("What goes in"):
        demo.pick("Picture", "rocket")
    with demo.changes("What goes in"), demo.changes(CAM):
        demo.step("Picture", "ArrowDown")
    with demo.changes(CAM):
        demo.step("Evidence for", "ArrowDown")


def test_a_class_explores_the_layers(explorer, tmp_path):
    explorer.screenshot("layer_explorer")
    use(explorer)
    with explorer.changes("What goes in"), explorer.changes(CAM):
        explorer.pick("Picture", "flower")
    red = tmp_path / "my red.png"
    Image.new("RGBA", (300, 200), (200, 0, 0, 128)).save(red)
    with explorer.changes("What goes in"):
        explorer.upload("Your own picture", red)
    explorer.expect_message("my red.png: its middle square")
    use(explorer)  # it goes on


def test_large_and_bad_files(explorer, tmp_path):
    large = tmp_path / "large.png"  # in one message, over 10 MB would cut the page off
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(large, compress_level=0)
    assert large.stat().st_size > 12_000_000
    with explorer.changes("What goes in"):
        explorer.upload("Your own picture", large)
    explorer.expect_message("large.png: its middle square")
    huge = tmp_path / "huge.jpg"
    with open(huge, "wb") as file:
        file.truncate(100_000_001)
    explorer.upload("Your own picture", huge)
    explorer.expect_message("huge.jpg has more than 100 MB; save it smaller.")
    words = tmp_path / "words.jpg"
    words.write_text("no picture")
    explorer.upload("Your own picture", words)
    explorer.expect_message("words.jpg is not an image, or damaged")
    explorer.screenshot("layer_explorer_bad_file")
    use(explorer)  # it goes on


def test_a_change_of_layer_shows_at_once(explorer):
    with explorer.changes(MEAN):
        explorer.pick("Picture", "motorcycle")
    keys = 4 * ["ArrowLeft"] + 8 * ["ArrowRight"]  # from the middle to both ends
    seconds = [explorer.seconds_until_change(MEAN, "Layer", key) for key in keys]
    print(f"median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s")
    assert statistics.median(seconds) < GENEROUS_SECONDS


def test_voila_serves_it(voila, demo):
    demo.run_in_voila(voila, NOTEBOOK)
    use(demo)
    demo.screenshot("layer_explorer_voila")
