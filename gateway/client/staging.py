"""What of an export is here: the parts, each in a file of its own, and which ones, in a file that names nobody.

    members.csv.export.json     the export, the request it answers, the parts that are here (no member's code or value)
    members.csv.part/           000001.json, … one part each, verified; removals.json; only the owner can enter

A part counts once it is on the disk and the state says so, in this order: an end in between costs that part's fetch and
nothing else. So does whatever becomes of its file meanwhile: what is not there as it was written is fetched again.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from gateway.client import disk
from gateway.client.compact import b64u, json_object, unb64u
from gateway.client.config import Ask, Config
from gateway.client.disk import Disk
from gateway.client.errors import AnswerRejected, FileError
from gateway.client.exports import Export, Part, known_id
from gateway.client.results import Removal

VERSION: Final = 2
LOCK: Final = "lock"
"""In the folder: who has it locked is the only process at work on the target."""

Record: TypeAlias = tuple[str, dict[str, Any]]
"""A member and its data."""

_RECORDS = msgspec.json.Decoder(list[Record])
_REMOVALS = msgspec.json.Decoder(list[tuple[str, Literal["delete", "stop_using"], str]])


@dataclass(frozen=True, slots=True)
class Kept:
    """One part that is here: SHA-256 of its sealed body and of its file, the body's size, and its records."""

    n: int
    sha256: bytes = field(repr=False)
    file_sha256: bytes = field(repr=False)
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class State:
    """How far a download is. `of` and what follows it come with the last part; `written` when the target is in place."""

    export: Export
    since_given: str | None
    """SHA-256 of the token that the delta was asked with; None for the whole population."""
    parts: tuple[Kept, ...] = ()
    of: int | None = None
    since: str | None = field(default=None, repr=False)
    removals: int = 0
    removals_sha256: bytes | None = field(default=None, repr=False)
    resync: bool = False
    verified: bool = False
    written: bool = False
    replaced: int = 0
    target_sha256: str | None = None
    """Of the target as it was written, in hexadecimal."""

    @property
    def records(self) -> int:
        return sum(part.records for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def missing(self) -> int | None:
        """The first part that is not here; None when all are."""
        here = {part.n for part in self.parts}
        first = next(n for n in range(1, len(here) + 2) if n not in here)
        return None if self.of is not None and first > self.of else first


class Staging:
    """The two places beside a target where a download is under way."""

    def __init__(self, target: Path, disk: Disk) -> None:
        self.disk = disk
        self.state_file = target.with_name(f"{target.name}.export.json")
        self.folder = target.with_name(f"{target.name}.part")

    def load(self, config: Config) -> State | None:
        """The state of a download that was begun for this client; None where there is none. Raises FileError."""
        data = disk.read(self.state_file)
        if data is None:
            return None
        try:
            document = json_object(data)
            state = _state(document)
        except (ValueError, KeyError, TypeError):
            raise FileError(str(self.state_file), "is not what a download writes; remove it and its folder") from None
        if document.get("client") != _client(config):
            raise FileError(str(self.state_file), "belongs to another client, agreement or gateway")
        here = tuple(part for part in state.parts if self._is_here(state, part))
        return replace(state, parts=here, verified=state.verified and len(here) == len(state.parts))

    def save(self, state: State, config: Config) -> None:
        """Make a state durable."""
        self.disk.write(self.state_file, json.dumps(_document(state, config), indent=1).encode("ascii") + b"\n")

    def keep(self, state: State, part: Part) -> State:
        """Make a part durable, in place of an earlier one of its number; the state that is returned is not saved yet."""
        try:
            content = msgspec.json.encode([(result.member, result.data) for result in part.results])
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can say and no text can hold
            raise AnswerRejected("results", "a value is no Unicode text") from None
        self.disk.write(self._file(part.n), content)
        kept = Kept(part.n, part.sha256, hashlib.sha256(content).digest(), part.size, part.records)
        parts = sorted([*(one for one in state.parts if one.n != part.n), kept], key=lambda one: one.n)
        state = replace(state, parts=tuple(parts), verified=False)
        if part.of is None:
            return state
        told = msgspec.json.encode([(one.member, one.duty, one.due) for one in part.removals])
        self.disk.write(self._removals, told)
        return replace(
            state,
            of=part.of,
            since=part.since,
            removals=len(part.removals),
            removals_sha256=hashlib.sha256(told).digest(),
            resync=part.resync,
        )

    def records(self, part: Kept) -> Sequence[Record]:
        """The members of a part that is here, and their data. Raises FileError where its file was changed since."""
        return _RECORDS.decode(_as_written(self._file(part.n), part.file_sha256))

    def removals(self, state: State) -> Iterator[Removal]:
        """Who is to be removed, once the last part is here. Raises FileError where their file was changed since."""
        for member, duty, due in _REMOVALS.decode(_as_written(self._removals, state.removals_sha256)):
            yield Removal(member, duty, due)

    def clear(self, *, but_lock: bool = False) -> None:
        """Take away what is under way: first the state, so that nothing is ever taken up from half of it.

        With `but_lock` the folder stays, and the lock in it: another process must not have the target yet.
        """
        self.disk.remove(self.state_file)
        self.disk.settle(self.state_file.parent)
        if but_lock:
            self.disk.remove(*(one for one in self.folder.iterdir() if one.name != LOCK))
        else:
            self.disk.remove(self.folder)

    def _file(self, n: int) -> Path:
        return self.folder / f"{n:06d}.json"

    @property
    def _removals(self) -> Path:
        return self.folder / "removals.json"

    def _is_here(self, state: State, part: Kept) -> bool:
        try:
            _as_written(self._file(part.n), part.file_sha256)
            if part.n == state.of:  # which has the removals with it
                _as_written(self._removals, state.removals_sha256)
        except FileError:
            return False
        return True


def _as_written(path: Path, sha256: bytes | None) -> bytes:
    """The content of a file. Raises FileError where it is not what was written."""
    data = disk.read(path)
    if data is None or hashlib.sha256(data).digest() != sha256:
        raise FileError(str(path), "is gone or changed since it was fetched; run the same command again")
    return data


def digest(since: str | None) -> str | None:
    """What a state keeps of the token that a delta was asked with."""
    return None if since is None else hashlib.sha256(since.encode()).hexdigest()


def _client(config: Config) -> dict[str, str]:
    names = ("issuer", "resource", "client_id", "coop", "agreement")
    return {name: getattr(config, name) for name in names}


def _document(state: State, config: Config) -> dict[str, Any]:
    export = state.export
    return {
        "version": VERSION,
        "client": _client(config),
        "ask": {
            "purpose": export.ask.purpose,
            "fields": list(export.ask.fields),
            "product": export.ask.product,
            "case": export.ask.case,
            "since_sha256": state.since_given,
        },
        "export": {
            "id": export.id,
            "form": export.form,
            "request_hash": b64u(export.request_hash),
            "issued": export.issued,
            "expires": export.expires,
        },
        "parts": [
            {
                "n": part.n,
                "sha256": b64u(part.sha256),
                "bytes": part.bytes,
                "records": part.records,
                "file_sha256": b64u(part.file_sha256),
            }
            for part in state.parts
        ],
        "end": {
            "of": state.of,
            "since": state.since,
            "removals": state.removals,
            "removals_sha256": None if state.removals_sha256 is None else b64u(state.removals_sha256),
            "resync": state.resync,
            "verified": state.verified,
            "written": state.written,
            "replaced": state.replaced,
            "target_sha256": state.target_sha256,
        },
    }


def _state(document: dict[str, Any]) -> State:
    """The state that a document tells. Raises ValueError, KeyError or TypeError where it tells none."""
    if document["version"] != VERSION or document["export"]["form"] != "ndjson":
        raise ValueError("not of this version")
    ask, export, end = document["ask"], document["export"], document["end"]
    identifier = known_id(export["id"])
    if identifier is None:
        raise ValueError("not an export's id")
    told = end["removals_sha256"]
    return State(
        export=Export(
            id=identifier,
            ask=Ask(ask["purpose"], tuple(ask["fields"]), ask["product"], ask["case"]),
            form="ndjson",
            request_hash=unb64u(export["request_hash"]),
            issued=int(export["issued"]),
            expires=str(export["expires"]),
        ),
        since_given=ask["since_sha256"],
        parts=tuple(
            Kept(**{**part, "sha256": unb64u(part["sha256"]), "file_sha256": unb64u(part["file_sha256"])})
            for part in document["parts"]
        ),
        **{**end, "removals_sha256": None if told is None else unb64u(told)},
    )
