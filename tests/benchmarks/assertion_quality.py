"""How well assertion reads relations: plain ConText, the rules, a learned head, and combined.

    ADEWATCH_DATA_DIR=... python -m tests.benchmarks.assertion_quality [--half test]
        [--model model_repository/relation/9] [--errors]

One table per corpus (the clinical notes, our own notes, PHEE) and half; the rules were written with
the `dev` halves in view (`assertion_cases`), and the figures that count are those of `test`.

`--model` is a version of the relation model with a head for statuses: then only relations of
documents that it was neither trained nor chosen on are read, by all four; without it the learned
columns are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

from services.core.assertion import RuledAssertion, assert_relation
from services.core.assertion_combined import HEAD_ALONE, StatusWeights, combine, read_status_weights
from services.core.contracts import Assertion
from services.core.sections import find_sections
from services.core.sentences import split_sentences
from tests.benchmarks.assertion_cases import Case, clinical, own_notes, phee
from tests.benchmarks.plain_context import plain_context
from training.corpora.documents import COARSE_STATUSES

NOTES = Path(__file__).parents[2] / "training" / "corpora" / "adewatch_notes" / "notes"
NOT_ASSERTED = ("negated", "hypothetical")

Confusion = Counter[tuple[str, str]]
Scores = Mapping[str, Mapping[Assertion, float]]


def ruled(case: Case) -> RuledAssertion:
    """What the rules read."""
    return assert_relation(case.text, split_sentences(case.text), case.drug, case.event)


def readers(
    scores: Scores, weights: StatusWeights = HEAD_ALONE
) -> dict[str, Callable[[Case], str]]:
    """The ways to read a relation that are compared."""

    def learned(case: Case) -> str:
        return max(Assertion, key=lambda status: scores[case.key].get(status, 0.0)).value

    found: dict[str, Callable[[Case], str]] = {
        "plain ConText": lambda case: (
            plain_context(case.text, split_sentences(case.text), case.event).value
        ),
        "rules": lambda case: ruled(case).status.value,
    }
    if scores:
        found["learned"] = learned
        found["combined"] = lambda case: combine(ruled(case), scores[case.key], weights).value
    return found


def table(confusion: Confusion) -> dict[str, tuple[int, float, float, float]]:
    """Per status that occurs in gold: support, precision, recall, F1."""
    rows = {}
    for status in [item.value for item in Assertion]:
        right = confusion[status, status]
        gold = sum(count for (wanted, _), count in confusion.items() if wanted == status)
        said = sum(count for (_, found), count in confusion.items() if found == status)
        if gold:
            f1 = 2 * right / (gold + said)
            rows[status] = (gold, right / said if said else 0.0, right / gold, f1)
    return rows


def report(name: str, confusion: Confusion) -> str:
    """One reader on one half of one corpus."""
    rows = table(confusion)
    total = sum(confusion.values())
    macro = sum(row[3] for row in rows.values()) / max(len(rows), 1)
    denied = sum(rows[status][0] for status in NOT_ASSERTED if status in rows)
    passed = sum(confusion[status, "affirmed"] for status in NOT_ASSERTED)
    lines = [f"{name:34} {'gold':>5} {'prec':>6} {'recall':>6} {'F1':>6}"]
    lines += [f"  {s:32} {n:5} {p:6.3f} {r:6.3f} {f:6.3f}" for s, (n, p, r, f) in rows.items()]
    lines.append(
        f"  {'macro':32} {total:5} {'':6} {'':6} {macro:6.3f}   "
        f"negated or hypothetical passed as affirmed: {passed} of {denied}"
    )
    return "\n".join(lines)


def in_terms_of(corpus: str, status: str) -> str:
    """A status as a corpus has it: PHEE knows three, and what the service reads is one of those."""
    read = Assertion(status)
    return COARSE_STATUSES.get(corpus, {}).get(read, read).value


def cost(cases: list[Case]) -> str:
    """Microseconds per relation for assertion, and per 1000 characters for sections."""
    notes = {case.note_id: case.text for case in cases}
    began = time.process_time()
    sections = {name: find_sections(text) for name, text in notes.items()}
    seconds = time.process_time() - began
    characters = sum(map(len, notes.values()))
    sentences = {name: split_sentences(text) for name, text in notes.items()}
    began = time.process_time()
    for case in cases:
        known = sections[case.note_id]
        assert_relation(case.text, sentences[case.note_id], case.drug, case.event, known)
    each = (time.process_time() - began) / len(cases)
    return (
        f"cost: assertion {1e6 * each:.0f} us per relation, sections "
        f"{1e9 * seconds / characters:.0f} us per 1000 characters"
    )


def main() -> None:
    """Print a table per corpus, half and reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=["dev", "test"], help="only this half")
    parser.add_argument("--model", type=Path, help="version of the relation model")
    parser.add_argument("--errors", action="store_true", help="list the rules' mistakes on dev")
    options = parser.parse_args()
    folder = os.environ.get("ADEWATCH_DATA_DIR")
    if not folder:
        raise SystemExit("set ADEWATCH_DATA_DIR to the folder that holds clinical_ade/ and phee/")
    own, _ = own_notes(NOTES)
    corpora = {"clinical": clinical(Path(folder)), "notes": own, "phee": phee(Path(folder))}
    scores: Scores = {}
    weights = HEAD_ALONE
    if options.model is not None:
        from tests.benchmarks.learned_statuses import learned_statuses  # imports torch

        everything = [
            case for halves in corpora.values() for part in halves.values() for case in part
        ]
        scores = learned_statuses(options.model, Path(folder), everything)
        weights = read_status_weights(json.loads((options.model / "card.json").read_text("utf-8")))
    for (corpus, halves), half in product(corpora.items(), ("dev", "test")):
        if options.half not in (None, half):
            continue
        cases = [case for case in halves[half] if not scores or case.key in scores]
        if not cases:
            continue
        if len(cases) < len(halves[half]):
            sys.stdout.write(f"{corpus} {half}: {len(cases)} of {len(halves[half])} scored\n")
        for name, reader in readers(scores, weights).items():
            confusion: Confusion = Counter()
            for case in cases:
                read = reader(case)
                confusion[case.status, in_terms_of(corpus, read)] += 1
                if options.errors and half == "dev" and name == "rules" and read != case.status:
                    sys.stdout.write(f"{case.status} read as {read}: {shown(case)}\n")
            sys.stdout.write(report(f"{corpus} {half}: {name}", confusion) + "\n")
    sys.stdout.write(cost(corpora["clinical"]["dev"]) + "\n")


def shown(case: Case) -> str:
    """Where a relation stands and what is around it."""
    text, low = case.text, min(case.drug.start, case.event.start)
    high = max(case.drug.end, case.event.end)
    names = f"{text[slice(*case.drug)]} -> {text[slice(*case.event)]}"
    around = text[max(0, low - 120) : low + 60] + " … " + text[max(low, high - 60) : high + 80]
    return f"{case.note_id} {names}: {around!r}"


if __name__ == "__main__":
    main()
