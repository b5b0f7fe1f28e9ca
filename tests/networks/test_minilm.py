"""minilm gives what its authors' code gives.

The values below were computed once from the authors' files, with torch 2.13 and their own recipe
(transformers' tokenizer and BertModel, mean over the attention mask, L2 norm).
"""

import subprocess
import sys

import numpy as np
import pytest

from tlcourse import load_backbone
from tlcourse.errors import AssetError
from tlcourse.files.minilm_files import find_folder
from tlcourse.networks import minilm
from tlcourse.networks.minilm import MAX_LENGTH, load_minilm

try:
    find_folder()
    MISSING = ""
except AssetError as error:
    MISSING = str(error)
needs_files = pytest.mark.skipif(bool(MISSING), reason=MISSING)

# sentence, tokens, the first numbers of its vector, and the sum of all 384
REFERENCE = [
    (
        "The plot is thin, but I laughed until the lights came on.",
        [
            101,
            1996,
            5436,
            2003,
            4857,
            1010,
            2021,
            1045,
            4191,
            2127,
            1996,
            4597,
            2234,
            2006,
            1012,
            102,
        ],
        [0.021592, 0.007241, -0.017992, 0.081796, 0.04007, -0.110628],
        0.300368,
    ),
    (
        "It broke.",
        [101, 2009, 3631, 1012, 102],
        [-0.018542, 0.037884, 0.069767, -0.03935, 0.078408, -0.024666],
        0.369846,
    ),
    (
        "Café crème, 4.50 €: naïve, isn't it?",
        [
            101,
            7668,
            13675,
            21382,
            1010,
            1018,
            1012,
            2753,
            1574,
            1024,
            15743,
            1010,
            3475,
            1005,
            1056,
            2009,
            1029,
            102,
        ],
        [0.043484, -0.020774, 0.029752, 0.033748, 0.027059, 0.004165],
        0.193395,
    ),
    (
        "I didn't dislike the soup; I disliked the spoon-shaped flowers (all forty-two of them)!",
        [
            101,
            1045,
            2134,
            1005,
            1056,
            18959,
            1996,
            11350,
            1025,
            1045,
            18966,
            1996,
            15642,
            1011,
            5044,
            4870,
            1006,
            2035,
            5659,
            1011,
            2048,
            1997,
            2068,
            1007,
            999,
            102,
        ],
        [-0.037762, 0.043134, 0.080848, 0.026337, -0.006546, -0.033117],
        -0.157354,
    ),
    (
        "Nothing happens for two hours, and then the protagonist's grandmother unscrews "
        "the antediluvian dishwasher.",
        [
            101,
            2498,
            6433,
            2005,
            2048,
            2847,
            1010,
            1998,
            2059,
            1996,
            10191,
            1005,
            1055,
            7133,
            4895,
            11020,
            15603,
            2015,
            1996,
            14405,
            2098,
            4014,
            2226,
            18073,
            9841,
            28556,
            2121,
            1012,
            102,
        ],
        [-0.039863, 0.03647, 0.033654, 0.042778, -0.009029, -0.016866],
        0.24962,
    ),
    (
        "汉字 and 😀",
        [101, 100, 100, 1998, 100, 102],
        [0.032829, -0.004262, 0.036055, 0.062531, 0.013738, -0.015345],
        0.167424,
    ),
]

# of the first sentence: the mean of what the second layer gives
LAYER_2 = [-0.10351, -0.19037, 0.03143, 0.06043, 0.27567, -0.0915]


@pytest.fixture(scope="module")
def loaded():
    return load_minilm()


@needs_files
@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: row[0][:12])
def test_tokens_are_the_authors(loaded, row):
    text, tokens, _, _ = row
    assert loaded[0]([text])[0].tolist() == tokens


@needs_files
def test_vectors_are_the_authors_also_with_filling(loaded):
    tokenizer, encoder = loaded
    tokens = tokenizer([row[0] for row in REFERENCE], length=40)
    vectors = encoder.predict(tokens, verbose=0)
    assert (vectors.shape, vectors.dtype) == ((len(REFERENCE), 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for vector, (text, _, first, total) in zip(vectors, REFERENCE, strict=True):
        np.testing.assert_allclose(vector[:6], first, atol=1e-4, err_msg=text)
        assert vector.sum() == pytest.approx(total, abs=2e-3)


@needs_files
def test_a_layer_in_the_middle_is_the_authors(loaded):
    import keras

    tokenizer, encoder = loaded
    second = keras.Model(encoder.input, encoder.get_layer("transformer_layer_1").output)
    states = second.predict(tokenizer([REFERENCE[0][0]]), verbose=0)[0]
    np.testing.assert_allclose(states.mean(axis=0)[:6], LAYER_2, atol=1e-4)


@needs_files
def test_tokens_are_cut_and_filled(loaded):
    tokenizer, _ = loaded
    assert tokenizer(["It broke."], length=4).tolist() == [[101, 2009, 3631, 102]]
    assert tokenizer(["It broke.", ""]).tolist() == [
        [101, 2009, 3631, 1012, 102],
        [101, 102, 0, 0, 0],
    ]
    long = tokenizer(["word " * 1000])
    assert long.shape == (1, MAX_LENGTH)
    assert long[0, -1] == 102
    assert tokenizer.pieces("A dishwasher") == ["[CLS]", "a", "dish", "##wash", "##er", "[SEP]"]
    for wrong, options in (("one string", {}), ([], {}), (["a"], {"length": 1})):
        with pytest.raises(ValueError, match="must"):
            tokenizer(wrong, **options)


@needs_files
def test_the_size_is_that_of_the_paper(loaded):
    # 22,713,216 with the authors' pooler, of 384 × 384 + 384, which the mean does without.
    assert loaded[1].count_params() == 22_713_216 - 384 * 385


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r'pip install -c constraints.txt -e "\.\[dev,text\]"'):
        minilm.load_minilm()


def test_without_the_files_it_says_how_to_fetch_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("TLCOURSE_SHARED", raising=False)
    with pytest.raises(AssetError, match="tlcourse fetch minilm"):
        minilm.load_minilm()


def test_load_backbone_points_to_it():
    with pytest.raises(ValueError, match=r"use load_minilm\(\)"):
        load_backbone("minilm")


@needs_files
@pytest.mark.slow
def test_loading_is_quiet():
    code = "from tlcourse import setup_device, load_minilm; setup_device(); load_minilm()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
