"""How the weights between rules and status head are fitted, measured and written."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from services.core.assertion import Basis, RuledAssertion
from services.core.assertion_combined import (
    HEAD_ALONE,
    combine,
    read_status_weights,
    status_weights_entry,
)
from services.core.assertion_rules import VERSION
from services.core.contracts import Assertion
from tests.fakes.documents import document
from training.cli import app
from training.corpora import catalogue
from training.corpora.documents import Document
from training.errors import TrainingError
from training.evaluate import status_weights, versions
from training.evaluate.pair_scores import PairAnswer
from training.evaluate.status_weights import (
    Example,
    cross_fitted,
    examples,
    figures,
    fit,
    fit_statuses,
    macro_f1,
)
from training.models.relation import STATUSES
from training.train.rehearsal import Known, known_to
from training.train.splits import Parts

pytestmark = pytest.mark.training

AFFIRMED, NEGATED, HISTORICAL = Assertion.AFFIRMED, Assertion.NEGATED, Assertion.HISTORICAL
OWN = "adewatch"


def example(
    gold: Assertion, *clues: str, sure: float = 0.5, group: str = "g", corpus: str = OWN
) -> Example:
    """A relation of which the head says affirmed with `sure`, else negated."""
    rule = RuledAssertion(AFFIRMED, Basis.NOTHING, frozenset(clues))
    learned = {AFFIRMED: sure, NEGATED: 1 - sure}
    return Example(group, corpus, rule, {one: learned.get(one, 0.0) for one in STATUSES}, gold)


def planted(count: int) -> list[Example]:
    """The clue says the status, the head hardly knows it; "noise" says nothing."""
    rng = random.Random(4)
    made = []
    for number in range(count):
        negated = rng.random() < 0.5
        clues = ["no" if negated else "yes", *(["noise"] if rng.random() < 0.5 else [])]
        made.append(
            example(
                NEGATED if negated else AFFIRMED,
                *clues,
                sure=rng.uniform(0.3, 0.7),
                group=f"g{number}",
            )
        )
    return made


def test_a_clue_that_tells_gets_a_weight_and_noise_hardly_any() -> None:
    weights = fit(planted(300))
    assert weights.clues["no"][NEGATED] > 1 > abs(weights.clues["noise"][NEGATED])
    unsure = example(AFFIRMED, "no", sure=0.6)
    assert combine(unsure.rule, unsure.learned, weights) is NEGATED


def test_what_is_measured_is_what_a_card_keeps() -> None:
    weights = fit(planted(100))
    assert read_status_weights({"status_weights": status_weights_entry(weights)}) == weights


def test_with_little_to_learn_from_the_head_decides() -> None:
    weights = fit([example(AFFIRMED, sure=0.9), example(NEGATED, sure=0.1)])
    for sure, status in ((0.9, AFFIRMED), (0.1, NEGATED)):
        asked = example(AFFIRMED, "never seen", sure=sure)
        assert combine(asked.rule, asked.learned, weights) is status
    assert not weights.clues


def test_relations_of_others_count_more() -> None:
    own = [example(AFFIRMED, "clue", group=f"a{number}") for number in range(20)]
    others = [example(NEGATED, "clue", group=f"b{number}", corpus="visits") for number in range(15)]
    asked = example(AFFIRMED, "clue")
    both = fit([*own, *others])
    alike = fit([*own, *(replace(one, corpus=OWN) for one in others)])
    assert combine(asked.rule, asked.learned, both) is NEGATED
    assert combine(asked.rule, asked.learned, alike) is AFFIRMED


def test_no_relation_is_read_under_weights_that_saw_its_document() -> None:
    # One document has a clue of its own, and contradicts it: whoever saw it would know.
    odd = [example(NEGATED, "odd", sure=0.55, group="odd") for _ in range(10)]
    data = [*planted(100), *odd]
    assert cross_fitted(data)[-10:] == [AFFIRMED] * 10
    whole = fit(data)
    assert combine(odd[0].rule, odd[0].learned, whole) is NEGATED


def test_the_macro_f1_is_over_the_statuses_of_gold() -> None:
    gold = [AFFIRMED, AFFIRMED, NEGATED]
    assert macro_f1(gold, gold) == 1
    assert macro_f1(gold, [AFFIRMED, HISTORICAL, AFFIRMED]) == pytest.approx((2 * 1 / 4 + 0) / 2)


def test_rules_head_and_both_are_told_apart() -> None:
    denied = example(NEGATED, sure=0.1)
    assert figures([(denied, AFFIRMED)]) == (
        "1 relations, macro F1: rules 0.000, head 1.000, both 0.000"
    )
    assert figures([(example(AFFIRMED, sure=0.1), AFFIRMED)]).endswith(
        "rules 1.000, head 0.000, both 1.000"
    )


NOTE = document(
    "She had no {rash} on [aspirin]. {Cough} on [zocor], [aspirin] went on.",
    (("T2", "T1"), ("T4", "T3")),
)


def answers(model: object, pairs: list[object]) -> list[PairAnswer]:
    statuses = np.full(len(STATUSES), 0.1, dtype=np.float32)
    statuses[STATUSES.index(AFFIRMED)] = 0.5
    return [PairAnswer(0.9, statuses) for _ in pairs]


def test_only_gold_relations_are_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_weights, "score_pairs", answers)
    found = examples(None, [replace(NOTE, corpus=OWN)])  # type: ignore[arg-type]
    assert [one.rule.status for one in found] == [NEGATED, AFFIRMED]
    assert {one.gold for one in found} == {AFFIRMED}
    assert all(one.learned[AFFIRMED] == pytest.approx(0.5) for one in found)


def named(name: str) -> Document:
    return replace(NOTE, doc_id=name, group=name, corpus=OWN)


LEARNS = SimpleNamespace(learned_statuses=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the documents whose relations a head is asked about."""
    seen: list[str] = []

    def noted(model: object, documents: list[Document]) -> list[Example]:
        seen.extend(one.doc_id for one in documents)
        return examples(model, documents)  # type: ignore[arg-type]

    monkeypatch.setattr(status_weights, "score_pairs", answers)
    monkeypatch.setattr(status_weights, "examples", noted)
    return seen


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A version that has learned a document, as it was annotated then."""
    version = tmp_path / "relation" / "6"
    version.mkdir(parents=True)
    learned = Parts([replace(named("learned"), relations=())], [], [])
    Known("", {}).write(version, {OWN: learned})
    return version


PARTS = {OWN: Parts([named("learned"), named("new")], [named("dev")], [named("test")])}


def test_weights_come_of_what_the_version_never_learned_and_of_no_test_document(
    asked: list[str], version: Path
) -> None:
    model: Any = LEARNS
    weights = fit_statuses(model, known_to(str(version)), PARTS)
    assert asked == ["dev", "new"]
    assert (weights.rules, weights.relations) == (VERSION, 4)


def test_where_nobody_knows_what_was_learned_development_documents_decide_alone(
    asked: list[str],
) -> None:
    model: Any = LEARNS
    assert fit_statuses(model, Known("", {}), PARTS).relations == 2
    assert asked == ["dev"]


@pytest.mark.parametrize("learns", [True, False])
def test_without_relations_or_a_head_nothing_is_fitted(asked: list[str], *, learns: bool) -> None:
    model: Any = SimpleNamespace(learned_statuses=learns)
    parts = {} if learns else PARTS
    assert fit_statuses(model, Known("", {}), parts) is HEAD_ALONE
    assert not asked


def test_the_command_tells_how_statuses_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[str], version: Path
) -> None:
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: PARTS)
    model = SimpleNamespace(learned_statuses=True)
    monkeypatch.setattr(versions, "open_relation", lambda *_: model)
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert done.exit_code == 0, done.output
    assert asked == ["dev", "new"]
    assert "development, our notes: 2 relations" in done.output
    assert "never learned, our notes: 2 relations" in done.output

    model.learned_statuses = False
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "learned no statuses" in str(done.exception)) == (1, True)
    model.learned_statuses = True
    Known("", {}).write(version, {OWN: Parts([named("dev")], [], [])})
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "held out" in str(done.exception)) == (1, True)
    (version / "learned.txt").unlink()
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "does not say" in str(done.exception)) == (1, True)


def test_nothing_is_fitted_on_nothing() -> None:
    with pytest.raises(TrainingError, match="no relations"):
        fit([])
