"""How well the assertion rules read clinical notes.

    ADEWATCH_DATA_DIR=... python tests/benchmarks/assertion_quality.py [--half dev] [--errors]

Reads `clinical_ade/notes.jsonl` below the data folder: notes with gold mentions and relations, each
relation with its status. The notes are split in halves with a fixed seed; the rules were written
with one half in view (`dev`), and the figures that count are those of the other (`test`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.core.assertion import assert_relation
from services.core.contracts import Assertion
from services.core.sentences import split_sentences
from services.core.spans import Span

SEED = 20260302
NOT_ASSERTED = ("negated", "hypothetical")
Confusion = Counter[tuple[str, str]]


def halves(notes: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The notes that have relations, as `dev` and `test`."""
    used = sorted((note for note in notes if note["relations"]), key=lambda note: note["note_id"])
    random.Random(SEED).shuffle(used)
    middle = len(used) // 2
    return {"dev": used[:middle], "test": used[middle:]}


def judged(notes: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """(gold, predicted, where and what) per relation."""
    for note in notes:
        text, mentions = note["text"], {item["id"]: item for item in note["mentions"]}
        sentences = split_sentences(text)
        for relation in note["relations"]:
            drug, event = (
                Span(mentions[relation[key]]["start"], mentions[relation[key]]["end"])
                for key in ("drug", "event")
            )
            found = assert_relation(text, sentences, drug, event)
            low, high = min(drug.start, event.start), max(drug.end, event.end)
            shown = (
                text[max(0, low - 120) : low + 60] + " … " + text[max(low, high - 60) : high + 80]
            )
            names = f"{text[drug.start : drug.end]} -> {text[event.start : event.end]}"
            yield relation["status"], found.value, f"{note['note_id']} {names}: {shown!r}"


def scores(confusion: Confusion) -> dict[str, tuple[int, float, float, float]]:
    """Per status that occurs in gold: support, precision, recall, F1."""
    table = {}
    for status in [item.value for item in Assertion]:
        right = confusion[status, status]
        gold = sum(count for (wanted, _), count in confusion.items() if wanted == status)
        said = sum(count for (_, found), count in confusion.items() if found == status)
        if gold:
            f1 = 2 * right / (gold + said)
            table[status] = (gold, right / said if said else 0.0, right / gold, f1)
    return table


def report(name: str, confusion: Confusion) -> str:
    """The table of one half."""
    table = scores(confusion)
    lines = [f"{name:14} {'gold':>5} {'prec':>6} {'recall':>6} {'F1':>6}"]
    lines += [f"{s:14} {n:5} {p:6.3f} {r:6.3f} {f:6.3f}" for s, (n, p, r, f) in table.items()]
    total = sum(confusion.values())
    right = sum(confusion[status, status] for status in table)
    macro = sum(row[3] for row in table.values()) / len(table)
    denied = sum(table[status][0] for status in NOT_ASSERTED if status in table)
    passed = sum(confusion[status, "affirmed"] for status in NOT_ASSERTED)
    lines += [
        f"{'macro':14} {total:5} {'':6} {'':6} {macro:6.3f}",
        f"accuracy {right / total:.3f}; negated or hypothetical that pass as affirmed: "
        f"{passed} of {denied}",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print a table per half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=["dev", "test"], help="only this half")
    parser.add_argument("--errors", action="store_true", help="list the mistakes of the dev half")
    options = parser.parse_args()
    folder = os.environ.get("ADEWATCH_DATA_DIR")
    if not folder:
        raise SystemExit("set ADEWATCH_DATA_DIR to the folder that holds clinical_ade/")
    lines = (Path(folder) / "clinical_ade" / "notes.jsonl").read_text("utf-8").splitlines()
    for name, notes in halves([json.loads(line) for line in lines if line]).items():
        if options.half in (None, name):
            results = list(judged(notes))
            confusion = Counter((gold, found) for gold, found, _ in results)
            sys.stdout.write(report(name, confusion) + "\n\n")
            if options.errors and name == "dev":
                for gold, found, where in results:
                    if gold != found:
                        sys.stdout.write(f"{gold} read as {found}: {where}\n")


if __name__ == "__main__":
    main()
