"""Which network `tlcourse retrain` takes, and what it says where a better one is not here."""

import numpy as np
import pytest

from tests.helpers.what_is_here import need, real_data
from tlcourse import cli
from tlcourse.errors import AssetError, InputError
from tlcourse.networks.needs import name_and_options
from tlcourse.retrain import backbone

FULL = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
SMALL = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


@pytest.fixture
def keras_home(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_auto_follows_what_is_here(keras_home):
    assert backbone.choose("auto")[:2] == ("photonet", 64)
    assert "tlcourse fetch MobileNetV2:alpha=0.35" in backbone.choose("auto").remark
    (keras_home / SMALL).write_bytes(b"")
    assert backbone.choose("auto") == ("MobileNetV2:alpha=0.35", 224, "")
    (keras_home / FULL).write_bytes(b"")
    assert backbone.choose("auto").name == "MobileNetV2"


def test_a_name_is_taken_as_it_is(keras_home):
    assert backbone.choose("photonet") == ("photonet", 64, "")  # asked for: nothing is missed
    assert backbone.choose("MobileNetV2:alpha=0.35").size == 224
    with pytest.raises(InputError, match=r"Did you mean .*'MobileNetV2'"):
        backbone.choose("MobileNetv2")
    with pytest.raises(InputError, match=r"such as 'MobileNetV2:alpha=0\.35'"):
        backbone.choose("MobileNetV2:alpha=tiny")


def test_weights_that_are_not_here_are_told_in_words_of_the_command(keras_home):
    with pytest.raises(AssetError, match=f"{SMALL}.* TLCOURSE_OFFLINE is set") as caught:
        backbone.load("MobileNetV2:alpha=0.35", 224)
    said = str(caught.value)
    assert "tlcourse fetch MobileNetV2:alpha=0.35" in said
    assert "--backbone photonet" in said
    assert "weights=" not in said


def test_options_stand_after_a_colon():
    assert name_and_options("MobileNetV2:alpha=0.35") == ("MobileNetV2", {"alpha": 0.35})
    assert name_and_options("photonet") == ("photonet", {})


def test_the_narrow_network_is_loaded_with_its_weights():
    need("MobileNetV2:alpha=0.35")
    with real_data():
        network = backbone.load("MobileNetV2:alpha=0.35", 224)
    picture = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
    assert network.predict_on_batch(picture).shape == (1, 1280)
    assert network.count_params() < 500_000


def test_the_catalog_can_be_listed_without_a_folder(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["retrain", "--list-backbones"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "photonet" in said
    assert "MobileNetV2" in said
