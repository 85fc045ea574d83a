"""From an exported candidate to what serves: checks, gate, report, publication.

Nothing here knows how a model computes: pairs of models are functions from documents to the
relations they claim. `training.publish.commands` makes them of graphs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from services.core.model_versions import MODELS, Publication, VersionPair
from training.corpora.documents import Document
from training.errors import CardError, GateRefused, TrainingError
from training.evaluate.metrics import Score, strict
from training.evaluate.pair_metrics import SpanPair
from training.publish.cards import sha256
from training.publish.gate import LEVEL, RESAMPLES, Comparison, compare, verdict
from training.settings import PARITY_TOLERANCE

Claims = Callable[[Sequence[Document]], list[set[SpanPair]]]
"""The relations that a pair of models finds end to end, per document."""

FixedSet = Mapping[str, Sequence[Document]]
"""Held-out documents by corpus."""


class Publisher(Protocol):
    """See `services.adapters.model_publisher.ModelPublisher`."""

    def publish(
        self,
        candidates: Mapping[str, Path],
        *,
        reason: str = "",
        metrics: Mapping[str, float] | None = None,
        as_shadow: bool = False,
        instead_of: VersionPair | None = None,
    ) -> Publication:
        """Install, test, and let serve (or run beside)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate saw.

    Attributes:
        at: when.
        serving: what the candidate was compared with.
        candidate: SHA-256 of the candidate's graphs by model.
        fixed_set: SHA-256 of the documents, so that two reports can be told to be comparable.
        comparisons: by corpus.
    """

    at: datetime
    serving: VersionPair
    candidate: Mapping[str, str]
    fixed_set: str
    comparisons: Mapping[str, Comparison]

    @property
    def refusal(self) -> str:
        """Why the gate is closed, in one line; empty if it is open."""
        return verdict(self.comparisons)

    def figures(self) -> dict[str, float]:
        """For the history of publications: "ade.candidate_f1", …"""
        return {
            f"{corpus}.{name}": float(value)
            for corpus, one in self.comparisons.items()
            for name, value in one.as_json().items()
            if name != "passes"
        }

    def as_json(self) -> dict[str, Any]:
        """For people and for the next gate."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "passes": not self.refusal,
            "refusal": self.refusal,
            "serving": {"ner": self.serving.ner, "relation": self.serving.relation},
            "candidate_sha256": dict(self.candidate),
            "fixed_set_sha256": self.fixed_set,
            "interval": f"{LEVEL:.0%} percentile, {RESAMPLES} paired resamples of documents",
            "corpora": {name: one.as_json() for name, one in self.comparisons.items()},
        }


def checked(candidate: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of the graphs of a candidate whose cards say that they were checked.

    Args:
        candidate: folders of exported versions by model.

    Raises:
        CardError: there is no model, a card is missing, belongs to another graph, or does not say
            that the graph computes what the trained model computes.
    """
    if not candidate or not set(candidate) <= set(MODELS):
        raise CardError(f"a candidate has versions of {' and '.join(MODELS)}")
    found = {}
    for model, folder in candidate.items():
        try:
            card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            named = (card["model"], card["sha256"]["model.onnx"])
            difference = float(card["export"]["parity_fp32_max_abs"])
            digest = sha256(folder / "model.onnx")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CardError(
                f"{folder} has no graph with a card: {type(error).__name__}; "
                "`python -m training export` and `cards` write them"
            ) from error
        if card.get("learned_statuses") and "status_weights" not in card:
            raise CardError(
                f"the card in {folder} has no weights for statuses: `python -m training calibrate` "
                "makes a version that has"
            )
        if named != (model, digest):
            raise CardError(f"the card in {folder} belongs to another graph")
        if not difference <= PARITY_TOLERANCE:
            raise CardError(f"the graph in {folder} differs from its model by {difference:.2g}")
        found[model] = digest
    return found


def through_the_gate(
    serving: Claims, candidate: Claims, documents: FixedSet, *, seed: int
) -> dict[str, Comparison]:
    """Strict end-to-end F1 of both on every corpus.

    Args:
        serving: what serves.
        candidate: what might.
        documents: the fixed set; a corpus without documents says nothing.
        seed: of the resamples.

    Raises:
        TrainingError: there are no documents at all.
    """
    found = {
        name: compare(_scores(serving, part), _scores(candidate, part), seed=seed)
        for name, part in documents.items()
        if part
    }
    if not found:
        raise TrainingError("the fixed set of the gate is empty")
    return found


def digest_of(documents: FixedSet) -> str:
    """SHA-256 of the texts and the gold relations of a fixed set."""
    digest = hashlib.sha256()
    for name, part in sorted(documents.items()):
        for one in part:
            gold = sorted((*drug, *event) for drug, event in one.pairs())
            line = json.dumps([name, one.doc_id, one.text, gold], ensure_ascii=False)
            digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def release(
    candidate: Mapping[str, Path],
    *,
    gate: Callable[[Mapping[str, str]], GateReport],
    report: Path,
    publisher: Publisher | None,
    reason: str = "",
    as_shadow: bool = False,
) -> Publication | None:
    """Check a candidate, hold it against what serves, and let it serve.

    Args:
        candidate: folders of exported versions by model; a model that is not named keeps its
            version.
        gate: compares the candidate with what serves; gets the hashes of the graphs.
        report: the file for what the gate saw, written whether it opens or not.
        publisher: None to stop behind the gate.
        reason: for the history.
        as_shadow: let it run beside what serves.

    Raises:
        CardError: the candidate is incomplete; nothing was compared.
        GateRefused: it is worse.
        AdewatchError: it could not be published; the old pair serves on.
    """
    seen = gate(checked(candidate))
    write_json(report, seen.as_json())
    if seen.refusal:
        raise GateRefused(f"not published: {seen.refusal}; {seen.serving} serves on")
    if publisher is None:
        return None
    return publisher.publish(
        candidate,
        reason=reason,
        metrics=seen.figures(),
        as_shadow=as_shadow,
        instead_of=seen.serving,
    )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a report in the place of an earlier one.

    Raises:
        TrainingError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        temporary.replace(path)
    except OSError as error:
        raise TrainingError(f"cannot write {path}: {type(error).__name__}") from error


def _scores(claims: Claims, documents: Sequence[Document]) -> list[Score]:
    return [
        strict(document.pairs(), said)
        for document, said in zip(documents, claims(documents), strict=True)
    ]
