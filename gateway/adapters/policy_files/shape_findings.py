"""From a shape that does not fit to a finding with file, line and mend."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.adapters.policy_files.finding import Finding, tell
from gateway.adapters.policy_files.strict_yaml import Parsed, Path
from gateway.adapters.policy_files.words_shape import SHAPE

_SHOWN = 60
_WANTED = {
    "bool_type": "true / false",
    "int_type": "123",
    "date_type": "2026-04-01",
    "tuple_type": "[…, …]",
    "dict_type": "{…: …}",
    "model_type": "{…: …}",
    "string_type": '"…"',
}

_BOUNDS = {"pattern": "", "ge": ">=", "le": "<=", "min_length": "length >=", "max_length": "length <="}


def problem_findings(parsed: Parsed, file: str) -> list[Finding]:
    """Return what the strict reading of the file refused."""
    return [
        tell(SHAPE[p.state], state=p.state, file=file, place=p.place, subject=p.subject[:_SHOWN])
        for p in parsed.problems
    ]


def shape_findings(error: ValidationError, parsed: Parsed, file: str) -> list[Finding]:
    """Return one finding per place whose shape does not fit."""
    found: dict[tuple[Path, str], Finding] = {}
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"], parsed)
        state, subject, other = _state(detail, str(path[-1]) if path else "document")
        # A union tells one error per member; a place is told once, but each missing key of it.
        key = (path, subject if state == "missing_key" else "")
        if key not in found:
            found[key] = tell(
                SHAPE[state], state=state, file=file, place=parsed.place(path), subject=subject, other=other
            )
    return list(found.values())


def _state(detail: ErrorDetails, name: str) -> tuple[str, str, str]:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    match kind:
        case "missing":
            return "missing_key", str(detail["loc"][-1]), ""
        case "extra_forbidden":
            return "unknown_key", name, ""
        case "string_type" if not isinstance(value, (dict, tuple)) and value is not None:
            return "text_meant", name, _shown(value)
        case "literal_error" | "enum":
            return "not_one_of", name, str(context["expected"])
        case "union_tag_invalid":
            return "not_one_of", name, str(context["expected_tags"])
        case "union_tag_not_found":
            return "missing_key", "kind", ""
        case "check_digit" | "no_such_instant" | "no_such_day":
            return kind, _shown(value), ""
        case "days_reversed" | "era_needed" | "yes_and_no" | "fixed_columns" | "fixed_outside" | "csv_columns":
            return kind, name, ""
        case "days_many":
            return kind, name, str(context["most"])
        case "no_such_fact" | "two_places":
            return kind, name, ""
        case _ if kind in _WANTED:
            return "wrong_type", name, _WANTED[kind]
    return "wrong_form", name, ", ".join(f"{_BOUNDS[bound]} {context[bound]}" for bound in _BOUNDS if bound in context)


def _path(loc: tuple[int | str, ...], parsed: Parsed) -> Path:
    """Return the part of a location that stands in the file; names of union members and `[key]` do not."""
    path: Path = ()
    for part in loc:
        if (*path, part) in parsed.places:
            path = (*path, part)
    return path


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text[:_SHOWN]
