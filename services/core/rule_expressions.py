"""Rules as a setting spells them: a preset, or presets combined.

evans                                the preset
all(evans, umc-ic025)                an SDR by every one of them
any(fda-eb05, all(mhra, ema))        an SDR by at least one; combinations may be nested
"""

from __future__ import annotations

import re

from services.core.errors import ConfigurationError
from services.core.rules import Rule, all_of, any_of, preset

_TOKEN = re.compile(r"\s*([A-Za-z0-9-]+|[(),])")
_COMBINE = {"all": all_of, "any": any_of}
_MAX_LENGTH = 500


def parse_rule(text: str) -> Rule:
    """The rule that an expression names.

    Raises:
        ConfigurationError: it is no expression, names an unknown rule, or combines fewer than two.
    """
    if len(text) > _MAX_LENGTH:
        raise ConfigurationError("the rule is no expression: it is too long")
    tokens = _Tokens(text)
    rule = _rule(tokens)
    if tokens.next is not None:
        raise tokens.unexpected()
    return rule


class _Tokens:
    """Words, parentheses and commas, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._end = 0
        self.next: str | None = None
        self.advance()

    def advance(self) -> str | None:
        """Take the next token."""
        taken = self.next
        found = _TOKEN.match(self._text, self._end)
        if found is None and self._end < len(self._text):
            raise self.unexpected()
        self.next = found.group(1) if found else None
        self._end = found.end() if found else len(self._text)
        return taken

    def expect(self, token: str) -> None:
        """Take this token and no other."""
        if self.next != token:
            raise self.unexpected()
        self.advance()

    def unexpected(self) -> ConfigurationError:
        """What to raise where the expression goes wrong."""
        return ConfigurationError(
            f"the rule {self._text!r} is no expression: write a name, all(a, b) or any(a, b)"
        )


def _rule(tokens: _Tokens) -> Rule:
    name = tokens.advance()
    if name is None or name in "(),":
        raise tokens.unexpected()
    if name not in _COMBINE or tokens.next != "(":
        return preset(name)
    tokens.expect("(")
    parts = [_rule(tokens)]
    while tokens.next == ",":
        tokens.advance()
        parts.append(_rule(tokens))
    tokens.expect(")")
    return _COMBINE[name](*parts)
