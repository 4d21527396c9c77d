"""一件: one entry of the log with all that stands behind it: request, keys, agreement, version, each field, the proof."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import LOG, OVERSIGHT, POLICY
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.transfers.chain import chain_of
from gateway.console.transfers.names import Names, names_of
from gateway.console.visit import Visit, require
from gateway.jose import rfc4648
from gateway.tlog.checkpoint import stated
from gateway.tlog.entries import Denial, Entry, Release, decode
from gateway.tlog.merkle import leaf_hash

Standing = Literal["delivered", "unconfirmed"]
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_PEOPLE: Final = frozenset({"by", "approver", "proposer", "person", "deputy_for"})
_ENTRIES: Final = frozenset({"gov", "source"})
_MOST: Final = 10**15


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an entry says, as it is shown, and where it leads."""

    name: str
    text: str
    instant: datetime | None = None
    href: str = ""
    code: bool = False


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands in the log; `entry` is None for bytes that no schema of ours allows."""

    index: int
    data: bytes
    entry: Entry | None
    size: int
    """How many entries the log has."""


async def show(request: Request) -> Response:
    """Show an entry of any kind."""
    visit = require(request, *LOG)
    stored = await stored_at(visit, request.path_params["index"])
    oversight, entry, names = visit.desk.overseeing, stored.entry, await names_of(visit)
    note = await oversight.publications.checkpoint(visit.coop)
    signed = 0 if note is None else stated(note).size
    of_request = isinstance(entry, Release | Denial)
    standing: Standing | None = None
    kept = False
    if isinstance(entry, Release):
        handed = await oversight.deliveries.delivered(visit.coop, [stored.index])
        standing = "delivered" if handed else "unconfirmed"
        kept = await oversight.kept_requests.of_entry(visit.coop, stored.index) is not None
    return page(
        request,
        "transfer.html",
        stored=stored,
        entry=entry,
        time=None if entry is None else datetime.fromisoformat(entry.time),
        of_request=of_request,
        names=names,
        chain=chain_of(visit, entry, names) if isinstance(entry, Release | Denial) else None,
        facts=[] if entry is None else list(_facts(visit, entry, names)),
        standing=standing,
        kept=kept,
        opens=bool(set(visit.roles_now) & set(OVERSIGHT)),
        reads_policy=bool(set(visit.roles_now) & set(POLICY)),
        signed=signed,
        provable=stored.index < signed,
        leaf=rfc4648.encode(leaf_hash(stored.data)),
        path=f"/{visit.coop}/transfers",
        instant=datetime.fromisoformat,
    )


ROUTES: Final = (Route("/{coop}/transfers/{index:int}", show, methods=["GET"]),)
"""For `PAGES` of app.py."""


async def stored_at(visit: Visit, index: int) -> Stored:
    """Return the entry at an index. Raises Refusal 404 where there is none, Unavailable."""
    log = visit.desk.overseeing.log
    size = (await log.head(visit.coop)).next_index
    if index >= min(size, _MOST):
        raise Refusal(404, "transfers.no_entry")
    [data] = await log.entries(visit.coop, index, 1)
    try:
        entry = decode(data)
    except ValueError:
        entry = None
    return Stored(index=index, data=data, entry=entry, size=size)


def _facts(visit: Visit, entry: Entry, names: Names) -> Iterator[Fact]:
    """Return all that an entry says beyond its kind, co-op and time, in the order of its schema."""
    said: dict[str, Any] = msgspec.to_builtins(entry)
    for key in entry.__struct_fields__:
        if key in {"coop", "time"} or key not in said or said[key] is None:
            continue
        label = f"transfers.fact.{key}"
        name = visit.texts(label).unescape() if visit.texts.has(label) else key
        yield from _shown(visit, key, name, said[key], names)


def _shown(visit: Visit, key: str, name: str, value: Any, names: Names) -> Iterator[Fact]:
    people = visit.people
    match value:
        case str() if key in _PEOPLE:
            yield Fact(name=name, text=people[value].name if value in people else value)
        case str() if key == "partner":
            href = f"/{visit.coop}/partners/{value}" if value in names.partners else ""
            yield Fact(name=name, text=names.partners.get(value, value), href=href)
        case str() if key == "proposal" and set(visit.roles_now) & set(POLICY):
            yield Fact(name=name, text=value, href=f"/{visit.coop}/proposals/{value}", code=True)
        case str() if _INSTANT.fullmatch(value):
            yield Fact(name=name, text="", instant=datetime.fromisoformat(value))
        case str() if key == "purpose":
            yield Fact(name=name, text=f"{value} {names.purposes.get(value, '')}".strip())
        case str() if key == "reason":
            yield Fact(name=name, text=value)
        case bool():
            yield Fact(name=name, text=visit.texts("exports.yes" if value else "exports.no").unescape())
        case int() if key in _ENTRIES and value >= 0:
            yield Fact(name=name, text=str(value), href=f"/{visit.coop}/transfers/{value}")
        case dict() | list():
            yield Fact(name=name, text=msgspec.json.encode(value).decode(), code=True)
        case _:
            yield Fact(name=name, text=str(value), code=True)
