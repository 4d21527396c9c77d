"""グラフ: members provided, requests refused and fields released over time, by partner or purpose; publications marked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import LOG
from gateway.console.pages import page
from gateway.console.transfers.asking import NARROWINGS, PRESETS, Asked, read
from gateway.console.transfers.charting import (
    HEIGHT,
    TOP,
    WIDTH,
    Bucket,
    Chart,
    Series,
    buckets_of,
    chart,
    label,
    largest,
    linked,
    per_of,
    step_of,
    sums,
)
from gateway.console.transfers.figures import publications
from gateway.console.transfers.names import Names, names_of
from gateway.console.visit import Visit, require
from gateway.ports import Behind, Tally

By = Literal["partner", "purpose", "partner_purpose"]
BYS: Final[tuple[By, ...]] = get_args(By)
What = Literal["members", "denials", "fields"]
WHATS: Final[tuple[What, ...]] = get_args(What)
OTHERS: Final = "~"
"""The key of all groups that are not drawn by themselves; no name is written so."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One bar's counts of one group."""

    bucket: Bucket
    group: str
    releases: int
    members: int
    not_available: int
    denials: int
    fields: int


async def show(request: Request) -> Response:
    """Show the charts of what the URL asks for, `?by=` what they are told apart by."""
    visit = require(request, *LOG)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="transfers.charts")
    asked, by, names = read(request.query_params, visit.now), by_of(request), await names_of(visit)
    values: dict[str, Any] = {
        "asked": asked,
        "by": by,
        "bys": BYS,
        "names": names,
        "path": f"/{visit.coop}/transfers/charts",
        "list_path": f"/{visit.coop}/transfers",
        "presets": PRESETS,
        "narrowings": NARROWINGS,
        "chart_size": (WIDTH, TOP + HEIGHT),
    }
    try:
        charts = await charts_of(visit, asked, by, names)
    except Behind:
        return page(request, "transfer_charts.html", behind=True, charts=(), **values)
    return page(request, "transfer_charts.html", behind=False, charts=charts, **values)


ROUTES: Final = (Route("/{coop}/transfers/charts", show, methods=["GET"]),)
"""For `PAGES` of app.py."""


def by_of(request: Request) -> By:
    """Return what the URL tells the bars apart by; partners where it says nothing that is known."""
    asked = request.query_params.get("by", "")
    return next((one for one in BYS if one == asked), "partner")


async def charts_of(visit: Visit, asked: Asked, by: By, names: Names) -> tuple[Chart, ...]:
    """Return the three charts. Raises Unavailable."""
    found, period = await _tallies(visit, asked), asked.period
    marks = [(one.time, one.index) for one in await publications(visit.desk.overseeing.search, visit.coop, asked)]
    buckets = buckets_of(period)
    made = []
    for what in WHATS:
        counted = sums(buckets, ((one.hour, _group(one, by), _value(one, what)) for one in found))
        drawn = largest({key: values for key, values in counted.items() if any(values)}, others=OTHERS)
        series = [
            _series(visit, asked, by=by, what=what, names=names, key=key, values=values, buckets=buckets)
            for key, values in drawn.items()
        ]
        title = visit.texts(f"transfers.chart.{what}").unescape()
        made.append(chart(what, title, period, series, marks=marks))
    return tuple(made)


async def lines_of(visit: Visit, asked: Asked, by: By) -> list[Line]:
    """Return the counts behind the charts, bar by bar, group by group; those without any are left out."""
    buckets = buckets_of(asked.period)
    every = await _tallies(visit, asked)

    def counted(value: Callable[[Tally], int]) -> Mapping[str, Sequence[int]]:
        return sums(buckets, ((one.hour, _group(one, by), value(one)) for one in every))

    releases = counted(lambda one: one.entries if one.kind == "release" else 0)
    missed = counted(lambda one: one.not_available if one.kind == "release" else 0)
    members, denials, fields = (counted(lambda one, what=what: _value(one, what)) for what in WHATS)  # type: ignore[misc]
    return [
        Line(
            bucket=bucket,
            group=group,
            releases=releases[group][nth],
            members=members[group][nth],
            not_available=missed[group][nth],
            denials=denials[group][nth],
            fields=fields[group][nth],
        )
        for nth, bucket in enumerate(buckets)
        for group in sorted(releases)
        if releases[group][nth] or denials[group][nth]
    ]


def group_name(group: str, by: By, names: Names, others: str) -> str:
    """Return how a group is called; `~` is all the others."""
    if group == OTHERS:
        return others
    parts = group.split("\n")
    partner = names.partners.get(parts[0], parts[0]) if by != "purpose" else ""
    purpose = parts[-1] if by != "partner" else ""
    return " / ".join(part for part in (partner, purpose) if part) or "-"


def bucket_name(bucket: Bucket, asked: Asked) -> str:
    """Return how a bar of a period is called."""
    return label(bucket, step_of(asked.period))


async def _tallies(visit: Visit, asked: Asked) -> list[Tally]:
    kinds = tuple(one for one in ("release", "denial") if not asked.of("kind") or one in asked.of("kind"))
    if not kinds:
        return []
    wanted, per = replace(asked.wanted, kind=kinds), per_of(asked.period)
    return await visit.desk.overseeing.search.tallies(visit.coop, wanted, per=per, by=("partner", "purpose"))


def _group(one: Tally, by: By) -> str:
    partner, purpose = one.partner or "", one.purpose or ""
    return {"partner": partner, "purpose": purpose, "partner_purpose": f"{partner}\n{purpose}"}[by]


def _value(one: Tally, what: What) -> int:
    if one.kind == "denial":
        return one.entries if what == "denials" else 0
    return {"members": one.released, "fields": one.fields, "denials": 0}[what]


def _series(
    visit: Visit,
    asked: Asked,
    *,
    by: By,
    what: What,
    names: Names,
    key: str,
    values: Sequence[int],
    buckets: Sequence[Bucket],
) -> Series:
    narrowed = asked.with_names(kind=("denial" if what == "denials" else "release",))
    if key != OTHERS:
        parts = dict(zip(("partner", "purpose") if by == "partner_purpose" else (by,), key.split("\n"), strict=True))
        narrowed = narrowed.with_names(**{name: (value,) for name, value in parts.items() if value})
    name = group_name(key, by, names, visit.texts("transfers.chart.others").unescape())
    return linked(
        key, name, values, buckets, lambda one: f"/{visit.coop}/transfers{_over(narrowed, one.start, one.end)}"
    )


def _over(asked: Asked, start: datetime, end: datetime) -> str:
    return asked.over(start, end).query()
