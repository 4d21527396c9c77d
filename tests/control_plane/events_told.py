"""Files of member events as a core system writes them, and a desk to take them in with."""

from collections.abc import Iterable
from typing import Any

from gateway.app.members import members_of
from gateway.control_plane.members.reading import COLUMNS, read
from gateway.control_plane.members.taking_in import Outcome, take_in
from tests.house import COOP, House

SAID: dict[str, Any] = {"by": "基幹連携", "reason": "夜間の連携"}
Event = dict[str, str]


def event(number: int | str, code: str, what: str, kind: str = "", **more: str) -> Event:
    """One event by its number."""
    return {"event_id": f"ev-{number}", "member_code": code, "event": what, "kind": kind, **more}


def csv_of(events: Iterable[Event], *, total: int | None = None) -> bytes:
    """A whole file; `total` where it is to lie."""
    rows = [",".join(one.get(name, "") for name in COLUMNS) for one in events]
    return "\r\n".join((",".join(COLUMNS), *rows, f"#total,{len(rows) if total is None else total}", "")).encode()


async def imported(house: House, data: bytes | Iterable[Event], **more: Any) -> Outcome:
    """Take a CSV file in at a house."""
    told = read(data if isinstance(data, bytes) else csv_of(data), form="csv")
    return await take_in(members_of(house.settings, house.stores), COOP, told, **{**SAID, **more})
