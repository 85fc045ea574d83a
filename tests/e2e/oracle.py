"""What the counts and signals must be, computed anew from the extractions and merges alone.

Shares no code with the service: plain dictionaries, loops, and the formulas of
Evans (2001).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

COUNTED = {"affirmed", "historical"}

Extraction = dict[str, Any]
Merge = dict[str, Any]
PairName = tuple[str, str]


@dataclass
class Counts:
    """Cases per pair, drug and event, and all cases.

    `unattributed`: cases with the drug and the event in which another drug had the event.
    """

    pairs: Counter[PairName] = field(default_factory=Counter)
    drugs: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    unattributed: Counter[PairName] = field(default_factory=Counter)
    total: int = 0


def pairs_of(extraction: Extraction) -> set[PairName]:
    """The counted pairs of one extraction."""
    concepts = {mention["mention_id"]: mention["concept"] for mention in extraction["mentions"]}
    return {
        (concepts[relation["drug_id"]], concepts[relation["event_id"]])
        for relation in extraction["relations"]
        if relation["assertion"] in COUNTED
    }


def standing(extractions: Iterable[Extraction]) -> list[Extraction]:
    """Of each note the extraction that holds: the highest version, of equals the first."""
    winners: dict[tuple[str, str], Extraction] = {}
    for extraction in extractions:
        key = (extraction["source"], extraction["note_id"])
        known = winners.get(key)
        if known is None or _precedence(extraction) > _precedence(known):
            winners[key] = extraction
    return list(winners.values())


def names_of_patients(merges: Iterable[Merge]) -> dict[str, set[str]]:
    """All names of the patient of each name that a merge has."""
    names: dict[str, set[str]] = {}
    for merge in merges:
        one, other = merge["surviving"], merge["retired"]
        together = names.get(one, {one}) | names.get(other, {other})
        names.update(dict.fromkeys(together, together))
    return names


def count(extractions: Iterable[Extraction], merges: Iterable[Merge] = ()) -> Counts:
    """Each pair once per patient."""
    names = names_of_patients(merges)
    patients: dict[str, set[PairName]] = defaultdict(set)
    for extraction in standing(extractions):
        key = extraction["patient_key"]
        patients[min(names.get(key, {key}))] |= pairs_of(extraction)
    counts = Counts()
    for pairs in patients.values():
        counts.pairs.update(pairs)
        drugs, events = {drug for drug, _ in pairs}, {event for _, event in pairs}
        counts.drugs.update(drugs)
        counts.events.update(events)
        for drug in drugs:
            for event in events:
                if (drug, event) not in pairs:
                    counts.unattributed[drug, event] += 1
        counts.total += bool(pairs)
    return counts


def signals(counts: Counts) -> set[PairName]:
    """Pairs with PRR ≥ 2, χ² (Yates) ≥ 4 and at least 3 cases."""
    return {pair for pair, n11 in counts.pairs.items() if _evans(pair, n11, counts)}


def _evans(pair: PairName, n11: int, counts: Counts) -> bool:
    a, b = n11, counts.drugs[pair[0]] - n11
    # Cases with the event and without the drug.
    c = counts.events[pair[1]] - counts.unattributed[pair] - n11
    d = counts.total - a - b - c
    if a < 3 or c + d == 0 or _chi2(a, b, c, d) < 4:
        return False
    # An event that no other drug ever had makes the ratio infinite.
    return c == 0 or (a / (a + b)) / (c / (c + d)) >= 2


def _chi2(a: int, b: int, c: int, d: int) -> float:
    n = a + b + c + d
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    return float(n * max(abs(a * d - b * c) - n / 2, 0) ** 2 / margins)


def _precedence(extraction: Extraction) -> tuple[int, bool]:
    return (extraction["version"], extraction["status"] == "retracted")
