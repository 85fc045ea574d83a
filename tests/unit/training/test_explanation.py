"""Where a relation model looks when it is asked about a pair."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import MARKERS, Form
from tests.fakes.documents import document
from tests.samples.models import shipped
from training.cli import app
from training.errors import DataMissing, TrainingError
from training.evaluate.explanation import explain
from training.models.encoder import load_encoder
from training.models.published import published_relation
from training.models.relation import RelationConfig, RelationModel
from training.rows.pairs import gold_pairs
from training.train.runs import save_model

pytestmark = pytest.mark.training

NOTE = document("She had a {rash} after [aspirin]. No {nausea} with [zocor].", (("T1", "T2"),))


def model(
    folder: Path,
    encoder: HuggingFaceTokenEncoder,
    *,
    form: Form = Form.LEVITATED,
    pair_attention: bool = True,
) -> RelationModel:
    first, second, third, fourth = encoder.marker_ids(MARKERS)
    config = RelationConfig(
        marker_ids=(first, second, third, fourth),
        heads=3,
        form=form,
        pair_attention=pair_attention,
    )
    torch.manual_seed(2)
    return RelationModel(load_encoder(str(folder), vocabulary=21), config).eval()


def words_of(spans: list[tuple[int, int]]) -> set[str]:
    return {NOTE.text[start:end] for start, end in spans}


def test_every_word_of_the_window_has_its_share(
    encoder_folder: Path, encoder: HuggingFaceTokenEncoder
) -> None:
    pairs = gold_pairs([NOTE], for_training=False)
    found = explain(model(encoder_folder, encoder), encoder, NOTE, pairs)
    assert {(one.drug, one.event) for one in found} == {(one.drug, one.event) for one in pairs}
    for one in found:
        for attended in (one.pair, one.context):
            assert sum(word.share for word in attended) == pytest.approx(1.0)
            assert [word.share for word in attended] == sorted(
                (word.share for word in attended), reverse=True
            )
            assert words_of([word.span for word in attended]) <= set(NOTE.text.split())
        assert sum(one.statuses.values()) == pytest.approx(1.0)
    assert words_of([word.span for word in found[0].pair]) == set(NOTE.text.split())


def test_a_word_that_the_query_looks_for_gets_the_most(
    encoder_folder: Path, encoder: HuggingFaceTokenEncoder
) -> None:
    made = model(encoder_folder, encoder)
    attention, context = made.attention.pair, made.attention.context
    assert attention is not None
    assert context is not None
    pairs = gold_pairs([NOTE], for_training=False)
    (before, *_) = explain(made, encoder, NOTE, pairs)
    ids = torch.tensor([encoder.encode([NOTE.text])[0].ids])
    with torch.inference_mode():
        states = made.encoder(ids, torch.ones_like(ids))[0]
    words = [NOTE.text[span.start : span.end] for span, _ in before.pair]
    place = 1 + NOTE.text.split().index("after")
    with torch.no_grad():
        # Every query is the key of that word, many times over.
        attention.query.weight.zero_()
        attention.query.bias.copy_(50 * attention.key(states[place]))
    (after, *_) = explain(made, encoder, NOTE, pairs)
    span, share = after.pair[0]
    assert NOTE.text[span.start : span.end] == "after" in words
    assert share > 2 * next(one.share for one in before.pair if one.span == span)
    assert after.context == before.context


def test_a_model_without_an_attention_has_nothing_to_show(
    encoder_folder: Path, encoder: HuggingFaceTokenEncoder
) -> None:
    pairs = gold_pairs([NOTE], for_training=False)
    lacking = model(encoder_folder, encoder, pair_attention=False)
    (one, *_) = explain(lacking, encoder, NOTE, pairs)
    assert (one.pair, bool(one.context)) == ([], True)
    marked = model(encoder_folder, encoder, form=Form.MARKED)
    with pytest.raises(TrainingError, match="levitated"):
        explain(marked, encoder, NOTE, pairs)


def test_a_run_explains_what_it_is_asked_about_in_a_note(
    encoder_folder: Path, tokenizer_json: Path, encoder: HuggingFaceTokenEncoder, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    save_model(run, model(encoder_folder, encoder))
    shutil.copyfile(tokenizer_json, run / "tokenizer.json")
    note = tmp_path / "note.txt"
    note.write_text("She developed a rash after amoxicillin.")
    asked = ["--ner", str(shipped("ner")), "--relation", str(run), "--words", "2"]
    done = CliRunner().invoke(app, ["explain", str(note), *asked])
    assert done.exit_code == 0, done.output
    first, about, around = done.output.splitlines()
    assert first.startswith("amoxicillin -> rash: 0.")
    assert about.startswith("  about the pair: ")
    assert about.count("%") == around.count("%") == 2

    nothing = CliRunner().invoke(app, ["explain", "-", *asked], input="She is well.")
    assert nothing.output == "no drug and event stand near enough to be asked about\n"
    gone = CliRunner().invoke(app, ["explain", str(tmp_path / "none.txt"), *asked])
    assert isinstance(gone.exception, DataMissing)


def test_a_version_is_explained_with_its_own_encoder_only(encoder_folder: Path) -> None:
    with pytest.raises(TrainingError, match="of this encoder"):
        published_relation(shipped("relation"), str(encoder_folder))
    with pytest.raises(TrainingError, match="cannot read the encoder"):
        published_relation(shipped("relation"), str(encoder_folder / "none"))
