"""Whether the hot counts agree with the record."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.counts import CountDelta

_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """A count in which the hot counts differ from the record.

    Attributes:
        what: "pair", "drug", "event", "unattributed" or "total".
        name: the concepts; empty for the total.
    """

    what: str
    name: tuple[str, ...]
    record: int
    hot: int


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of comparing the hot counts with the record.

    Attributes:
        sequence: the ledger sequence at which both were read.
        compared: how many counts were compared.
        different: how many of them differ.
        examples: the first of those, at most 20.
    """

    sequence: int
    compared: int
    different: int
    examples: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether the hot counts are right."""
        return not self.different


def compare(sequence: int, record: CountDelta, hot: CountDelta) -> Verification:
    """Compare all counts, both being the state at `sequence`."""
    right, present = _flat(record), _flat(hot)
    keys = sorted(right.keys() | present.keys())
    differences = [
        Difference(what, name, right.get((what, name), 0), present.get((what, name), 0))
        for what, name in keys
        if right.get((what, name), 0) != present.get((what, name), 0)
    ]
    return Verification(
        sequence=sequence,
        compared=len(keys),
        different=len(differences),
        examples=tuple(differences[:_EXAMPLES]),
    )


def _flat(counts: CountDelta) -> dict[tuple[str, tuple[str, ...]], int]:
    return {
        ("total", ()): counts.total,
        **{("pair", tuple(pair)): number for pair, number in counts.pairs.items()},
        **{("drug", (drug,)): number for drug, number in counts.drugs.items()},
        **{("event", (event,)): number for event, number in counts.events.items()},
        **{("unattributed", tuple(pair)): number for pair, number in counts.unattributed.items()},
    }
