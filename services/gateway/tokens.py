"""Bearer tokens: who may send, and under which name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from services.core.errors import ConfigurationError

_LEAST = 16
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Tokens:
    """Names by token. Only digests are kept, so that looking one up tells nothing by its time."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {_digest(token): name for token, name in names.items()}

    def name_of(self, authorization: str) -> str | None:
        """The name behind an Authorization header; None if it is no known bearer token."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self._names.get(_digest(token.strip()))


def parse_tokens(text: str) -> Tokens:
    """Tokens from lines (or words) `name:token`. A name may have several, for rotation.

    Raises:
        ConfigurationError: no token, an unfit name, or a token that is too short.
    """
    names: dict[str, str] = {}
    for word in text.split():
        name, _, token = word.partition(":")
        if not _NAME.fullmatch(name):
            raise ConfigurationError("the name of a token is 1 to 64 of A-Z a-z 0-9 . _ -")
        if len(token) < _LEAST:
            raise ConfigurationError(f"token of {name}: fewer than {_LEAST} characters")
        names[token] = name
    if not names:
        raise ConfigurationError("there is no token for the FHIR endpoint")
    return Tokens(names)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
