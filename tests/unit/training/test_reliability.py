"""How reliable the probabilities of mentions and relations are, by hand; and the page's plots."""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from services.core.bio import Decoded, TypedSpan
from services.core.confidence import read_confidence
from services.core.contracts import MentionType
from services.core.spans import Span
from tests.fakes.documents import document
from tests.samples.models import SHIPPED, shipped
from training.cli import app
from training.corpora import catalogue
from training.corpora.documents import Document
from training.corpora.offsets import EVENTS_ALONE
from training.errors import CorpusError
from training.evaluate.figures import report
from training.evaluate.kinds import REPORTED
from training.evaluate.measuring import Models
from training.evaluate.reliability import ANSWERED, mention_truths, reliability_of
from training.evaluate.report import corpus_report, reliability_plot, render, write_report
from training.evaluate.scoring import Reading, ScoredPair, one_by_one
from training.publish.cards import write_card

pytestmark = pytest.mark.training

DRUG, ADE = MentionType.DRUG, MentionType.ADE
MENTIONS = ANSWERED["calibration_mentions"]

NOTE = document("[Zocor] and [aspirin] gave {rash}.", (("T1", "T3"),))
ZOCOR, ASPIRIN, RASH = (mention.span for mention in NOTE.mentions)
# Only the events of this one are annotated.
OTHER = replace(document("Advil gave {hives} and pain.", doc_id="d2"), complete=EVENTS_ALONE)
(HIVES,) = (mention.span for mention in OTHER.mentions)
ADVIL, PAIN = Span(0, 5), Span(21, 25)


def reading(of: Document, found: dict[TypedSpan, float]) -> Reading:
    return Reading(of, list(found), [], [], found)


def readings() -> list[Reading]:
    return [
        reading(
            NOTE,
            {
                TypedSpan(DRUG, ZOCOR): 0.95,
                # Part of a mention, and a mention of the other type: both wrong.
                TypedSpan(DRUG, Span(ASPIRIN.start, ASPIRIN.end - 1)): 0.65,
                TypedSpan(DRUG, RASH): 0.15,
            },
        ),
        reading(
            OTHER,
            {
                TypedSpan(ADE, HIVES): 0.61,
                TypedSpan(ADE, PAIN): 0.11,
                # Nobody knows whether this is wrong.
                TypedSpan(DRUG, ADVIL): 0.99,
            },
        ),
    ]


def test_a_found_mention_is_right_if_it_is_exactly_a_gold_mention_of_an_annotated_type() -> None:
    found = dict(zip(*mention_truths(readings()), strict=True))
    assert found == {0.95: True, 0.65: False, 0.15: False, 0.61: True, 0.11: False}


def test_a_mention_that_is_known_to_be_there_is_no_answer() -> None:
    assert mention_truths([Reading(NOTE, NOTE.spans(), [], [])]) == ([], [])


def test_reliability_of_mentions_by_hand() -> None:
    figures: dict[str, Any] = report(readings(), threshold=0.5)
    found = figures["calibration_mentions"]
    assert (found["mentions"], found["temperature"]) == (5, 1.0)
    filled = {one["from"]: one for one in found["bins"] if one["mentions"]}
    assert len(found["bins"]) == 10
    assert filled == {
        0.1: _bin(0.1, 2, 0.13, 0.0),
        0.6: _bin(0.6, 2, 0.63, 0.5),
        0.9: _bin(0.9, 1, 0.95, 1.0),
    }
    # (2 · 0.13 + 2 · 0.13 + 1 · 0.05) / 5
    assert found["expected_calibration_error"] == 0.114
    losses = [log(0.95), log(1 - 0.65), log(1 - 0.15), log(0.61), log(1 - 0.11)]
    assert found["log_loss"] == pytest.approx(-sum(losses) / 5, abs=5e-5)
    assert json.loads(json.dumps(figures)) == figures


def _bin(low: float, count: int, mean: float, share: float) -> dict[str, float]:
    return {
        "from": low,
        "to": round(low + 0.1, 2),
        "mentions": count,
        "mean_probability": mean,
        "share_right": share,
    }


def test_the_three_reliabilities_have_one_form() -> None:
    figures: dict[str, Any] = report(readings(), threshold=0.5)
    forms = []
    for name, answered in ANSWERED.items():
        words = {answered.counted: "count", answered.share: "share"}
        top, first = figures[name], figures[name]["bins"][0]
        forms.append([[words.get(key, key) for key in part] for part in (top, first)])
    assert forms[0] == forms[1] == forms[2]
    assert [one for one in forms[0][1] if one in ("count", "share")] == ["count", "share"]


def test_without_mentions_there_is_no_error() -> None:
    found = reliability_of([Reading(NOTE, [], [], [])], MENTIONS)
    assert (found["mentions"], found["expected_calibration_error"], found["log_loss"]) == (0, 0, 0)


def test_a_temperature_is_fitted_for_each_kind_of_answer_on_dev() -> None:
    # Of answers of 0.9 half are right: the temperature is as great as it may be. Pairs: none.
    wrong = reading(NOTE, {TypedSpan(DRUG, ZOCOR): 0.9, TypedSpan(ADE, ASPIRIN): 0.9})
    found = corpus_report(readings(), [wrong], 0.5, seed=1)
    assert found.figures["calibration_mentions"]["temperature"] == 1.0
    assert found.scaled["calibration_mentions"]["temperature"] == pytest.approx(20.1, abs=0.1)
    assert found.scaled["calibration"]["temperature"] == 1.0
    # So flat, all answers lie about one half.
    flat = [one for one in found.scaled["calibration_mentions"]["bins"] if one["mentions"]]
    assert [one["from"] for one in flat] == [0.4, 0.5]


def test_a_plot_shows_the_bins_that_are_not_empty() -> None:
    found = reliability_of(readings(), MENTIONS)
    (axes,) = reliability_plot(MENTIONS, found, reliability_of([], MENTIONS)).axes
    _, answered, scaled = axes.lines
    assert np.asarray(answered.get_xydata()).tolist() == [[0.13, 0.0], [0.63, 0.5], [0.95, 1.0]]
    assert np.asarray(scaled.get_xydata()).size == 0
    assert axes.get_title() == "Mentions, ECE 0.114"


def test_the_page_has_three_plots_of_reliability_with_their_errors() -> None:
    pairs = [ScoredPair(ZOCOR, RASH, 0.8), ScoredPair(ASPIRIN, RASH, 0.3)]
    found = replace(readings()[0], on_gold=pairs, end_to_end=pairs[:1])
    page = render({"a": corpus_report([found], [], 0.5, seed=1)})
    for title, said in (
        # (0.05 + 0.65 + 0.15) / 3; (0.2 + 0.3) / 2; 0.2
        ("Mentions", "of 3 mentions the expected calibration error is 0.283"),
        ("Relations on gold mentions", "of 2 pairs the expected calibration error is 0.250"),
        ("Relations end to end", "of 1 pairs the expected calibration error is 0.200"),
    ):
        assert page.count(f'<img alt="{title} on a: reliability"') == 1
        assert f"{title}: {said} as answered" in page


def test_what_the_page_says_of_the_temperature_holds_of_what_serves() -> None:
    words = " ".join(render({}).split())
    assert "fitted for this page and shown on it only" in words
    assert "the temperature in the cards, which the server divides by, is 1.0" in words
    decision = "deploy/decisions/0026-a-relation-is-as-probable-as-its-parts.md"
    assert f"calibrated by the weights in the card of the relation model ({decision})" in words
    assert (Path(__file__).parents[3] / decision).is_file()
    cards = {task: _card(task) for task in ("ner", "relation")}
    assert [card["temperature"] for card in cards.values()] == [1.0, 1.0]
    assert read_confidence(cards["relation"]) is not None


@pytest.mark.parametrize("task", ["ner", "relation"])
def test_a_card_without_the_reliability_of_mentions_is_written_as_before(
    tmp_path: Path, task: str
) -> None:
    card = _card(task)
    for figures in card["metrics_test"].values():
        figures.pop("calibration_mentions", None)
    write_card(tmp_path, card)
    before = (shipped(task) / "CARD.md").read_text(encoding="utf-8")
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8") == before


def _card(task: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((shipped(task) / "card.json").read_text(encoding="utf-8"))
    return card


def _find(documents: Sequence[Document]) -> list[list[Decoded]]:
    return [[Decoded(*mention, 0.9) for mention in one.spans()] for one in documents]


def _score(of: Document, drugs: Sequence[Span], events: Sequence[Span]) -> list[ScoredPair]:
    return [ScoredPair(drug, event, 0.8) for drug in drugs for event in events]


ALL_RELATED = Models(_find, one_by_one(_score))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with nothing but forty notes of `clinical`, of which some are held out."""
    folder = tmp_path / "data"
    (folder / "clinical_ade").mkdir(parents=True)
    note = {"mentions": [{"id": 1, "type": "DRUG", "start": 0, "end": 5}], "relations": []}
    (folder / "clinical_ade/notes.jsonl").write_text(
        "".join(
            json.dumps({"note_id": f"n{number}", "text": f"Zocor {number}.", **note}) + "\n"
            for number in range(40)
        )
    )
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(folder))
    return folder


def test_by_default_absent_corpora_are_left_out_with_a_note(data: Path, tmp_path: Path) -> None:
    assert REPORTED == ("ade", "clinical", "adewatch", "dictations", "visits")
    out = tmp_path / "runs" / "page.html"
    write_report(ALL_RELATED, None, out, seed=1)
    page = out.read_text(encoding="utf-8")
    for name in ("clinical", "adewatch"):
        assert f'alt="Mentions on {name}: reliability"' in page
    for name in ("ade", "dictations", "visits"):
        place = catalogue.READERS[name].place
        assert f"<h2>{name}</h2><p>Left out: the data folder holds no {place}.</p>" in page
    assert page.count("Left out") == 3
    assert str(data) not in page


def test_a_corpus_that_is_named_must_be_there(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    asked = ["report", "--model", str(SHIPPED), "--corpora", "clinical,visits", "--out", str(out)]
    done = CliRunner().invoke(app, asked)
    assert isinstance(done.exception, CorpusError)
    assert "cannot read" in str(done.exception)
    assert "challenge_data" in str(done.exception)
    assert not out.exists()


def test_a_broken_corpus_is_not_absent(data: Path, tmp_path: Path) -> None:
    (data / "ade_tokens").mkdir()
    (data / "ade_tokens/ade.json").write_text("[{}]")
    with pytest.raises(CorpusError, match=r"ade\.json is no token JSON"):
        write_report(ALL_RELATED, None, tmp_path / "page.html", seed=1)
