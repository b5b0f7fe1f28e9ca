"""Multiplications of a network: counted by hand for small ones, and those of the catalog."""

import keras
import pytest
from keras import layers

from tlcourse import list_backbones, load_backbone
from tlcourse.networks.cost import multiplications


def network(*parts, side=8):
    return keras.Sequential([keras.Input((side, side, 3)), *parts])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([layers.Conv2D(5, 3, padding="same")], 8 * 8 * 3 * 3 * 3 * 5),
        ([layers.Conv2D(5, 3, 2, padding="same", use_bias=False)], 4 * 4 * 3 * 3 * 3 * 5),
        ([layers.Conv2D(6, 1, groups=3)], 8 * 8 * 1 * 6),
        ([layers.DepthwiseConv2D(3, padding="same")], 8 * 8 * 3 * 3 * 3),
        ([layers.SeparableConv2D(7, 3, padding="same")], 8 * 8 * (3 * 3 * 3 + 3 * 7)),
        ([layers.GlobalAveragePooling2D(), layers.Dense(4)], 3 * 4),
        ([layers.Dense(4)], 8 * 8 * 3 * 4),  # at each place, as in ConvNeXt
        ([layers.BatchNormalization(), layers.ReLU()], 0),
        ([network(layers.Conv2D(2, 1)), layers.Conv2D(1, 1)], 8 * 8 * (3 * 2 + 2)),
    ],
)
def test_small_networks_have_the_multiplications_counted_by_hand(parts, expected):
    assert multiplications(network(*parts)) == expected


def test_a_network_for_any_size_of_picture_is_refused_with_what_to_do():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, layers.Conv2D(2, 3, name="first")(image))
    with pytest.raises(ValueError, match=r"'first'.*Build it for one size"):
        multiplications(model)


@pytest.mark.parametrize("name", ["photonet", "MobileNetV2", "MobileNetV3Small"])
def test_the_catalog_has_what_is_counted(name):
    row = next(row for row in list_backbones() if row.name == name)
    body = load_backbone(name, weights=None)
    assert round(body.count_params() / 1e6, 1) == row.million_body
    assert multiplications(body) / 1e9 == pytest.approx(row.giga_multiplications, rel=0.05)


def test_each_network_of_keras_has_a_body_smaller_than_the_whole_and_a_source():
    for row in list_backbones():
        assert row.million_body <= row.million_parameters, row.name
        assert row.giga_multiplications > 0, row.name
        assert row.source or row.name == "alexnet", row.name
