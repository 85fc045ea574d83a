"""Answers of the FHIR endpoint: OperationOutcome, and the responses to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.core.reading import Refusal

Resource = dict[str, object]

_CODES: Mapping[str, str] = {
    "not-json": "structure",
    "not-utf8": "structure",
    "not-an-object": "structure",
    "fhir-invalid": "structure",
    "missing-field": "required",
    "too-large": "too-long",
    "unavailable": "transient",
    "unauthenticated": "login",
    "not-found": "not-found",
    "accepted": "informational",
}
_STATUS: Mapping[str, int] = {
    "not-json": 400,
    "not-utf8": 400,
    "not-an-object": 400,
    "too-large": 413,
    "unsupported-format": 415,
}
_UNPROCESSABLE = 422


def status_of(reason: str) -> int:
    """The HTTP status of a refusal."""
    return _STATUS.get(reason, _UNPROCESSABLE)


def issue(severity: str, reason: str, detail: str, expression: str | None = None) -> Resource:
    """One issue: its kind by FHIR's code list, our reason, and a detail without any content."""
    unsupported = "not-supported" if reason.startswith("unsupported-") else "invalid"
    found: Resource = {
        "severity": severity,
        "code": _CODES.get(reason, unsupported),
        "diagnostics": f"{reason}: {detail}" if detail else reason,
    }
    return {**found, "expression": [expression]} if expression else found


def operation_outcome(*issues: Resource) -> Resource:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def refusals(refused: Sequence[Refusal], severity: str, *, in_bundle: bool) -> list[Resource]:
    """An issue per unreadable part."""
    return [
        issue(
            severity,
            item.reason,
            item.detail,
            f"Bundle.entry[{item.position}]" if in_bundle else None,
        )
        for item in refused
    ]


def batch_response(kind: str, entries: int, refused: Sequence[Refusal]) -> Resource:
    """The response to a batch or transaction: a status per entry, in order."""
    # What stands beside a note that was read comes last, so that it hides no refused entry.
    first = sorted(refused, key=lambda item: item.partly, reverse=True)
    problems = {item.position: item for item in first}
    return {
        "resourceType": "Bundle",
        "type": f"{kind}-response",
        "entry": [_entry(problems.get(position)) for position in range(entries)],
    }


def _entry(problem: Refusal | None) -> Resource:
    if problem is None:
        return {"response": {"status": "201 Created"}}
    if problem.partly:
        warning = operation_outcome(issue("warning", problem.reason, problem.detail))
        return {"response": {"status": "201 Created", "outcome": warning}}
    outcome = operation_outcome(issue("error", problem.reason, problem.detail))
    status = str(status_of(problem.reason))
    return {"response": {"status": status, "outcome": outcome}}
