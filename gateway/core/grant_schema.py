"""JSON Schema (2020-12) of exactly what a partner receives under one grant, after transforms."""

from collections.abc import Mapping
from typing import Any

from gateway.core.policy import Field, Grant, Transform
from gateway.core.transforms import MASK

_AFTER: dict[Transform, dict[str, Any]] = {
    "mask": {"const": MASK},
    "prefecture": {"type": "string", "pattern": "^[0-9]{2}$"},
    "municipality": {"type": "string", "pattern": "^[0-9]{5}$"},
    "postal_3": {"type": "string", "pattern": "^[0-9]{3}$"},
    "birth_year": {"type": "string", "pattern": "^[0-9]{4}$"},
    "age_band": {"type": "string", "pattern": "^([0-9]-[0-9]|[1-8]0-[1-8]9|90\\+)$"},
    "phone_last4": {"type": "string", "pattern": "^[0-9]{4}$"},
    "pairwise_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
}


def grant_schema(grant: Grant, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the schema of one released `data` object; a request asks for some of these fields and gets just those."""
    properties = {
        name: _property(fields[name], transform) for name, transform in grant.fields.items() if transform != "drop"
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": grant.id,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _property(field: Field, transform: Transform) -> dict[str, Any]:
    made = dict(_plain(field) if transform == "as_is" else _AFTER[transform])
    if transform == "pairwise_id" or not (field.nullable or transform == "phone_last4"):
        return made | {"title": field.ja, "description": field.en}
    return {"anyOf": [made, {"type": "null"}], "title": field.ja, "description": field.en}


def _plain(field: Field) -> dict[str, Any]:
    match field.type:
        case "boolean" | "integer":
            return {"type": field.type}
        case "enum":
            return {"enum": list(field.codes)}
        case "date":
            return {"type": "string", "format": "date"}
        case "digits" | "jis_x0402":
            return {"type": "string", "pattern": f"^[0-9]{{{field.length}}}$"}
        case _:
            limits = {"maxLength": field.max_length, "pattern": field.pattern}
            return {"type": "string"} | {name: value for name, value in limits.items() if value is not None}
