"""異常: what is unlike the weeks before, each with the entries behind it, and the thresholds by which it is told."""

from collections import Counter
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.grants.period import MOST_DAYS, days_asked
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import page
from gateway.console.transfers.asking import Asked, between
from gateway.console.transfers.names import Names, names_of
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day, midnight
from gateway.core.detection.anomalies import RULES, Anomaly, Rule
from gateway.core.detection.thresholds import NAMES, threshold
from gateway.oversight.log.anomalies import reviewed_until, unusual
from gateway.ports import Behind

DAYS: Final = 30
CHOICES: Final = (7, 30, 90, 180)
RECENT: Final = 7
_KIND: Final[dict[Rule, str]] = {
    "volume": "release",
    "off_hours": "",
    "new_field": "release",
    "refusals": "denial",
    "not_available": "release",
    "repeat_pulls": "release",
    "enumeration": "denial",
}
_MOST_KEPT: Final = 16
"""What the start page counts is made again only where something came in: by co-op, entries of the log and day."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An anomaly, in words, with the list behind it."""

    one: Anomaly
    text: str
    href: str
    reviewed: bool


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What the start page says of the last days."""

    unreviewed: int
    refusals: int


async def show(request: Request) -> Response:
    """Show what was unusual in the last `?days=…`, of one rule where the URL names one."""
    visit = require(request, *OVERSIGHT)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="nav.anomalies")
    days, wrong = days_asked(request, DAYS)
    rule, names = rule_of(request), await names_of(visit)
    today = jst_day(visit.now)
    values: dict[str, Any] = {
        "days": days,
        "wrong": wrong,
        "most_days": MOST_DAYS,
        "choices": CHOICES,
        "rule": rule,
        "rules": RULES,
        "names": names,
        "thresholds": [(name, threshold(name, today)) for name in NAMES],
        "start": midnight(today - timedelta(days=days - 1)),
        "end": visit.now,
        "at_midnight": midnight,
    }
    try:
        found = await told_of(visit, names, days)
    except Behind:
        return page(request, "anomalies.html", behind=True, found=[], counts={}, **values)
    counts = Counter(each.one.rule for each in found)
    chosen = [each for each in found if rule in {"", each.one.rule}]
    return page(request, "anomalies.html", behind=False, found=chosen, counts=counts, **values)


ROUTES: Final = (Route("/{coop}/anomalies", show, methods=["GET"]),)
"""For `PAGES` of app.py."""


def rule_of(request: Request) -> Rule | str:
    """Return the rule that the URL names; "" for all of them."""
    asked = request.query_params.get("rule", "")
    return next((one for one in RULES if one == asked), "")


async def told_of(visit: Visit, names: Names, days: int) -> list[Told]:
    """Return what was unusual in the last so many days, in the reader's words. Raises Unavailable."""
    desk, today = visit.desk.overseeing, jst_day(visit.now)
    reviewed = await reviewed_until(desk.log, visit.coop)
    found = await unusual(desk.search, visit.coop, first=today - timedelta(days=days - 1), last=today)
    return [
        Told(
            one=one,
            text=_text(visit, one, names),
            href=_href(visit, one),
            reviewed=reviewed is not None and one.end <= reviewed,
        )
        for one in found
    ]


async def waiting(request: Request, visit: Visit) -> Waiting | None:
    """Return what of the last days waits to be looked at; None for who is not asked to, or while it is not known."""
    if visit.desk.oversight is None or not set(visit.roles_now) & set(OVERSIGHT):
        return None
    desk, today = visit.desk.overseeing, jst_day(visit.now)
    key = visit.coop, (await desk.log.head(visit.coop)).next_index, today.isoformat()
    kept: dict[tuple[str, int, str], list[Anomaly]] = getattr(request.app.state, "unusual", {})
    request.app.state.unusual = kept
    if key not in kept:
        try:
            found = await unusual(desk.search, visit.coop, first=today - timedelta(days=RECENT - 1), last=today)
        except Behind:
            return None
        while len(kept) >= _MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = found
    reviewed = await reviewed_until(desk.log, visit.coop)
    fresh = [one for one in kept[key] if reviewed is None or one.end > reviewed]
    return Waiting(unreviewed=len(fresh), refusals=sum(one.rule == "refusals" for one in fresh))


def _text(visit: Visit, one: Anomaly, names: Names) -> str:
    field = names.fields.get(one.field or "", one.field or "")
    return visit.texts(f"anomalies.told.{one.rule}", value=one.value, usual=one.usual, field=field).unescape()


def _href(visit: Visit, one: Anomaly) -> str:
    """Return the list of the entries behind an anomaly."""
    named = {"partner": one.partner, "client": one.client, "purpose": one.purpose, "field": one.field}
    named["kind"] = _KIND[one.rule] or None
    asked = Asked(period=between(one.start, one.end))
    asked = asked.with_names(**{name: (value,) for name, value in named.items() if value is not None})
    return f"/{visit.coop}/transfers{asked.query()}"
