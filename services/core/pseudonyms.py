"""Keyed pseudonyms of patients.

    pseudonym = <name of the key>-<first 128 bits of HMAC-SHA256(key, namespace and identifier)>

Without the key a pseudonym cannot be traced back, nor be found by hashing all numbers (a plain
hash can: hospital numbers are few). Keys rotate: the first one is current, the others are older
ones whose pseudonyms may still be in the record. See deploy/decisions/0009.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.core.contracts import PatientMerge
from services.core.errors import ConfigurationError

_DIGITS = 32
_LEAST_SECRET = 16
_NAME = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Key:
    """A named secret of at least 16 characters."""

    name: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A patient: `key` as it is named now; `older` are names that the record may still have, under
    earlier keys or from before the authority of its number was known."""

    key: str
    older: tuple[str, ...] = ()

    def merges(self, source: str, occurred_at: datetime) -> tuple[PatientMerge, ...]:
        """That the older pseudonyms are this patient too."""
        return self.absorbing(self, source, occurred_at)

    def absorbing(
        self, other: Pseudonym, source: str, occurred_at: datetime
    ) -> tuple[PatientMerge, ...]:
        """That another one, and the older pseudonyms of both, are this patient too."""
        return tuple(
            PatientMerge(source=source, surviving=self.key, retired=name, occurred_at=occurred_at)
            for name in dict.fromkeys([other.key, *other.older, *self.older])
            if name != self.key
        )


class Pseudonymiser:
    """Names patients.

    Args:
        keys: the current key first.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise ConfigurationError("there is no key for pseudonyms")
        self._keys = tuple(keys)

    def pseudonym(self, namespace: str, identifier: str) -> Pseudonym:
        """The patient with an identifier of a namespace (the authority that gave it out).

        Args:
            namespace: leading and trailing spaces do not count.
            identifier: as the source writes it; spaces around it do not count.
        """
        message = _joined(namespace.strip(), identifier.strip())
        current, *older = (
            f"{key.name}-{hmac.new(key.secret, message, hashlib.sha256).hexdigest()[:_DIGITS]}"
            for key in self._keys
        )
        return Pseudonym(current, tuple(older))


def parse_keys(text: str) -> tuple[Key, ...]:
    """Keys from lines (or words) `name:secret`, the current one first.

    Raises:
        ConfigurationError: no key, a doubled or unfit name, or a secret that is too short or not
            UTF-8. It gives the place of the key from 1: what is read as its name may be secret.
    """
    keys: list[Key] = []
    for place, word in enumerate(text.split(), start=1):
        name, _, secret = word.partition(":")
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"key {place}: its name is not 1 to 16 of a-z and 0-9")
        if len(secret) < _LEAST_SECRET:
            raise ConfigurationError(
                f"key {place}: after its name and a colon, fewer than {_LEAST_SECRET} characters"
            )
        if name in {key.name for key in keys}:
            raise ConfigurationError(f"key {place}: an earlier one has its name")
        try:
            keys.append(Key(name, secret.encode()))
        except UnicodeEncodeError:
            raise ConfigurationError(f"key {place}: not UTF-8") from None
    if not keys:
        raise ConfigurationError("there is no key for pseudonyms")
    return tuple(keys)


def _joined(*parts: str) -> bytes:
    """Parts with their lengths, so that ("a", "bc") and ("ab", "c") differ."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(b"%d:%b" % (len(part), part) for part in encoded)
