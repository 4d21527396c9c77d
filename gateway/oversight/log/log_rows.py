"""What a list says of an entry: a pure function of its bytes (I8).

An entry that no schema of ours allows has a row too, so that a list shows the gap that `log verify` will name.
"""

from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec

from gateway.ports import Row
from gateway.tlog import entries
from gateway.tlog.entries import Entry

UNREADABLE = "unreadable"

_WHO: Final = ("transfer", "partner", "client", "agreement", "purpose", "product")
"""What an entry says of a request of a partner."""

# Of what our own log holds, it is not asked again whether it is canonical: that would double what a row costs.
_decoder = msgspec.json.Decoder(Entry)


def row_of(index: int, data: bytes, committed: datetime) -> Row:
    """Return the row of the entry at an index; `committed` is its instant as the table has it, for what cannot be read."""
    try:
        entry = _decoder.decode(data)
        time = datetime.fromisoformat(entry.time)
    except (ValueError, RecursionError):
        return Row(index=index, time=committed, kind=UNREADABLE)
    row = partial(Row, index=index, time=time, kind=entry.kind)
    match entry:
        case entries.Release():
            return row(**_asked_by(entry), **_counted(entry.counts), fields=tuple(entry.fields))
        case entries.Denial():
            return row(
                **_asked_by(entry),
                **_counted(entry.counts or entries.Counts(asked=0)),
                reasons=tuple(entry.reasons),
                fields=tuple(entry.fields),
                over=entry.over,
            )
        case entries.Export():
            return row(**_asked_by(entry))
        case entries.Publish():
            return row(by=entry.approver)
        case entries.Ack():
            return row(partner=entry.partner, client=entry.client)
        case _:
            # Governance and what staff did: the partner and purpose it is about, where it is about one, and who did it.
            about: dict[str, Any] = {
                name: getattr(entry, name, None) for name in ("partner", "client", "agreement", "purpose")
            }
            return row(**about, by=entry.by)


def _asked_by(entry: entries.Release | entries.Denial | entries.Export) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _WHO}


def _counted(counts: entries.Counts) -> dict[str, Any]:
    return msgspec.structs.asdict(counts)
