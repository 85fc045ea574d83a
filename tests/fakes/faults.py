"""Failures at chosen calls, before or after the call had its effect."""

from __future__ import annotations

from services.core.errors import DependencyUnavailable


class Faults:
    """A plan of failures: each planned one happens once, at the next call of that name.

    "apply" fails before the call has any effect, "apply:done" after it, like a lost answer or a
    process killed right behind it.
    """

    def __init__(self) -> None:
        self.planned: list[str] = []

    def at(self, step: str) -> None:
        """Fail at this step if that was planned."""
        if step in self.planned:
            self.planned.remove(step)
            raise DependencyUnavailable("fake", step)
