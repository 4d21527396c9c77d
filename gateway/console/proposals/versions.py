"""版の履歴: every published version, and which was in force on a day."""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import EVERYBODY
from gateway.console.pages import page
from gateway.console.visit import Visit, require
from gateway.core.days import Moment, jst_day, midnight_after
from gateway.core.state import Snapshot, Version

Standing = Literal["in_force", "future", "past", "superseded"]
"""`superseded`: a version published later has taken its place before it began."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A version as the table shows it."""

    number: int
    """Counted from 1 in the order of publication."""
    version: Version
    standing: Standing


async def versions(request: Request) -> Response:
    """Show the versions as of a day, `?on=2026-11-22`: its end, or this instant for today."""
    visit = require(request, *EVERYBODY)
    day, refused = day_asked(request, visit)
    at = as_of(day, visit)
    is_today = day == jst_day(visit.now)
    rows = rows_of(visit.desk.current(visit.coop), at)
    return page(
        request,
        "versions.html",
        rows=rows,
        day_asked=day,
        as_of=at,
        is_today=is_today,
        refused=refused,
        returns=visit.desk.office is not None and visit.holds("admin"),
        last=rows[0].version.policy.digest if rows else None,
    )


def day_asked(request: Request, visit: Visit) -> tuple[date, bool]:
    """Return the day that `?on=` names, today without one; and whether it names none though it is there."""
    today, asked = jst_day(visit.now), request.query_params.get("on", "")
    try:
        return (date.fromisoformat(asked) if asked else today), False
    except ValueError:
        return today, True


def as_of(day: date, visit: Visit) -> datetime:
    """Return the instant that stands for a day: this one for today, else the last of the day."""
    return visit.now if day == jst_day(visit.now) else midnight_after(day) - timedelta(milliseconds=1)


def version_at(snapshot: Snapshot, at: datetime) -> Version | None:
    """Return the version that decides at an instant, chosen as Snapshot.policy_at chooses."""
    policy = snapshot.policy_at(Moment(at))
    return next((version for version in reversed(snapshot.versions) if version.policy is policy), None)


def rows_of(snapshot: Snapshot, at: datetime) -> list[Row]:
    """Return the versions with their standing at an instant, the one published last first."""
    deciding = version_at(snapshot, at)
    numbered = enumerate(snapshot.versions, start=1)
    return [Row(number=n, version=one, standing=_standing(snapshot, one, deciding, at)) for n, one in numbered][::-1]


def _standing(snapshot: Snapshot, version: Version, deciding: Version | None, at: datetime) -> Standing:
    if version is deciding:
        return "in_force"
    if snapshot.superseded(version):
        return "superseded"
    return "future" if version.effective > at else "past"
