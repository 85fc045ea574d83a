"""A training that goes on from a published version starts with what that version computes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from services.core.windows import Form
from tests.fakes.documents import document
from training.errors import DataMissing, TrainingError
from training.models.encoder import load_encoder, write_tokenizer
from training.models.ner import NerModel
from training.models.published import published_weights, start_from
from training.models.relation import RelationConfig, RelationModel
from training.publish.export import export, quantise
from training.train.ner import NerSettings, chains_report, train_ner
from training.train.runs import load_ner
from training.train.splits import Parts

pytestmark = pytest.mark.training

SEED = 5
NOTE = document("She had {rash} after [aspirin]. No {nausea} with [zocor].", (("T2", "T1"),))


def different(encoder: Path) -> NerModel:
    """A model no two weights of which are equal, as of a trained one."""
    model = NerModel(load_encoder(str(encoder)))
    torch.manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def version_of(model: NerModel, encoder: Path, folder: Path, *, small: bool) -> Path:
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps({"chains": chains_report(model)}))
    write_tokenizer(str(encoder), folder / "tokenizer.json")
    export(model, folder / "full.onnx", vocabulary=model.encoder.vocabulary)
    if small:
        quantise(folder / "full.onnx", folder / "model.onnx")
    else:
        shutil.copyfile(folder / "full.onnx", folder / "model.onnx")
    return folder


@pytest.mark.parametrize("small", [False, True])
def test_the_weights_of_a_version_are_those_of_its_run(
    encoder_folder: Path, tmp_path: Path, small: bool
) -> None:
    model = different(encoder_folder)
    version = version_of(model, encoder_folder, tmp_path / "3", small=small)
    other = NerModel(load_encoder(str(encoder_folder))).eval()
    start_from(other, version, version / "tokenizer.json")
    for name, weights in model.named_parameters():
        apart = (other.get_parameter(name) - weights).detach()
        step = weights.abs().max().item() / 127 if small else 1e-6
        assert apart.abs().max() <= 1.05 * step, name
        # What is rounded errs to both sides: a wrong zero would shift all weights of a block.
        assert apart.mean().abs() <= 0.1 * step, name


def test_a_training_without_steps_gives_what_it_started_from(
    encoder_folder: Path, tmp_path: Path
) -> None:
    model = different(encoder_folder)
    version = version_of(model, encoder_folder, tmp_path / "3", small=True)
    parts = {"ade": Parts([NOTE], [replace(NOTE, doc_id="ade:2")], [])}
    settings = NerSettings(
        encoder=str(encoder_folder), seed=SEED, epochs=1, learning_rate=0.0, start=str(version)
    )
    train_ner(parts, settings, tmp_path / "run")
    weights = published_weights(version / "model.onnx")
    for name, parameter in load_ner(tmp_path / "run").named_parameters():
        assert torch.equal(parameter, weights[name]), name
    train_ner(parts, replace(settings, crf=True), tmp_path / "with_crf")
    assert json.loads((tmp_path / "with_crf/run.json").read_text())["chains"]
    assert '"start": "' in (tmp_path / "run/run.json").read_text()
    assert str(tmp_path) not in (tmp_path / "run/run.json").read_text()


def test_another_kind_of_model_or_tokenizer_is_refused(
    encoder_folder: Path, tmp_path: Path
) -> None:
    model = different(encoder_folder)
    version = version_of(model, encoder_folder, tmp_path / "3", small=True)
    tokenizer = version / "tokenizer.json"
    wider = NerModel(load_encoder(str(encoder_folder), vocabulary=40))
    with pytest.raises(TrainingError, match="word_embeddings"):
        start_from(wider, version, tokenizer)
    with pytest.raises(TrainingError, match="another kind of model"):
        start_from(torch.nn.ModuleDict({"other": torch.nn.Linear(2, 2)}), version, tokenizer)
    marked = tmp_path / "marked.json"
    write_tokenizer(str(encoder_folder), marked, markers=("[D]",))
    with pytest.raises(TrainingError, match="other tokens"):
        start_from(different(encoder_folder), version, marked)
    with pytest.raises(DataMissing, match="cannot read"):
        start_from(model, tmp_path / "4", tokenizer)


def with_chains(encoder: Path) -> NerModel:
    model = NerModel(load_encoder(str(encoder)), crf=True)
    assert model.chain is not None
    torch.manual_seed(13)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def test_the_crf_of_a_version_is_in_its_card(encoder_folder: Path, tmp_path: Path) -> None:
    model = with_chains(encoder_folder)
    version = version_of(model, encoder_folder, tmp_path / "3", small=False)
    card = {"chains": chains_report(model), "temperature": 2.0}
    (version / "card.json").write_text(json.dumps(card))
    other = NerModel(load_encoder(str(encoder_folder)), crf=True)
    start_from(other, version, version / "tokenizer.json")
    for name, weights in model.named_parameters():
        assert torch.allclose(other.get_parameter(name), weights, atol=1e-6), name
    with pytest.raises(TrainingError, match="--crf"):
        start_from(different(encoder_folder), version, version / "tokenizer.json")
    short = {type_: {"start": [0], "transitions": [[0]], "end": [0]} for type_ in ("ADE", "DRUG")}
    cards: tuple[object, ...] = ({"chains": {"DRUG": 1}}, {"chains": short}, [], {})
    for damaged in cards:
        (version / "card.json").write_text(json.dumps(damaged))
        with pytest.raises(DataMissing, match=r"cannot read .*card\.json"):
            start_from(other, version, version / "tokenizer.json")


def test_a_crf_begins_anew_where_a_version_has_none(encoder_folder: Path, tmp_path: Path) -> None:
    version = version_of(different(encoder_folder), encoder_folder, tmp_path / "3", small=True)
    model = NerModel(load_encoder(str(encoder_folder)), crf=True)
    before = model.chains()
    start_from(model, version, version / "tokenizer.json")
    assert model.chains() == before
    weights = published_weights(version / "model.onnx")
    assert torch.equal(model.head.weight, weights["head.weight"])


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_version_is_said(encoder_folder: Path, tmp_path: Path, file: str) -> None:
    model = different(encoder_folder)
    version = version_of(model, encoder_folder, tmp_path / "3", small=True)
    kept = tmp_path / "tokenizer.json"
    shutil.copyfile(version / "tokenizer.json", kept)
    (version / file).write_bytes(b"no such thing")
    with pytest.raises(DataMissing, match=f"cannot read .*{file}"):
        start_from(model, version, kept)


def relation_model(encoder: Path, *, form: Form, whole: bool) -> RelationModel:
    model = RelationModel(
        load_encoder(str(encoder), vocabulary=40),
        RelationConfig(marker_ids=(20, 21, 22, 23), form=form, context_attention=whole),
    )
    torch.manual_seed(17)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


@pytest.mark.parametrize("form", list(Form))
def test_relation_models_of_both_forms_go_on_with_all_parts_or_fewer(
    encoder_folder: Path, tmp_path: Path, form: Form
) -> None:
    model = relation_model(encoder_folder, form=form, whole=True)
    version = tmp_path / "2"
    version.mkdir()
    write_tokenizer(str(encoder_folder), version / "tokenizer.json")
    export(model, version / "model.onnx", vocabulary=40)
    for whole in (True, False):
        other = relation_model(encoder_folder, form=form, whole=whole)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.zero_()
        start_from(other, version, version / "tokenizer.json")
        for name, weights in other.named_parameters():
            assert torch.allclose(weights, model.get_parameter(name), atol=1e-6), name
    less = relation_model(encoder_folder, form=form, whole=False)
    export(less, version / "model.onnx", vocabulary=40)
    with pytest.raises(TrainingError, match="another kind of model"):
        start_from(model, version, version / "tokenizer.json")
