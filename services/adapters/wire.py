"""The contracts as JSON on the wire.

One JSON object per message: UTF-8, keys in the order of the fields, no spaces, times in UTC with
"Z", counts as an object. The same message always gives the same bytes.

Reading is strict about types and lenient about growth: fields that are not known are ignored, an
older `schema_version` is upgraded step by step, a newer one is refused. Every refusal is an
`InvalidMessage` that names fields and kinds of errors and never a value, since values are patient
text.

    reason           the message ...
    not-json         is not UTF-8, not JSON, nested too deeply, or holds NaN or infinity
    not-an-object    is JSON, but not an object
    schema-too-new   was written by a later version of this service
    schema-invalid   lacks a field, or has one of the wrong type or range
    inconsistent     has fields that contradict each other (a span that ends before it starts)
    not-encodable    cannot be written: it holds NaN, infinity or half a surrogate pair
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from services.adapters.wire_checks import Contract, check
from services.core import contracts, signal_contracts
from services.core.errors import InvalidMessage

Payload = dict[str, object]
Upgrader = Callable[[Payload], Payload]
"""Takes a message of one schema version to the next; must not change its argument."""

T = TypeVar("T", bound=Contract)

SCHEMA_VERSIONS: Mapping[type[object], int] = {
    contracts.Note: contracts.NOTE_SCHEMA,
    contracts.Extraction: contracts.EXTRACTION_SCHEMA,
    contracts.PairDelta: contracts.PAIR_DELTA_SCHEMA,
    signal_contracts.Signal: signal_contracts.SIGNAL_SCHEMA,
    signal_contracts.Alert: signal_contracts.ALERT_SCHEMA,
    contracts.PatientMerge: contracts.MERGE_SCHEMA,
}


def _as_it_is(payload: Payload) -> Payload:
    """What the next version adds has a default."""
    return payload


def _signal_1_to_2(payload: Payload) -> Payload:
    """Before version 2 a snapshot had no hyperparameters, and no rule had a boundary."""
    return {**payload, "theta": None, "boundary": None}


UPGRADERS: Mapping[type[object], Mapping[int, Upgrader]] = {
    contracts.Extraction: {1: _as_it_is, 2: _as_it_is},
    signal_contracts.Signal: {1: _signal_1_to_2},
}
"""Per contract, the upgrader from each older schema version to the one after it."""

ADAPTERS: Mapping[type[object], TypeAdapter[Any]] = {
    cls: TypeAdapter(cls) for cls in SCHEMA_VERSIONS
}

_MAX_ERRORS_NAMED = 10


def encode(message: Contract) -> bytes:
    """The bytes of a message; equal messages give equal bytes.

    Raises:
        InvalidMessage: "not-encodable".
    """
    problem = ""
    try:
        text = json.dumps(
            _plain(message), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        return text.encode("utf-8")
    except UnicodeEncodeError:
        problem = "half a surrogate pair"
    except ValueError:
        problem = "a number that is not finite or a time without an offset"
    # Raised here and not in the handlers: the errors caught there hold the text.
    raise InvalidMessage("not-encodable", f"{type(message).__name__}: {problem}")


def decode(
    cls: type[T],
    data: bytes,
    *,
    upgraders: Mapping[int, Upgrader] | None = None,
    known_version: int | None = None,
) -> T:
    """Read a message of this or any older schema version.

    Args:
        cls: the contract to read.
        data: one JSON object.
        upgraders: from each older schema version to the next; the registered ones by default.
        known_version: the schema version of `cls`; the registered one by default.

    Raises:
        InvalidMessage: see the reasons at the top of this module.
    """
    payload = _parse(data)
    newest = SCHEMA_VERSIONS[cls] if known_version is None else known_version
    steps = UPGRADERS.get(cls, {}) if upgraders is None else upgraders
    upgraded = _without_unknown_counts(_upgrade(payload, newest, steps))
    exact = data if upgraded is payload else json.dumps(upgraded).encode()
    message = _validate(cls, exact)
    message = _in_utc(message)
    check(message)
    return message


def _plain(value: object) -> object:
    """Dataclasses and named tuples become objects, times strings, other values stay."""
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is not None:
            return {name: _plain(item) for name, item in zip(names, value, strict=True)}
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.value if isinstance(value, StrEnum) else value


def _parse(data: bytes) -> Payload:
    problem = ""
    try:
        payload = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        problem = str(error)  # position and kind of the error, never the input
    if problem:
        raise InvalidMessage("not-json", problem)
    if not isinstance(payload, dict):
        raise InvalidMessage("not-an-object", f"found {type(payload).__name__}")
    return payload


def _upgrade(payload: Payload, newest: int, steps: Mapping[int, Upgrader]) -> Payload:
    version = payload.get("schema_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InvalidMessage("schema-invalid", "schema_version: not a positive integer")
    if version > newest:
        raise InvalidMessage("schema-too-new", f"known up to schema version {newest}")
    for step in range(version, newest):
        if step not in steps:
            raise InvalidMessage("schema-invalid", f"no upgrade from schema version {step}")
        payload = {**steps[step](payload), "schema_version": step + 1}
    return payload


def _without_unknown_counts(payload: Payload) -> Payload:
    """pydantic ignores unknown fields of dataclasses, but not of named tuples."""
    counts = payload.get("counts")
    known = contracts.Table._fields
    if not isinstance(counts, dict) or set(counts) <= set(known):
        return payload
    return {**payload, "counts": {key: counts[key] for key in known if key in counts}}


def _validate(cls: type[T], data: bytes) -> T:
    try:
        message: T = ADAPTERS[cls].validate_json(data, strict=True)
        return message
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    named = [
        f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['type']}"
        for problem in problems[:_MAX_ERRORS_NAMED]
    ]
    raise InvalidMessage("schema-invalid", f"{cls.__name__}: {', '.join(named)}")


def _in_utc(message: T) -> T:
    """The message with its times in UTC.

    Raises:
        InvalidMessage: "schema-invalid" for a time without an offset or beyond the calendar.
    """
    changed: dict[str, datetime] = {}
    for item in fields(message):
        value = getattr(message, item.name)
        if isinstance(value, datetime):
            changed[item.name] = _utc(item.name, value)
    return replace(message, **changed)  # type: ignore[arg-type]


def _utc(name: str, value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise InvalidMessage("schema-invalid", f"{name}: timezone_naive")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        pass
    raise InvalidMessage("schema-invalid", f"{name}: outside the calendar")
