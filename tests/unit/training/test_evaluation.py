"""Which models and documents `training evaluate` takes, and what it prints; and the page."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.core.confidence import Confidence
from tests.fakes.documents import document
from training.errors import CorpusError, DataMissing
from training.evaluate.measuring import Models, measure, read_corpus, versions_in
from training.evaluate.report import corpus_report, render
from training.evaluate.scoring import ScoredPair, one_by_one, read_documents
from training.evaluate.versions import CLIENT, card_of

pytestmark = pytest.mark.training

NOTES = [
    document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id="1"),
    document("[Keflex] gave {nausea}.", (("T1", "T2"),), doc_id="2"),
    document("[Advil] for pain <b>.", doc_id="3"),
]
YES = one_by_one(
    lambda document, drugs, events: [ScoredPair(d, e, 0.9) for d in drugs for e in events]
)


def version(folder: Path, task: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"")
    (folder / "card.json").write_text(json.dumps({"model": task, "threshold": 0.4}))
    return folder


def test_a_version_a_model_and_a_repository_name_their_versions(tmp_path: Path) -> None:
    first, tenth = (version(tmp_path / "ner" / number, "ner") for number in ("9", "10"))
    relation = version(tmp_path / "relation" / "1", "relation")
    assert versions_in(first) == {"ner": first}
    assert versions_in(tmp_path / "ner") == {"ner": tenth}
    assert versions_in(tmp_path) == {"ner": tenth, "relation": relation}


def test_an_exported_version_can_be_measured_before_it_has_a_card(tmp_path: Path) -> None:
    fresh = version(tmp_path / "ner" / "3", "ner")
    (fresh / CLIENT).write_text('{"model": "ner", "reads_windows": true}')
    # A card is more.
    assert "reads_windows" not in card_of(fresh)
    (fresh / "card.json").unlink()
    assert card_of(fresh)["reads_windows"] is True
    assert versions_in(fresh) == {"ner": fresh}
    (fresh / CLIENT).unlink()
    with pytest.raises(DataMissing, match="cannot read"):
        card_of(fresh)


def test_folders_without_a_version_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="holds no version"):
        versions_in(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(DataMissing, match="no card"):
        versions_in(tmp_path)
    (tmp_path / "card.json").write_text('{"model": "other"}')
    with pytest.raises(DataMissing, match="names no model"):
        versions_in(tmp_path)


def test_a_corpus_is_a_file_a_folder_or_a_name(tmp_path: Path) -> None:
    tokens = tmp_path / "held-out.json"
    record = {"tokens": ["No", "rash"], "entities": [], "relations": []}
    tokens.write_text(json.dumps([record, record]))
    first, second = read_corpus(str(tokens), "test", seed=1)
    assert (first.text, first.doc_id, second.group) == ("No rash", "ade:0", "ade:1")
    notes = tmp_path / "notes.jsonl"
    notes.write_text(json.dumps({"note_id": "n", "text": "x", "mentions": [], "relations": []}))
    assert read_corpus(str(notes), "test", seed=1)[0].doc_id == "n"
    (tmp_path / "1.ann").write_text("")
    (tmp_path / "1.txt").write_text("Text.")
    assert read_corpus(str(tmp_path), "test", seed=1)[0].doc_id == "n2c2:1"
    with pytest.raises(CorpusError, match="none of the corpora"):
        read_corpus("no-such-corpus", "test", seed=1)
    other = tmp_path / "x.csv"
    other.write_text("")
    with pytest.raises(CorpusError, match=r"ends with none of \.json"):
        read_corpus(str(other), "test", seed=1)


def test_figures_are_json_and_hold_paragraphs_and_errors_on_demand() -> None:
    models = Models(None, YES, threshold=0.4)
    figures: dict[str, Any] = measure(models, NOTES, threshold=None, windows=4, errors=True, seed=1)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["threshold"] == 0.4
    assert figures["relations_on_gold_mentions"]["f1"] == 1.0
    # In paragraphs the pairs across sentences are negatives that "always yes" gets wrong.
    joined = figures["joined_sentences"]["relations_on_gold_mentions_both_classes"]
    assert joined["related"]["recall"] == 1.0
    assert joined["unrelated"]["recall"] == 0.0
    assert figures["errors"]["mentions"] == {"ADE": {"missed": 2}, "DRUG": {"missed": 3}}
    plain = measure(models, NOTES, threshold=0.95, windows=0, errors=False, seed=1)
    assert plain["threshold"] == 0.95
    assert not {"joined_sentences", "errors"} & plain.keys()


def test_a_version_is_measured_with_the_weights_of_its_card() -> None:
    doubtful = Confidence(relation=1.0, event=0.0, drug=0.0, constant=-3.0)
    models = Models(None, YES, threshold=0.5, confidence=doubtful)
    figures: dict[str, Any] = measure(models, NOTES, threshold=None, windows=4, errors=True, seed=1)
    assert figures["relations_on_gold_mentions"]["predicted"] == 0
    joined = figures["joined_sentences"]["relations_on_gold_mentions"]
    assert joined["predicted"] == 0


def test_the_page_holds_its_tables_and_plots_and_nothing_of_elsewhere() -> None:
    readings = read_documents(NOTES, None, YES)
    page = render({"test <b>": corpus_report(readings, readings, 0.5, seed=1)})
    assert "<h2>test &lt;b&gt;</h2>" in page
    assert page.count("data:image/png;base64,") == 4
    assert "nearest drug" in page
    nothing = "of 0 pairs the expected calibration error is 0.000 as answered"
    assert f"Relations end to end: {nothing}" in page
    # One of 27 draws has three times the note without a relation: there F1 is 0.
    assert "1.000 [0.000, 1.000]" in page
    assert "http" not in page
