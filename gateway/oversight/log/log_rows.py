"""What a list says of an entry: a pure function of its bytes (I8).

An entry that no schema of ours allows has a row too, so that a list shows the gap that `log verify` will name.
"""

from datetime import datetime

import msgspec

from gateway.ports import Row
from gateway.tlog import entries
from gateway.tlog.entries import Entry

UNREADABLE = "unreadable"

# Of what our own log holds, it is not asked again whether it is canonical: that would double what a row costs.
_decoder = msgspec.json.Decoder(Entry)


def row_of(index: int, data: bytes, committed: datetime) -> Row:
    """Return the row of the entry at an index; `committed` is its instant as the table has it, for what cannot be read."""
    try:
        entry = _decoder.decode(data)
        time = datetime.fromisoformat(entry.time)
    except (ValueError, RecursionError):
        return Row(index=index, time=committed, kind=UNREADABLE)
    match entry:
        case entries.Release():
            return Row(
                index=index,
                time=time,
                kind=entry.kind,
                transfer=entry.transfer,
                partner=entry.partner,
                client=entry.client,
                agreement=entry.agreement,
                purpose=entry.purpose,
                product=entry.product,
                fields=tuple(entry.fields),
                asked=entry.counts.asked,
                released=entry.counts.released,
                not_available=entry.counts.not_available,
                refused=entry.counts.refused,
            )
        case entries.Denial():
            counts = entry.counts or entries.Counts(asked=0)
            return Row(
                index=index,
                time=time,
                kind=entry.kind,
                transfer=entry.transfer,
                partner=entry.partner,
                client=entry.client,
                agreement=entry.agreement,
                purpose=entry.purpose,
                product=entry.product,
                reasons=tuple(entry.reasons),
                fields=tuple(entry.fields),
                asked=counts.asked,
                released=counts.released,
                not_available=counts.not_available,
                refused=counts.refused,
                over=entry.over,
            )
        case entries.Export():
            return Row(
                index=index,
                time=time,
                kind=entry.kind,
                transfer=entry.transfer,
                partner=entry.partner,
                client=entry.client,
                agreement=entry.agreement,
                purpose=entry.purpose,
                product=entry.product,
            )
        case entries.Publish():
            return Row(index=index, time=time, kind=entry.kind, by=entry.approver)
        case entries.Ack():
            return Row(index=index, time=time, kind=entry.kind, partner=entry.partner, client=entry.client)
        case _:
            # Governance and what staff did: the partner and purpose it is about, where it is about one, and who did it.
            return Row(
                index=index,
                time=time,
                kind=entry.kind,
                partner=getattr(entry, "partner", None),
                client=getattr(entry, "client", None),
                agreement=getattr(entry, "agreement", None),
                purpose=getattr(entry, "purpose", None),
                by=entry.by,
            )
