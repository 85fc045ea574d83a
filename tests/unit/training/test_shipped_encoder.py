"""Weights that are read back from a graph, and a vocabulary that is cut."""

import json
import lzma
import zipfile
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModel, BertConfig, BertModel

from training.errors import CorpusError, TrainingError
from training.models.shipped_encoder import build, unlabelled_texts

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore"),  # torch's exporter warns of itself
]


class TwoInputs(BertModel):  # type: ignore[misc]
    """The model as the published graph has it: the exporter passes inputs by place."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        found: Tensor = super().forward(input_ids, attention_mask=attention_mask).last_hidden_state
        return found


@pytest.fixture
def source() -> TwoInputs:
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=20,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        max_position_embeddings=32,
    )
    model: TwoInputs = TwoInputs(config, add_pooling_layer=False).eval()
    return model


@pytest.fixture
def jar(source: TwoInputs, tokenizer_json: Path, tmp_path: Path) -> Path:
    graph = tmp_path / "small.onnx"
    ids = torch.tensor([[2, 5, 7, 3]])
    torch.onnx.export(
        source,
        (ids, torch.ones_like(ids)),
        str(graph),
        input_names=["input_ids", "attention_mask"],
        dynamo=False,
    )
    plain = json.loads(tokenizer_json.read_text())
    plain["added_tokens"] = [token for token in plain["added_tokens"] if token["special"]]
    path = tmp_path / "encoder.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(graph, "small.onnx")
        archive.writestr("small-tokenizer.json", json.dumps(plain))
    return path


def test_the_weights_of_a_graph_are_read_back(source: TwoInputs, jar: Path, tmp_path: Path) -> None:
    build(jar, ["she had a rash after aspirin"], tmp_path / "encoder", vocabulary=20)
    again = AutoModel.from_pretrained(tmp_path / "encoder", add_pooling_layer=False).eval()
    ids = torch.tensor([[2, 4, 5, 7, 3]])
    with torch.inference_mode():
        before = source(ids, torch.ones_like(ids))
        after = again(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(after, before)


def test_a_cut_vocabulary_keeps_the_frequent_pieces_and_their_vectors(
    source: TwoInputs, jar: Path, tmp_path: Path
) -> None:
    texts = ["she had a rash.", "she had nausea."]
    build(jar, texts, tmp_path / "encoder", vocabulary=10)
    tokenizer = Tokenizer.from_file(str(tmp_path / "encoder" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == 10
    assert {"[CLS]", "she", "had", "a", "."} <= set(tokenizer.get_vocab())
    assert "zocor" not in tokenizer.get_vocab()
    encoding = tokenizer.encode("She had zocor.")
    assert encoding.tokens == ["[CLS]", "she", "had", "[UNK]", ".", "[SEP]"]
    again = AutoModel.from_pretrained(tmp_path / "encoder", add_pooling_layer=False)
    torch.testing.assert_close(
        again.embeddings.word_embeddings.weight[encoding.ids[1]],
        source.embeddings.word_embeddings.weight[4],
    )


def test_a_jar_without_a_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(TrainingError, match="does not hold"):
        build(path, [], tmp_path / "encoder")


def test_word_pieces_are_counted_on_texts_and_not_on_annotation(tmp_path: Path) -> None:
    files = {
        "ade_corpus_v2/ADE-NEG.txt": "5 NEG Gold is well tolerated.\n",
        "ade_corpus_v2/DRUG-AE.rel": "6|Gold rash.|rash|5|9|Gold|0|4\n",
        "bc5cdr/train.pubtator": "7|t|Title.\n7|a|Abstract.\n7\t0\t5\tTitle\tChemical\tD1\n\n",
        "bc5cdr/dev.pubtator": "8|t|Late.\n8|a|Later.\n\n",
        "mtsamples/mtsamples.jsonl": json.dumps({"transcription": "One.\nTwo."}) + "\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    packed = tmp_path / "rct_fulltext_pmc" / "articles_ccby_cc0_pd.jsonl.xz"
    packed.parent.mkdir()
    with lzma.open(packed, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"text": f"Article {n}."}) + "\n" for n in range(3))
    assert list(unlabelled_texts(tmp_path, articles=2)) == [
        "Gold is well tolerated.",
        "Gold rash.",
        "Title. Abstract.",
        "Late. Later.",
        "One.",
        "Two.",
        "Article 0.",
        "Article 1.",
    ]
    packed.unlink()
    with pytest.raises(CorpusError, match="articles_ccby"):
        list(unlabelled_texts(tmp_path, articles=2))
