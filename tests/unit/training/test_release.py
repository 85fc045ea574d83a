"""A candidate comes to serve only if it was checked and is not worse, and this is reported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.core.errors import IntegrityError
from services.core.model_versions import Action, Publication, VersionPair
from tests.fakes.documents import document
from training.corpora.documents import Document
from training.errors import CardError, GateRefused, TrainingError
from training.evaluate.pair_metrics import SpanPair
from training.publish.cards import sha256
from training.publish.release import (
    GateReport,
    checked,
    digest_of,
    release,
    through_the_gate,
)

SERVING = VersionPair("1", "1")
AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTES = [
    document("[Zocor] gave {rash}.", (("T1", "T2"),), doc_id=str(number)) for number in range(30)
]


def everything(documents: Sequence[Document]) -> list[set[SpanPair]]:
    return [one.pairs() for one in documents]


def nothing(documents: Sequence[Document]) -> list[set[SpanPair]]:
    return [set() for _ in documents]


def version(folder: Path, model: str, *, parity: float = 1e-6) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text(f"graph of {model}")
    card = {
        "model": model,
        "sha256": {"model.onnx": sha256(folder / "model.onnx")},
        "export": {"parity_fp32_max_abs": parity},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


class Publisher:
    """Remembers what it was asked to publish; fails if told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Mapping[str, Path], bool, VersionPair | None]] = []
        self.metrics: Mapping[str, float] = {}
        self.error: Exception | None = None

    def publish(
        self,
        candidates: Mapping[str, Path],
        *,
        reason: str = "",
        metrics: Mapping[str, float] | None = None,
        as_shadow: bool = False,
        instead_of: VersionPair | None = None,
    ) -> Publication:
        self.asked.append((candidates, as_shadow, instead_of))
        self.metrics = metrics or {}
        if self.error is not None:
            raise self.error
        return Publication(
            sequence=2,
            action=Action.SHADOW if as_shadow else Action.PUBLISH,
            pair=VersionPair("2", "1"),
            replaced=SERVING,
            at=AT,
            by="test",
            reason=reason,
        )


def gate(
    candidate: Mapping[str, str], *, better: bool = True, calls: list[str] | None = None
) -> GateReport:
    if calls is not None:
        calls.append("gate")
    claims = (nothing, everything) if better else (everything, nothing)
    return GateReport(
        at=AT,
        serving=SERVING,
        candidate=candidate,
        fixed_set=digest_of({"adewatch": NOTES}),
        comparisons=through_the_gate(*claims, {"adewatch": NOTES, "ade": []}, seed=1),
    )


def test_a_good_candidate_is_published_with_its_figures(tmp_path: Path) -> None:
    candidate = {"ner": version(tmp_path / "ner", "ner")}
    publisher = Publisher()
    entry = release(
        candidate,
        gate=gate,
        report=tmp_path / "reports" / "gate.json",
        publisher=publisher,
        reason="more notes",
    )
    assert entry is not None
    assert (entry.action, entry.reason) == (Action.PUBLISH, "more notes")
    # The publisher must refuse if another pair serves by now.
    assert publisher.asked == [(candidate, False, SERVING)]
    assert publisher.metrics["adewatch.candidate_f1"] == 1
    assert publisher.metrics["adewatch.serving_f1"] == 0
    assert not any(name.startswith("ade.") for name in publisher.metrics)
    report = json.loads((tmp_path / "reports" / "gate.json").read_text())
    assert report["passes"]
    assert report["candidate_sha256"] == {"ner": sha256(tmp_path / "ner" / "model.onnx")}
    assert report["corpora"]["adewatch"]["documents"] == len(NOTES)


def test_a_worse_candidate_is_reported_and_never_reaches_the_publisher(tmp_path: Path) -> None:
    publisher = Publisher()
    with pytest.raises(GateRefused, match=r"adewatch: F1 0\.0000 against 1\.0000") as refused:
        release(
            {"ner": version(tmp_path / "ner", "ner")},
            gate=lambda hashes: gate(hashes, better=False),
            report=tmp_path / "gate.json",
            publisher=publisher,
        )
    assert refused.value.exit_status == 3
    assert "ner 1 + relation 1 serves on" in str(refused.value)
    assert publisher.asked == []
    report = json.loads((tmp_path / "gate.json").read_text())
    assert not report["passes"]
    assert report["refusal"].startswith("adewatch")


def test_a_candidate_can_be_kept_or_run_beside(tmp_path: Path) -> None:
    candidate = {"relation": version(tmp_path / "relation", "relation")}
    report = tmp_path / "gate.json"
    assert release(candidate, gate=gate, report=report, publisher=None) is None
    assert report.is_file()
    publisher = Publisher()
    entry = release(candidate, gate=gate, report=report, publisher=publisher, as_shadow=True)
    assert entry is not None
    assert entry.action is Action.SHADOW


def test_a_publication_that_fails_says_why(tmp_path: Path) -> None:
    publisher = Publisher()
    publisher.error = IntegrityError("the server does not read as the graphs do")
    with pytest.raises(IntegrityError, match="as the graphs do"):
        release(
            {"ner": version(tmp_path / "ner", "ner")},
            gate=gate,
            report=tmp_path / "gate.json",
            publisher=publisher,
        )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no card", "no graph with a card"),
        ("damaged card", "no graph with a card"),
        ("old card", "no graph with a card"),
        ("other graph", "belongs to another graph"),
        ("other model", "belongs to another graph"),
        ("no weights", "has no weights for statuses"),
        ("parity", "differs from its model by 0.5"),
        ("parity of nothing", "differs from its model by nan"),
    ],
)
def test_what_was_not_checked_is_refused_before_anything_is_compared(
    tmp_path: Path, fault: str, said: str
) -> None:
    parity = {"parity": 0.5, "parity of nothing": float("nan")}.get(fault, 1e-6)
    folder = version(tmp_path / "ner", "ner", parity=parity)
    if fault == "no card":
        (folder / "card.json").unlink()
    elif fault == "damaged card":
        (folder / "card.json").write_text("{")
    elif fault == "old card":
        (folder / "card.json").write_text('{"model": "ner", "sha256": {"model.onnx": ""}}')
    elif fault == "no weights":
        card = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**card, "learned_statuses": True}))
    elif fault == "other graph":
        (folder / "model.onnx").write_text("another graph")
    calls: list[str] = []
    with pytest.raises(CardError, match=said):
        release(
            {"relation" if fault == "other model" else "ner": folder},
            gate=lambda hashes: gate(hashes, calls=calls),
            report=tmp_path / "gate.json",
            publisher=Publisher(),
        )
    assert calls == []


def test_a_candidate_is_of_known_models(tmp_path: Path) -> None:
    folder = version(tmp_path / "ner", "ner")
    for candidate in ({}, {"other": folder}):
        with pytest.raises(CardError, match="ner and relation"):
            checked(candidate)


def test_a_gate_without_documents_says_so() -> None:
    with pytest.raises(TrainingError, match="fixed set of the gate is empty"):
        through_the_gate(nothing, nothing, {"ade": []}, seed=1)


def test_the_digest_is_of_texts_and_gold() -> None:
    other = document("[Zocor] gave {rash}.", doc_id="0")
    digests = {
        digest_of(documents)
        for documents in (
            {"a": NOTES},
            {"b": NOTES},
            {"a": NOTES[1:]},
            {"a": [other, *NOTES[1:]]},
        )
    }
    assert len(digests) == 4
    assert digest_of({"a": NOTES, "b": []}) == digest_of({"a": list(NOTES)})
