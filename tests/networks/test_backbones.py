"""The catalog of backbones: complete, honest about what is here, right about preprocessing."""

import hashlib
import inspect
import re
import socket
import sys
import time
import warnings
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

from tests.helpers.what_is_here import given_file
from tlcourse import extract_features, linear_probe, list_backbones, load_backbone, load_task
from tlcourse.errors import AssetError
from tlcourse.files import keras_weights
from tlcourse.networks import backbones
from tlcourse.networks.alexnet import LocalResponseNormalization, alexnet
from tlcourse.networks.backbones import OURS, class_names, load_photonet, preprocess_input
from tlcourse.networks.imagenet import weights_file
from tlcourse.networks.needs import weights_path
from tlcourse.networks.trained import WEIGHTS
from tlcourse.recipes.foils import FOILS
from tlcourse.recipes.photonet_probe import networks, probe_task

REAL_FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
RED = np.array([255.0, 0.0, 0.0], "float32")

# What one red pixel becomes, by family: worked out by hand from the papers' recipes.
CAFFE = [-103.939, -116.779, 255 - 123.68]  # BGR minus ImageNet's mean
TF = [1.0, -1.0, -1.0]  # to [-1, 1]
TORCH = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]  # to mean 0, deviation 1
INSIDE = [255.0, 0.0, 0.0]  # untouched: Keras's model scales its input itself
FAMILIES = {
    ("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"): CAFFE,
    ("ResNet50V2", "ResNet101V2", "ResNet152V2", "InceptionV3", "InceptionResNetV2"): TF,
    ("Xception", "MobileNet", "MobileNetV2", "NASNetMobile", "NASNetLarge"): TF,
    ("DenseNet121", "DenseNet169", "DenseNet201"): TORCH,
    tuple(f"EfficientNetB{i}" for i in range(8)): INSIDE,
    tuple(f"EfficientNetV2{i}" for i in ("B0", "B1", "B2", "B3", "S", "M", "L")): INSIDE,
    tuple(f"ConvNeXt{i}" for i in ("Tiny", "Small", "Base", "Large", "XLarge")): INSIDE,
    ("MobileNetV3Small", "MobileNetV3Large"): INSIDE,
}
PIXELS = {name: pixel for names, pixel in FAMILIES.items() for name in names}
# One network of each preprocessing module, built and run: the smallest.
SMALLEST = {
    "Xception": 71, "VGG16": 32, "VGG19": 32, "ResNet50": 32, "ResNet50V2": 32,
    "InceptionV3": 75, "InceptionResNetV2": 75, "MobileNet": 32, "MobileNetV2": 32,
    "MobileNetV3Small": 32, "DenseNet121": 32, "NASNetMobile": 32, "EfficientNetB0": 32,
    "EfficientNetV2B0": 32, "ConvNeXtTiny": 32,
}  # fmt: skip


@pytest.fixture(autouse=True)
def empty_keras_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TLCOURSE_OFFLINE", "1")
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    monkeypatch.delenv("TLCOURSE_DATASETS", raising=False)


def images(count=2, side=48):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype="uint8")


def test_every_keras_application_is_listed_with_its_figures():
    rows = {row.name: row for row in list_backbones()}
    factories = {name for name in dir(keras.applications) if name[0].isupper()}
    assert factories <= set(rows)
    assert factories == set(PIXELS), "Keras has a family that these tests do not know yet"
    for name in factories:
        row = rows[name]
        assert None not in (row.year, row.image_size, row.top1, row.million_parameters), name
        assert not rows[name].is_here
    assert rows["photonet"].is_here
    assert (rows["VGG16"].top1, rows["VGG16"].million_parameters) == (71.3, 138.4)
    assert "photonet" in repr(list_backbones()).splitlines()[1]


@pytest.mark.parametrize("name", sorted(PIXELS))
def test_preprocessing_of_a_red_pixel(name):
    pixel = preprocess_input(name)(RED.copy().reshape(1, 1, 1, 3)).ravel()
    np.testing.assert_allclose(pixel, PIXELS[name], atol=1e-4)


@pytest.mark.parametrize("name", sorted(SMALLEST))
def test_a_backbone_gives_what_keras_gives_after_its_own_preprocessing(name):
    size = SMALLEST[name]
    keras.utils.set_random_seed(1)
    model = load_backbone(name, image_size=size, weights=None)
    plain = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg"
    )
    plain.set_weights(model.get_weights())
    # Up to the first convolution: beyond it the two are the same Keras code, and fresh random
    # weights let little of the signal through.
    first, expected_first = (
        keras.Model(
            m.inputs[0], next(x for x in m.layers if isinstance(x, keras.layers.Conv2D)).output
        )
        for m in (model, plain)
    )
    pictures = images(side=size)
    preprocessed = preprocess_input(name)(pictures.astype("float32"))
    expected = expected_first(preprocessed, training=False)
    scale = np.abs(expected).max()
    assert scale > 0.1
    np.testing.assert_allclose(first(pictures) / scale, expected / scale, atol=1e-5)
    if PIXELS[name] is not INSIDE:  # the comparison sees a preprocessing that is missing
        assert np.abs(expected_first(pictures) - expected).max() / scale > 0.1


def test_pictures_of_another_size_are_resized_inside():
    model = load_backbone("photonet")
    pictures = images(side=80)
    by_hand = keras.ops.image.resize(pictures.astype("float32"), (64, 64), antialias=True)
    np.testing.assert_array_equal(
        model.predict(pictures, verbose=0), model.predict(np.array(by_hand), verbose=0)
    )
    flat = np.full((1, 20, 20, 3), 128, "uint8")
    assert model.predict(flat, verbose=0).shape == (1, 256)


@pytest.mark.parametrize("name", ["photonet", "MobileNetV2"])
def test_a_plain_call_computes_in_inference_mode(name):
    # A keras.layers.Resizing inside would switch `model(x)` to training mode.
    model = load_backbone(name, image_size=64, weights=None)
    pictures = images(4, 64)
    np.testing.assert_allclose(model(pictures), model(pictures, training=False), atol=1e-6)


def test_pooling():
    maps = load_backbone("photonet", pooling=None)(images())
    assert maps.shape == (2, 4, 4, 256)
    average, largest = (load_backbone("photonet", pooling=p)(images()) for p in ("avg", "max"))
    np.testing.assert_allclose(average, np.mean(maps, (1, 2)), atol=1e-5)
    np.testing.assert_allclose(largest, np.max(maps, (1, 2)), atol=1e-5)


def test_photonet_gives_the_same_bits_on_every_load():
    first, second = (load_backbone("photonet").predict(images(8), verbose=0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet50"}, r"Did you mean .*'ResNet50'"),
        ({"name": "zzz"}, "list_backbones"),
        ({"name": "InceptionV3", "image_size": 64, "weights": None}, "75 pixels and more, not 64"),
        ({"name": "photonet", "image_size": 16}, "32 pixels and more, not 16"),
        ({"name": "alexnet", "image_size": 32, "weights": None}, "67 pixels and more, not 32"),
        ({"name": "alexnet"}, "weights=None"),
        ({"name": "photonet", "weights": "mine"}, "'imagenet' or None"),
        ({"name": "photonet", "pooling": "mean"}, "'avg', 'max' or None"),
        ({"name": "photonet", "image_size": 64.0}, "whole number"),
        ({"name": "photonet", "alpha": 1}, "no further options"),
        ({"name": "ResNet50", "top": True, "image_size": 96}, "goes with pictures of 224 pixels"),
        ({"name": "MobileNetV2", "top": True, "image_size": 100}, "96 or 128 or .*, not 100"),
        ({"name": "alexnet", "top": True}, "no trained weights of alexnet"),
        ({"name": "VGG16", "alpha": 1, "weights": None}, "does not take"),
        ({"name": "MobileNetV2", "alpha": 0.6}, r"for alpha=1\.0; .*There are none for alpha=0\.6"),
        ({"name": "MobileNet", "depth_multiplier": 2}, "none for alpha=1.0, depth_multiplier=2"),
        (
            {"name": "MobileNetV3Small", "alpha": 0.75, "minimalistic": True},
            "none for alpha=0.75, minimalistic=True",
        ),
    ],
)
def test_wrong_requests_are_answered(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_backbone(**arguments)


@pytest.mark.parametrize(
    ("name", "message"), [("mobilenetv2", "Did you mean .*MobileNetV2"), ("alexnet", "no names")]
)
def test_names_that_nobody_has_are_answered(name, message):
    with pytest.raises(ValueError, match=message):
        class_names(name)


def test_alexnet_is_that_of_2012():
    model = alexnet()
    assert model.count_params() == 60_965_224
    shapes = [model.get_layer(f"conv{i}").output.shape[1:] for i in range(1, 6)]
    assert shapes == [(55, 55, 96), (27, 27, 256), (13, 13, 384), (13, 13, 384), (13, 13, 256)]


def test_local_response_normalization_is_the_formula():
    row = np.arange(1.0, 7.0, dtype="float32")
    found = np.array(LocalResponseNormalization()(row.reshape(1, 1, 1, 6))).ravel()
    third = 3 / (2 + 1e-4 * (1 + 4 + 9 + 16 + 25)) ** 0.75
    last = 6 / (2 + 1e-4 * (16 + 25 + 36)) ** 0.75
    np.testing.assert_allclose(found[[2, 5]], [third, last], rtol=1e-5)


@pytest.mark.parametrize("offline", ["1", ""])
@pytest.mark.parametrize("name", ["ResNet50", "NASNetLarge"])
def test_missing_weights_are_named_within_a_second(monkeypatch, tmp_path, offline, name):
    files = {"ResNet50": "resnet50_weights", "NASNetLarge": "nasnet_large_no_top"}
    monkeypatch.setenv("TLCOURSE_OFFLINE", offline)
    list_backbones()  # the imports are not counted

    def hang(*_, **__):
        time.sleep(5)
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", hang)  # a name server that never answers
    start = time.monotonic()
    with pytest.raises(AssetError, match=files[name]) as error:
        load_backbone(name)
    assert time.monotonic() - start < 1
    assert str(tmp_path / "keras" / "models") in str(error.value)
    assert "copy it to" in str(error.value)


@pytest.mark.parametrize(
    ("name", "options", "file"),
    [
        ("MobileNetV2", {"image_size": 96, "alpha": 0.35}, "tf_kernels_0.35_96_no_top.h5"),
        ("MobileNetV2", {"image_size": 64, "alpha": 1}, "tf_kernels_1.0_224_no_top.h5"),
        ("MobileNetV2", {}, "tf_kernels_1.0_224_no_top.h5"),
        ("MobileNet", {"image_size": 128, "alpha": 0.25}, "mobilenet_2_5_128_tf_no_top.h5"),
        ("MobileNet", {"image_size": 96, "dropout": 0.5}, "mobilenet_1_0_224_tf_no_top.h5"),
        ("MobileNetV3Large", {"alpha": 0.75}, "v3_large_224_0.75_float_no_top_v2.h5"),
        ("MobileNetV3Small", {"minimalistic": True}, "v3_small_minimalistic_224_1.0_float_no_top"),
    ],
)
def test_missing_weights_of_a_variant_are_named(name, options, file):
    with pytest.raises(AssetError, match=re.escape(file)):
        load_backbone(name, **options)


# Networks whose files Keras is asked for: one of each family, and the odd ones of those that have
# a file for each size and width.
ASKED = [
    *[(name, size, {}) for name, size in SMALLEST.items()],
    *[("MobileNet", size, {"alpha": 0.5}) for size in (96, 128, 160, 192, 224)],
    *[("MobileNet", 128, {"alpha": alpha}) for alpha in (0.25, 0.75, 1.0)],
    *[("MobileNetV2", size, {"alpha": 0.35}) for size in (64, 96, 128, 160, 192, 224)],
    *[("MobileNetV2", 96, {"alpha": alpha}) for alpha in (0.5, 0.75, 1.0, 1.3, 1.4)],
    ("MobileNetV3Small", 224, {"alpha": 0.75}),
    ("MobileNetV3Small", 224, {"minimalistic": True}),
    ("MobileNetV3Large", 224, {"alpha": 0.75}),
    ("MobileNetV3Large", 224, {"minimalistic": True}),
]


class AskedForError(Exception):
    """What a factory of Keras would have fetched."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "options"), ASKED)
def test_the_catalog_has_the_file_that_keras_asks_for(name, size, options, monkeypatch):
    def get_file(name, url, file_hash=None, **_):
        raise AskedForError(name, url, file_hash or "")

    factory = getattr(keras.applications, name)
    # Any module of an application leads to the one function that all of them fetch by.
    module = sys.modules[keras.applications.VGG16.__module__]
    monkeypatch.setattr(module.file_utils, "get_file", get_file)
    with pytest.raises(AskedForError) as asked, warnings.catch_warnings(action="ignore"):
        factory(include_top=False, input_shape=(size, size, 3), **options)
    facts = backbones._figures()[name]
    file = weights_file(name, facts, size, options)
    assert (file.name, file.url, file.digest) == asked.value.args

    if name.startswith("MobileNet") and size not in facts.get("sizes", [224]):
        return  # there are weights without the head alone
    side = size if "sizes" in facts else facts["image_size"]
    with pytest.raises(AskedForError) as asked, warnings.catch_warnings(action="ignore"):
        factory(include_top=True, input_shape=(side, side, 3), **options)
    file = weights_file(name, facts, side, options | {"top": True})
    assert (file.name, file.url, file.digest) == asked.value.args


def test_each_digest_in_the_catalog_is_in_the_source_of_keras():
    modules = {getattr(keras.applications, name).__module__ for name in PIXELS}
    source = "".join(inspect.getsource(sys.modules[module]) for module in modules)
    bodies = [file for name in PIXELS for file in backbones._figures()[name]["weights"]]
    files = [*bodies, *(file["top"] for file in bodies)]
    digests = [file["digest"] for file in files if "digest" in file]
    assert len(bodies) == 10 + 6 + 36  # of MobileNet and MobileNetV2; of MobileNetV3; the others
    assert len(set(digests)) == len(files) - 2 * 10
    assert all(f'"{digest}"' in source for digest in digests)


def saved(name, size, monkeypatch, change=lambda model: None, top=False):
    """A network with random weights, and these in the place of Keras's file of them."""
    facts = backbones._figures()[name]
    source = getattr(keras.applications, name)(
        include_top=top, weights=None, input_shape=(size, size, 3)
    )
    change(source)
    path = keras_weights.weight_folders()[0] / weights_file(name, facts, size, {"top": top}).name
    path.parent.mkdir(parents=True, exist_ok=True)
    source.save(path)
    entry = facts["weights"][0]["top"] if top else facts["weights"][0]
    if "digest" in entry:
        monkeypatch.setitem(entry, "digest", hashlib.md5(path.read_bytes()).hexdigest())
    return source


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALLEST))
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_file_in_keras_cache_is_loaded_weight_by_weight(name, monkeypatch):
    source = saved(name, SMALLEST[name], monkeypatch)
    assert {row.name for row in list_backbones() if row.is_here} == {*OURS, name}
    model = load_backbone(name, image_size=SMALLEST[name])
    expected = source.get_weights()
    if name.startswith("EfficientNetB"):
        at = next(i for i, weight in enumerate(source.weights) if weight.path.endswith("/variance"))
        expected[at] = expected[at] * [0.229, 0.224, 0.225]
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_a_keras_application_with_its_head_gives_the_probabilities_of_a_thousand_classes(
    name, monkeypatch
):
    source = saved(name, 224, monkeypatch, top=True)
    rows = {row.name: row for row in list_backbones()}
    assert not rows[name].is_here
    assert rows[name].also_here == ("top=True",)
    seen = images(2, side=224)
    expected = source.predict(preprocess_input(name)(seen.astype("float32")), verbose=0)
    found = load_backbone(name, top=True).predict(seen, verbose=0)
    assert found.shape == (2, 1000)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_the_thousand_classes_of_imagenet():
    names = class_names("MobileNetV2")
    assert len(names) == len(set(names)) == 1000
    # ImageNet's numbers of these, as papers and Keras's decode_predictions have them.
    known = {0: "tench", 207: "golden retriever", 251: "dalmatian", 281: "tabby", 340: "zebra"}
    known |= {534: "dishwasher", 954: "banana", 999: "toilet tissue"}
    assert {index: names[index] for index in known} == known


def test_our_networks_with_their_heads_name_the_classes_of_their_source():
    network, names = load_photonet()
    seen = images(3, side=64)
    logits = network.predict(seen, verbose=0)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = load_backbone("photonet", top=True).predict(seen, verbose=0)
    np.testing.assert_allclose(found, odds / odds.sum(axis=1, keepdims=True), rtol=1e-4)
    assert class_names("photonet") == names
    assert len(names) == 180
    assert class_names("objectnet") == load_task("objects", train_per_class=1).class_names


def test_efficientnet_normalizes_by_the_deviation(monkeypatch):
    # What Keras's files hold: the deviation in the place of the variance.
    def as_keras_has_it(model):
        layer = model.get_layer(index=2)
        mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        layer.set_weights([np.array(mean), np.array(deviation), layer.get_weights()[2]])

    saved("EfficientNetB0", 32, monkeypatch, as_keras_has_it)
    model = load_backbone("EfficientNetB0", image_size=32)
    (layer,) = [x for x in model.layers if isinstance(x, keras.layers.Normalization)]
    picture = np.broadcast_to(RED, (1, 32, 32, 3))
    pixel = keras.Model(model.inputs[0], layer.output)(picture)[0, 0, 0]
    np.testing.assert_allclose(pixel, TORCH, rtol=1e-4)


def test_weights_of_another_network_under_its_name_are_damaged(monkeypatch):
    saved("MobileNet", 32, monkeypatch)
    (path,) = keras_weights.weight_folders()[0].iterdir()
    other = weights_file("MobileNetV2", backbones._figures()["MobileNetV2"], 32, {}).name
    path.rename(path.with_name(other))
    with pytest.raises(AssetError, match=f"{other} is damaged"):
        load_backbone("MobileNetV2", image_size=32)


def put_real_file(cut=None):
    content = given_file(REAL_FILE).read_bytes()
    folder = keras_weights.weight_folders()[0]
    folder.mkdir(parents=True)
    (folder / REAL_FILE).write_bytes(content[:cut])
    return folder / REAL_FILE


def test_a_weight_file_that_was_cut_off_is_named():
    path = put_real_file(cut=1_000_000)
    with pytest.raises(AssetError, match=r"is damaged.*Delete it") as error:
        load_backbone("MobileNetV2", alpha=0.35)
    assert str(path) in str(error.value)


def test_weights_of_one_size_are_taken_for_pictures_of_another():
    path = put_real_file()
    assert weights_path("MobileNetV2:alpha=0.35") == path
    assert {row.name: row.also_here for row in list_backbones()}["MobileNetV2"] == ("alpha=0.35",)
    assert re.search(r"^MobileNetV2 .* alpha=0\.35$", repr(list_backbones()), re.MULTILINE)
    with pytest.raises(AssetError, match=r"0\.35_96_no_top\.h5 are not in"):
        load_backbone("MobileNetV2", alpha=0.35, image_size=96)
    options = {"alpha": 0.35, "trained_at": 224}
    large, small = (load_backbone("MobileNetV2", image_size=s, **options) for s in (224, 96))
    for one, other in zip(large.get_weights(), small.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_real_imagenet_weights_separate_photos_better_than_random_ones():
    put_real_file()
    pictures, labels = real_photographs(per_class=30)
    train = np.arange(len(labels)) % 30 < 5
    scores = []
    for weights in ("imagenet", None):
        keras.utils.set_random_seed(0)
        model = load_backbone("MobileNetV2", alpha=0.35, weights=weights)
        features = extract_features(model, pictures, cache=False)
        probe = linear_probe(features[train], labels[train])
        scores.append(probe.score(features[~train], labels[~train]))
    assert scores[0] > scores[1] + 0.2


def real_photographs(per_class, classes=10):
    """Photographs (n, 64, 64, 3) and labels of classes from all over Tiny ImageNet.

    Neighbors in its list are look-alikes (five amphibians, four spiders): no task for 5 pictures.
    """
    with zipfile.ZipFile(given_file("tiny-imagenet-180.zip")) as file:
        names = sorted(n for n in file.namelist() if "/train/" in n and "/images/" in n)
        names = [n for n in names if not n.endswith("/")]
        folders = sorted({n.rsplit("/", 1)[0] for n in names})
        folders = folders[:: len(folders) // classes][:classes]
        chosen = [n for f in folders for n in [m for m in names if m.startswith(f)][:per_class]]
        pictures = [Image.open(file.open(n)).convert("RGB") for n in chosen]
    return np.stack([np.array(p) for p in pictures]), np.repeat(np.arange(classes), per_class)


@pytest.mark.parametrize("name", ["rotnet", *FOILS])
def test_others_are_bundled_small_and_the_same_on_every_load(name):
    assert WEIGHTS.with_name(f"{name}.npz").stat().st_size <= 1_500_000
    assert {row.name: row.is_here for row in list_backbones()}[name]
    first, second = (load_backbone(name).predict(images(), verbose=0) for _ in range(2))
    assert first.shape == (2, 256)
    assert np.array_equal(first, second)
    assert not np.allclose(first, load_backbone("photonet").predict(images(), verbose=0))


def card_table():
    """The model card's table: {(task, network): percent right}."""
    card = WEIGHTS.with_name("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w ]+) \| ([\w ]+) \| ([\d.]+)% \| ±", card, re.MULTILINE)
    return {(task, network): float(percent) for task, network, percent in rows}


def test_the_model_card_names_the_files():
    card = WEIGHTS.with_name("README.md").read_text(encoding="utf-8")
    for digest in WEIGHTS.parent.glob("*.sha256"):
        assert digest.read_text().split()[0] in card, digest.name


@pytest.mark.parametrize("task_name", ["digits", "faces"])
def test_the_model_card_gives_what_the_probes_measure(task_name):
    task, stated = load_task(task_name), card_table()
    for name, model in networks():
        percent = 100 * np.mean(probe_task(model, task, 10, range(10)))
        assert percent == pytest.approx(stated[task_name, name], abs=1.5), name
