"""Encoders of several architectures: trained, exported and opened, or refused at once."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModel,
    BertConfig,
    BertModel,
    DistilBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    T5Config,
)

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import Form
from tests.fakes.documents import document
from training.errors import TrainingError
from training.evaluate.graphs import onnx_runner
from training.evaluate.pair_scores import PairModel, score_pairs, torch_pair_runner
from training.evaluate.predict import torch_runner
from training.evaluate.versions import open_relation
from training.models.attention import Attention
from training.models.encoder import load_encoder
from training.models.published import start_from
from training.models.relation import RelationConfig, RelationModel, heads_of
from training.publish.versions import client_settings, export_version
from training.rows.pairs import gold_pairs
from training.train import encoder_checks
from training.train.ner import NerSettings, train_ner
from training.train.relation import train_relation
from training.train.relation_settings import RelationSettings
from training.train.runs import load_ner, load_relation
from training.train.splits import Parts

pytestmark = pytest.mark.training

SEED = 5
NOTES = [
    document(
        "She had {rash} after [aspirin]. No {nausea} with [zocor].",
        (("T1", "T2"), ("T2", "T1")),
        doc_id=f"ade:{number}",
    )
    for number in range(2)
]
PARTS = {"ade": Parts(NOTES[:1], NOTES[1:], [])}


def byte_level(folder: Path, *, ends: bool = True) -> int:
    """A tokenizer as of RoBERTa, one token per byte; its number of tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, "<mask>"]
    tokenizer = Tokenizer(models.BPE({one: at for at, one in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if ends:
        tokenizer.post_processor = processors.RobertaProcessing(
            ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
        )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
    ).save_pretrained(folder)
    return len(tokens)


def saved(config: PreTrainedConfig, folder: Path) -> Path:
    torch.manual_seed(3)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def roberta(folder: Path, *, ends: bool = True, tokens: int = 512) -> Path:
    config = RobertaConfig(
        vocab_size=byte_level(folder, ends=ends),
        hidden_size=40,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=tokens + 2,
        type_vocab_size=1,
    )
    return saved(config, folder)


def bert(folder: Path, encoder_folder: Path, *, width: int = 32, tokens: int = 512) -> Path:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(encoder_folder)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=tokens,
    )
    return saved(config, folder)


def distilbert(folder: Path, encoder_folder: Path) -> Path:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(encoder_folder)
    tokenizer.save_pretrained(folder)
    return saved(
        DistilBertConfig(vocab_size=len(tokenizer), dim=40, n_layers=1, n_heads=2, hidden_dim=32),
        folder,
    )


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def folder(request: pytest.FixtureRequest, encoder_folder: Path, tmp_path: Path) -> Path:
    """Encoders that the attention's six heads do not divide."""
    if request.param == "roberta":
        return roberta(tmp_path / "roberta")
    build = bert if request.param == "bert" else distilbert
    return build(tmp_path / request.param, encoder_folder)


def relation_settings(folder: Path, form: Form = Form.MARKED) -> RelationSettings:
    return RelationSettings(encoder=str(folder), seed=SEED, epochs=1, joined=0, form=form)


def probabilities(model: PairModel) -> Sequence[float]:
    answers = score_pairs(model, gold_pairs(NOTES))
    assert all(one.asked for one in answers)
    return [one.probability for one in answers]


def test_a_marked_relation_model_is_trained_exported_opened_and_gone_on_with(
    folder: Path, tmp_path: Path
) -> None:
    run, version = tmp_path / "run", tmp_path / "relation" / "1"
    train_relation(PARTS, tmp_path, relation_settings(folder), run)
    export_version("relation", run, version, lambda _: 1.0)
    report = json.loads((run / "run.json").read_text())
    served = open_relation(version, client_settings(report))
    assert served.form is Form.MARKED
    trained = load_relation(run)
    tokenizer = HuggingFaceTokenEncoder(run / "tokenizer.json")
    expected = probabilities(PairModel(torch_pair_runner(trained), tokenizer, Form.MARKED))
    assert probabilities(served) == pytest.approx(expected, abs=0.02)
    assert len(set(expected)) > 1
    again = RelationModel(
        load_encoder(str(folder), vocabulary=trained.encoder.vocabulary), trained.config
    )
    start_from(again.eval(), version, run / "tokenizer.json")
    for name, weights in trained.named_parameters():
        apart = (again.get_parameter(name) - weights).abs().max()
        assert apart <= 1.05 * weights.abs().max() / 127 + 1e-6, name


def test_a_ner_model_is_trained_exported_and_opened(folder: Path, tmp_path: Path) -> None:
    run, version = tmp_path / "run", tmp_path / "ner" / "1"
    train_ner(PARTS, NerSettings(encoder=str(folder), seed=SEED, epochs=1), run)
    export_version("ner", run, version, lambda _: 1.0)
    (encoding,) = HuggingFaceTokenEncoder(version / "tokenizer.json").encode([NOTES[0].text])
    ids = np.array([encoding.ids])
    served = onnx_runner(version / "model.onnx")(ids, np.ones_like(ids))
    np.testing.assert_allclose(
        served, torch_runner(load_ner(run))(ids, np.ones_like(ids)), atol=0.02
    )


def test_levitated_markers_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    settings = relation_settings(roberta(tmp_path / "roberta"), Form.LEVITATED)
    with pytest.raises(TrainingError, match=r"this is roberta.*--form marked"):
        # Without a document there is nothing to train on: it is refused before one is asked for.
        train_relation({}, tmp_path, settings, tmp_path / "run")


def test_an_encoder_that_reads_too_little_is_refused(encoder_folder: Path, tmp_path: Path) -> None:
    short = bert(tmp_path / "short", encoder_folder, tokens=256)
    for form in Form:
        with pytest.raises(TrainingError, match="cannot read 512 tokens"):
            train_relation({}, tmp_path, relation_settings(short, form), tmp_path / "run")
    train_ner(PARTS, NerSettings(encoder=str(short), seed=SEED, epochs=1), tmp_path / "ner")
    of_roberta = roberta(tmp_path / "roberta", tokens=511)
    with pytest.raises(TrainingError, match="cannot read 512 tokens"):
        train_relation({}, tmp_path, relation_settings(of_roberta), tmp_path / "run")


def test_a_tokenizer_that_cannot_be_tagged_with_is_refused(tmp_path: Path) -> None:
    without_ends = roberta(tmp_path / "bare", ends=False)
    with pytest.raises(TrainingError, match="one special token at each end"):
        train_ner({}, NerSettings(encoder=str(without_ends), seed=SEED), tmp_path / "run")
    file = roberta(tmp_path / "joined") / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["pre_tokenizer"]["use_regex"] = False
    file.write_text(json.dumps(tokenizer))
    with pytest.raises(TrainingError, match="does not divide a text into words"):
        train_ner({}, NerSettings(encoder=str(file.parent), seed=SEED), tmp_path / "run")


def test_a_model_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    config = T5Config(vocab_size=byte_level(tmp_path / "t5"), d_model=16, num_layers=1, d_ff=16)
    with pytest.raises(TrainingError, match="t5 is no encoder"):
        train_ner(
            {}, NerSettings(encoder=str(saved(config, tmp_path / "t5")), seed=SEED), tmp_path / "r"
        )


def test_weights_that_are_missing_are_not_drawn_at_random(
    encoder_folder: Path, tmp_path: Path
) -> None:
    folder = bert(tmp_path / "less", encoder_folder)
    kept = BertModel.from_pretrained(folder).state_dict()
    kept.pop("encoder.layer.0.attention.self.query.weight")
    BertModel.from_pretrained(folder).save_pretrained(folder, state_dict=kept)
    with pytest.raises(TrainingError, match=r"has no weights .*query\.weight"):
        load_encoder(str(folder))


def test_weights_in_sixteen_bits_are_trained_in_thirty_two(
    encoder_folder: Path, tmp_path: Path
) -> None:
    folder = bert(tmp_path / "half", encoder_folder)
    BertModel.from_pretrained(folder).half().save_pretrained(folder)
    train_ner(PARTS, NerSettings(encoder=str(folder), seed=SEED, epochs=1), tmp_path / "run")
    assert {one.dtype for one in load_ner(tmp_path / "run").parameters()} == {torch.float32}


def test_an_encoder_that_cannot_be_exported_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = roberta(tmp_path / "roberta")
    # No difference is small enough: the graph is compared with torch before the training.
    monkeypatch.setattr("training.publish.export.PARITY_TOLERANCE", -1.0)
    with pytest.raises(TrainingError, match="of type roberta, cannot be exported: ParityError"):
        train_ner({}, NerSettings(encoder=str(folder), seed=SEED), tmp_path / "run")


def test_markers_that_are_tokens_already_are_refused(tmp_path: Path) -> None:
    class Shared(HuggingFaceTokenEncoder):
        def marker_ids(self, markers: Sequence[str]) -> tuple[int, ...]:
            return (*super().marker_ids(markers)[:3], self.encode(["s"])[0].ids[1])

    settings = relation_settings(roberta(tmp_path / "roberta"))
    train_relation(PARTS, tmp_path, settings, tmp_path / "run")
    path = tmp_path / "run" / "tokenizer.json"
    encoder_checks.check_markers("roberta", HuggingFaceTokenEncoder(path))
    with pytest.raises(TrainingError, match="cannot take the markers"):
        encoder_checks.check_markers("roberta", Shared(path))


@pytest.mark.parametrize(
    ("width", "heads"), [(384, 6), (768, 6), (1024, 16), (512, 8), (40, 1), (400, 5), (97, 1)]
)
def test_heads_divide_the_width_and_are_six_where_they_were(width: int, heads: int) -> None:
    assert heads_of(width) == heads
    assert width % heads == 0


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="6 heads do not divide a width of 1024"):
        Attention(1024, 6, dropout=0.0)


def test_a_run_keeps_the_heads_that_it_was_trained_with(
    encoder_folder: Path, tmp_path: Path
) -> None:
    settings = relation_settings(bert(tmp_path / "wide", encoder_folder, width=128))
    train_relation(PARTS, tmp_path, replace(settings, form=Form.LEVITATED), tmp_path / "run")
    assert load_relation(tmp_path / "run").config.heads == heads_of(128) == 2
    saved_run = torch.load(tmp_path / "run" / "model.pt", weights_only=True)
    saved_run["relation"]["heads"] = 4
    torch.save(saved_run, tmp_path / "run" / "model.pt")
    assert load_relation(tmp_path / "run").config.heads == 4
    assert RelationConfig(marker_ids=(1, 2, 3, 4)).heads == 6
