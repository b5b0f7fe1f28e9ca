"""Names of layers: one rule for one layer, and for where a part of a network begins."""

import re

import keras
import pytest
from keras import layers

from tlcourse.networks.layers import find_path, find_start
from tlcourse.networks.photonet import photonet


@pytest.fixture(scope="module")
def backbone():
    return photonet(image_size=32, widths=(8, 16))


@pytest.fixture(scope="module")
def nested(backbone):
    image = keras.Input((32, 32, 3))
    return keras.Model(image, layers.Dense(2, name="head")(backbone(image)), name="classifier")


@pytest.fixture(scope="module")
def twins():
    """Two photonets, and beside them a layer whose name is that of a stage."""
    image = keras.Input((32, 32, 3))
    both = [photonet(image_size=32, widths=(8,), name=name)(image) for name in ("left", "right")]
    return keras.Model(image, layers.Concatenate(name="stem")(both), name="twins")


def test_a_stage_is_a_layer_and_where_its_layers_begin(backbone, nested):
    assert find_path(backbone, "stage2") == "stage2"
    assert find_start(backbone, "stage2") == "stage2_1_conv"
    assert find_path(nested, "stage2") == "photonet/stage2"
    assert find_start(nested, "stage2") == "photonet/stage2_1_conv"
    assert find_start(nested, "photonet/stage2") == "photonet/stage2_1_conv"
    assert find_start(nested, "stage1") == "photonet/stage1_1_conv"


@pytest.mark.parametrize("name", ["stage2_2_norm", "photonet/stage2_2_norm", "head", "photonet"])
def test_a_name_that_begins_no_other_is_the_layer_itself(nested, name):
    path = find_path(nested, name)
    assert path.endswith(name)
    assert find_start(nested, name) == path


@pytest.mark.parametrize("name", ["stage", "stage2_", "age2", "2", "other/stage2", ""])
@pytest.mark.parametrize("find", [find_path, find_start])
def test_part_of_a_name_is_no_name(nested, find, name):
    with pytest.raises(ValueError, match=f"classifier has no layer '{name}'"):
        find(nested, name)


@pytest.mark.parametrize(
    ("find", "first"), [(find_path, "left/stage1"), (find_start, "left/stage1_1_conv")]
)
def test_what_is_in_several_models_is_refused_by_both(twins, find, first):
    second = first.replace("left", "right")
    message = f"twins has several layers 'stage1': choose one of ['{first}', '{second}']."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find(twins, "stage1")
    assert find(twins, second) == second


@pytest.mark.parametrize("find", [find_path, find_start])
def test_a_full_path_is_clear_whatever_is_nested(twins, find):
    assert find(twins, "stem") == "stem"  # and not one of left/stem, right/stem


@pytest.mark.parametrize("find", [find_path, find_start])
def test_near_names_are_given(nested, find):
    with pytest.raises(ValueError, match=r"no layer 'Haed'\. Did you mean 'head'\? `tlcourse\.li"):
        find(nested, "Haed")
    message = "classifier has no layer 'xyzzy'. `tlcourse.list_layers(model)` gives them all."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find(nested, "xyzzy")
