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
from services.core.assertion_combined import combine
from services.core.contracts import Assertion
from tests.fakes.documents import document
from training.cli import app
from training.corpora import catalogue
from training.corpora.documents import Document
from training.errors import TrainingError
from training.evaluate import status_command, status_weights
from training.evaluate.pair_scores import PairAnswer
from training.evaluate.status_weights import (
    Example,
    as_source,
    cross_fitted,
    examples,
    figures,
    fit,
    macro_f1,
)
from training.models.relation import STATUSES
from training.publish import versions
from training.train.rehearsal import Known
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
    weights = fit(planted(300), written_for_this=OWN)
    assert weights.clues["no"][NEGATED] > 1 > abs(weights.clues["noise"][NEGATED])
    unsure = example(AFFIRMED, "no", sure=0.6)
    assert combine(unsure.rule, unsure.learned, weights) is NEGATED


def test_with_little_to_learn_from_the_head_decides() -> None:
    weights = fit([example(AFFIRMED, sure=0.9), example(NEGATED, sure=0.1)], written_for_this=OWN)
    for sure, status in ((0.9, AFFIRMED), (0.1, NEGATED)):
        asked = example(AFFIRMED, "never seen", sure=sure)
        assert combine(asked.rule, asked.learned, weights) is status
    assert not weights.clues


def test_relations_of_others_count_more() -> None:
    own = [example(AFFIRMED, "clue", group=f"a{number}") for number in range(20)]
    others = [example(NEGATED, "clue", group=f"b{number}", corpus="visits") for number in range(15)]
    asked = example(AFFIRMED, "clue")
    both = fit([*own, *others], written_for_this=OWN)
    alike = fit([*own, *(replace(one, corpus=OWN) for one in others)], written_for_this=OWN)
    assert combine(asked.rule, asked.learned, both) is NEGATED
    assert combine(asked.rule, asked.learned, alike) is AFFIRMED


def test_no_relation_is_read_under_weights_that_saw_its_document() -> None:
    # One document has a clue of its own, and contradicts it: whoever saw it would know.
    odd = [example(NEGATED, "odd", sure=0.55, group="odd") for _ in range(10)]
    data = [*planted(100), *odd]
    assert cross_fitted(data, written_for_this=OWN)[-10:] == [AFFIRMED] * 10
    whole = fit(data, written_for_this=OWN)
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


def test_what_is_written_is_read_as_it_was_fitted() -> None:
    weights = fit(planted(100), written_for_this=OWN)
    module: dict[str, Any] = {}
    exec(as_source(weights, relation="relation/6", relations=1100), module)  # noqa: S102
    assert "relation/6 on 1,100 relations" in module["__doc__"]
    for written, fitted in (
        (module["BIAS"], weights.bias),
        *((module["HEAD"][one], weights.head[one]) for one in STATUSES),
        *((module["CLUES"][one], weights.clues[one]) for one in weights.clues),
    ):
        assert written == pytest.approx(fitted, abs=0.005)


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


def test_the_command_reads_what_the_version_never_learned_and_no_test_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def named(name: str) -> Document:
        return replace(NOTE, doc_id=name, group=name, corpus=OWN)

    version = tmp_path / "relation" / "6"
    version.mkdir(parents=True)
    parts = {OWN: Parts([named("learned"), named("new")], [named("dev")], [named("test")])}
    Known("", {}).write(version, {OWN: Parts([replace(named("learned"), relations=())], [], [])})
    seen: list[str] = []

    def noted(model: object, documents: list[Document]) -> list[Example]:
        seen.extend(one.doc_id for one in documents)
        return examples(model, documents)  # type: ignore[arg-type]

    monkeypatch.setattr(status_weights, "score_pairs", answers)
    monkeypatch.setattr(status_weights, "examples", noted)
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: parts)
    model = SimpleNamespace(learned_statuses=True)
    monkeypatch.setattr(versions, "open_relation", lambda *_: model)
    monkeypatch.setattr(versions, "read_json", lambda _: {})
    monkeypatch.setattr(status_command, "WEIGHTS", tmp_path / "weights.py")
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version), "--write"])
    assert done.exit_code == 0, done.output
    assert seen == ["dev", "new"]
    assert "raise VERSION" in done.output
    assert "development, our notes: 2 relations" in done.output
    assert "never learned, our notes: 2 relations" in done.output
    assert "relation/6 on 4 relations" in (tmp_path / "weights.py").read_text()

    model.learned_statuses = False
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "learned no statuses" in str(done.exception)) == (1, True)
    Known("", {}).write(version, {OWN: Parts([named("dev")], [], [])})
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "held out" in str(done.exception)) == (1, True)
    (version / "learned.txt").unlink()
    done = CliRunner().invoke(app, ["statuses", "--relation", str(version)])
    assert (done.exit_code, "does not say" in str(done.exception)) == (1, True)


def test_nothing_is_fitted_on_nothing() -> None:
    with pytest.raises(TrainingError, match="no relations"):
        fit([], written_for_this=OWN)
