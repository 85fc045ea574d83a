"""Every error the service raises on purpose.

    AdewatchError
    ├── InvalidMessage          the input is wrong: dead-letter it, never retry it
    ├── DependencyUnavailable   something we call is away: stop consuming, retry, lose nothing
    │   └── DependencyTooSlow   it was asked and did not answer in time: ask for less
    ├── IntegrityError          our own books disagree: stop the stage, an operator must look
    │   ├── LedgerGap           a reader missed entries of the ledger and must read them first
    │   └── LedgerMismatch      the hot counts belong to another record, or are ahead of it
    └── ConfigurationError      a setting is missing, unsafe or contradictory: do not start

Messages never contain text of a note: they name fields, offsets, lengths and types.
"""

from __future__ import annotations


class AdewatchError(Exception):
    """Root of the tree."""


class InvalidMessage(AdewatchError):  # noqa: N818 - the name says what it is
    """An input that will never be processable.

    Args:
        reason: a stable, short code in kebab-case, fit for a metric label ("not-json").
        detail: what is wrong and where, without any text of the note.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class DependencyUnavailable(AdewatchError):  # noqa: N818
    """Triton, Kafka, Redis or the database did not answer in time.

    Args:
        dependency: its name ("triton", "kafka", "redis", "sql").
        detail: the kind of failure, without any text of the note.
    """

    def __init__(self, dependency: str, detail: str = "") -> None:
        super().__init__(f"{dependency} is unavailable: {detail}")
        self.dependency = dependency
        self.detail = detail


class DependencyTooSlow(DependencyUnavailable):
    """It was asked and did not answer in time: to ask for the same again makes it slower only."""


class IntegrityError(AdewatchError):
    """The service's own records contradict each other."""


class LedgerGap(IntegrityError):  # noqa: N818
    """Entries between the last applied one and the first offered one are missing."""


class LedgerMismatch(IntegrityError):  # noqa: N818
    """The hot counts were made from another ledger, or from a later state of this one."""


class ConfigurationError(AdewatchError):
    """A setting is missing, unsafe or contradictory."""
