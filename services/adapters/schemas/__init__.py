"""JSON Schemas of the topics, generated from the contracts and checked in beside this file.

`python -m services.adapters.schemas` writes them anew; a test fails when they are out of date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from services.adapters import wire
from services.adapters.wire_checks import Contract
from services.core import contracts, signal_contracts

FOLDER = Path(__file__).parent

CONTRACTS: Mapping[str, type[Contract]] = {
    "note": contracts.Note,
    "extraction": contracts.Extraction,
    "pair_delta": contracts.PairDelta,
    "signal": signal_contracts.Signal,
    "alert": signal_contracts.Alert,
    "patient_merge": contracts.PatientMerge,
}


class _NamedTuplesAsObjects(GenerateJsonSchema):
    """Describes named tuples as `wire.encode` writes them."""

    def arguments_schema(self, schema: core_schema.ArgumentsSchema) -> JsonSchemaValue:
        described = self.kw_arguments_schema(schema["arguments_schema"], None)
        described.pop("additionalProperties", None)
        return described


def schemas() -> dict[str, str]:
    """File name to content, for every contract."""
    return {f"{name}.json": _schema(cls) for name, cls in CONTRACTS.items()}


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write all schemas into a folder.

    Returns:
        The files written.
    """
    written = []
    for name, content in schemas().items():
        path = folder / name
        path.write_text(content, encoding="utf-8")
        written.append(path)
    return written


def _schema(cls: type[Contract]) -> str:
    described = wire.ADAPTERS[cls].json_schema(schema_generator=_NamedTuplesAsObjects)
    dialect = {"$schema": GenerateJsonSchema.schema_dialect}
    return json.dumps(dialect | described, indent=2, ensure_ascii=False) + "\n"
