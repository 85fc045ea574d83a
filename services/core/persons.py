"""Pseudonyms that are one patient.

A merge says that two pseudonyms are one patient, and that is all it says to the counts: merges are
the edges of a graph, and patients its connected parts. So neither their order, nor repeats, nor
chains, nor contradictions in direction (A into B, later B into A) matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def joined(known: Mapping[str, str], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Patients after more merges.

    Args:
        known: the person per identity so far, complete for every person that it names.
        links: identities that are one patient.

    Returns:
        The person of every identity of either: the smallest identity of its connected part.
    """
    parent: dict[str, str] = {}

    def root(identity: str) -> str:
        parent.setdefault(identity, identity)
        while parent[identity] != identity:
            parent[identity] = parent[parent[identity]]
            identity = parent[identity]
        return identity

    for one, other in [*known.items(), *links]:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return {identity: root(identity) for identity in list(parent)}
