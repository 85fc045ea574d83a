"""Deterministic identities: the same thing gets the same name on every machine and every retry."""

from __future__ import annotations

import hashlib

_SEPARATOR = "\x1f"
_LENGTH = 32


def identity(kind: str, *parts: str | int) -> str:
    """Name a thing by what it is.

    Args:
        kind: what is named ("note", "extraction", "signal"); part of the hash.
        parts: the natural key, in a fixed order. Parts may contain any character: each is
            hashed with its length, so ("a", "bc") and ("ab", "c") differ.

    Returns:
        32 lower-case hexadecimal characters (128 bits of SHA-256).
    """
    digest = hashlib.sha256()
    for part in (kind, *parts):
        encoded = str(part).encode("utf-8", "surrogatepass")
        digest.update(f"{len(encoded)}{_SEPARATOR}".encode())
        digest.update(encoded)
    return digest.hexdigest()[:_LENGTH]


def note_key(source: str, note_id: str) -> str:
    """Identity of a document over all its versions."""
    return identity("note", source, note_id)


def extraction_id(source: str, note_id: str, version: int, retracted: bool) -> str:
    """Identity of what was read from one version of a note (its retraction is another thing)."""
    return identity("extraction", source, note_id, version, int(retracted))


def case_key(patient_key: str) -> str:
    """Identity of a patient, and of the one case of a patient whose episodes have no end."""
    return identity("case", patient_key)


def episode_key(person_key: str, first_note: str) -> str:
    """Identity of the case that a patient's episode is, by the key of its first counted note."""
    return identity("episode", person_key, first_note)


def signal_id(drug: str, event: str) -> str:
    """Identity of the signal of a pair."""
    return identity("signal", drug, event)


def transition_id(signal: str, revision: int) -> str:
    """Identity of one change of a signal."""
    return identity("transition", signal, revision)


def alert_id(transition: str, subscriber: str) -> str:
    """Identity of the message to one subscriber about one transition: the webhook's id."""
    return identity("alert", transition, subscriber)
