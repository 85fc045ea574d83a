"""The gold relations that the benchmark of assertion reads, as one kind of value.

Three corpora, each with a part that rules may be written with (`dev`) and one that only measures
(`test`): the clinical notes and our own, divided as their readers say, and PHEE (`train` and `dev`
of its own split).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.core.contracts import Assertion
from services.core.spans import Span
from training.corpora.adewatch import only_measures
from training.corpora.clinical import seen_by_rules

_MARK = re.compile(r"\{([DAT]\d+)(?::([a-z]+))?\|")
_HEADER = re.compile(r"^=== note (\S+).*?patient [a-z]*(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One gold relation; `status` is what the annotator says of it."""

    note_id: str
    text: str
    drug: Span
    event: Span
    status: str

    @property
    def key(self) -> str:
        """Identity among all cases."""
        return (
            f"{self.note_id}:{self.drug.start}-{self.drug.end}:{self.event.start}-{self.event.end}"
        )


@dataclass(frozen=True, slots=True)
class Trap:
    """A phrase that looks like an event of a drug of its note and is none."""

    note_id: str
    text: str
    kind: str
    span: Span
    drugs: tuple[Span, ...]


def clinical(folder: Path) -> dict[str, list[Case]]:
    """The clinical notes that have relations, halved."""
    lines = (folder / "clinical_ade" / "notes.jsonl").read_text("utf-8").splitlines()
    notes = [json.loads(line) for line in lines if line]
    used = [note for note in notes if note["relations"]]
    seen = seen_by_rules(note["note_id"] for note in used)
    cases: dict[str, list[Case]] = {"dev": [], "test": []}
    for note in used:
        cases["dev" if note["note_id"] in seen else "test"] += _clinical_cases(note)
    return cases


def _clinical_cases(note: dict[str, Any]) -> Iterator[Case]:
    spans = {item["id"]: Span(item["start"], item["end"]) for item in note["mentions"]}
    for relation in note["relations"]:
        drug, event = spans[relation["drug"]], spans[relation["event"]]
        yield Case(note["note_id"], note["text"], drug, event, relation["status"])


def own_notes(folder: Path) -> tuple[dict[str, list[Case]], dict[str, list[Trap]]]:
    """Relations and traps of our own notes; empty where the folder holds none."""
    cases: dict[str, list[Case]] = {"dev": [], "test": []}
    traps: dict[str, list[Trap]] = {"dev": [], "test": []}
    for path in sorted(folder.glob("*.txt")):
        source = path.read_text("utf-8")
        heads = list(_HEADER.finditer(source))
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            body = source[head.end() : following.start() if following else len(source)]
            body = body.split("\n", 1)[1]
            half = "test" if only_measures(head[2]) else "dev"
            marked, _, rest = body.partition("\n--- relations\n")
            if not rest:
                marked = marked.partition("\n--- ")[0]
            text, spans, kinds = _unmarked(marked)
            drugs = tuple(span for name, span in spans.items() if name[0] == "D")
            for line in rest.partition("---")[0].split("\n"):
                if line.strip():
                    drug, _, event, status = line.split()
                    cases[half].append(Case(head[1], text, spans[drug], spans[event], status))
            traps[half] += [
                Trap(head[1], text, kind, spans[name], drugs) for name, kind in kinds.items()
            ]
    return cases, traps


def _unmarked(marked: str) -> tuple[str, dict[str, Span], dict[str, str]]:
    """Text without marks, the span of each mark, and the kind of each trap."""
    pieces: list[str] = []
    spans: dict[str, Span] = {}
    kinds: dict[str, str] = {}
    open_marks: list[tuple[str, int]] = []
    size = position = 0
    while position < len(marked):
        mark = _MARK.match(marked, position)
        if mark:
            open_marks.append((mark[1], size))
            if mark[2]:
                kinds[mark[1]] = mark[2]
            position = mark.end()
        elif marked[position] == "}" and open_marks:
            name, start = open_marks.pop()
            spans[name] = Span(start, size)
            position += 1
        else:
            pieces.append(marked[position])
            size += 1
            position += 1
    return "".join(pieces), spans, kinds


def phee(folder: Path) -> dict[str, list[Case]]:
    """Adverse events of PHEE with a drug and an effect, one case per event.

    Status: negated or uncertain as its attributes say, else affirmed.
    """
    return {
        half: [
            case
            for line in (folder / "phee" / name).read_text("utf-8").splitlines()
            for case in _phee_cases(json.loads(line))
        ]
        for half, name in (("dev", "train.json"), ("test", "dev.json"))
    }


def _phee_cases(record: dict[str, Any]) -> Iterator[Case]:
    for event in (item for block in record["annotations"] for item in block["events"]):
        drug = event.get("Treatment", {}).get("Drug") or event.get("Treatment")
        effect = event.get("Effect") or event.get("Trigger")
        if event["event_type"] != "Adverse_event" or not drug or not effect:
            continue
        status = Assertion.AFFIRMED.value
        if _attribute(event, "Speculated"):
            status = Assertion.UNCERTAIN.value
        if _attribute(event, "Negated"):
            status = Assertion.NEGATED.value
        yield Case(record["id"], record["context"], _first(drug), _first(effect), status)


def _attribute(event: dict[str, Any], name: str) -> bool:
    value = event.get(name)
    return bool(value and value.get("value", True))


def _first(argument: dict[str, Any]) -> Span:
    start, words = argument["start"][0][0], argument["text"][0][0]
    return Span(start, start + len(words))
