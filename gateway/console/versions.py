"""版の履歴: every published version, and which was in force on a day."""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import EVERYBODY
from gateway.console.pages import page
from gateway.console.visit import require
from gateway.core.days import Moment, jst_day, midnight_after
from gateway.core.state import Snapshot, Version

Standing = Literal["in_force", "future", "past"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A version as the table shows it."""

    number: int
    """Counted from 1 in the order of publication."""
    version: Version
    standing: Standing


async def versions(request: Request) -> Response:
    """Show the versions as of a day, `?on=2026-11-22`: its end, or this instant for today."""
    visit = require(request, *EVERYBODY)
    today = jst_day(visit.now)
    asked = request.query_params.get("on", "")
    day, refused = today, False
    if asked:
        try:
            day = date.fromisoformat(asked)
        except ValueError:
            refused = True
    at = visit.now if day == today else midnight_after(day) - timedelta(milliseconds=1)
    rows = rows_of(visit.desk.current(visit.coop), at)
    return page(request, "versions.html", rows=rows, day_asked=day, as_of=at, is_today=day == today, refused=refused)


def version_at(snapshot: Snapshot, at: datetime) -> Version | None:
    """Return the version that decides at an instant, chosen as Snapshot.policy_at chooses."""
    policy = snapshot.policy_at(Moment(at))
    return next((version for version in reversed(snapshot.versions) if version.policy is policy), None)


def rows_of(snapshot: Snapshot, at: datetime) -> list[Row]:
    """Return the versions with their standing at an instant, the one published last first."""
    deciding = version_at(snapshot, at)
    numbered = enumerate(snapshot.versions, start=1)
    return [Row(number=n, version=one, standing=_standing(one, deciding, at)) for n, one in numbered][::-1]


def _standing(version: Version, deciding: Version | None, at: datetime) -> Standing:
    if version is deciding:
        return "in_force"
    return "future" if version.effective > at else "past"
