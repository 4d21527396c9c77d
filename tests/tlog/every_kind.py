"""Entries of every kind, made from their own schemas, so that a kind or key added later is tried too."""

from datetime import UTC
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from gateway.tlog import entries

KINDS: tuple[type[Any], ...] = get_args(entries.Entry)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
_OF: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    type(None): st.none(),
    entries.Instant: st.datetimes(timezones=st.just(UTC)).map(entries.instant),
    entries.Day: st.dates().map(lambda day: day.isoformat()),
    entries.Count: st.integers(0, 2**53 - 1),
    entries.Gov: st.integers(-1, 2**53 - 1),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    if hint in _OF:
        return _OF[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is dict:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=4)
    if origin is list:
        return st.lists(values(parts[0]), max_size=4)
    if origin in (UnionType, Union):
        return st.one_of(*map(values, parts))
    return of(hint)


def of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any entry of a kind, keys that may be left out left out or not."""
    hints = get_type_hints(kind, include_extras=True)
    fields = [(field.name, values(hints[field.name]), field.required) for field in msgspec.structs.fields(kind)]
    required = {name: value for name, value, must in fields if must}
    optional = {name: value for name, value, must in fields if not must}
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: kind(**given))


entries_of_every_kind = st.one_of(*map(of, KINDS))
