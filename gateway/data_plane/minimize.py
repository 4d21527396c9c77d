"""Step 4: records → released values. The member gate, the transforms, and one negative for everyone who fails."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from gateway.core.days import Moment
from gateway.core.identity import pairwise_id, tagger
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Denial
from gateway.core.policy import Transform
from gateway.core.projection import projection
from gateway.core.request import DataRequest
from gateway.core.rows import CODE
from gateway.data_plane.desk import Desk
from gateway.data_plane.gathering import Leaving, Released
from gateway.data_plane.paging import Results, page_of
from gateway.data_plane.passing import Asking, Fetched, Minimized, Standing


def minimize(desk: Desk, asking: Asking, fetched: Fetched | Denial, standing: Standing) -> Minimized | Denial:
    """Return the answer's content under a permit; a failing member and an unknown one take the same path."""
    if isinstance(fetched, Denial):
        return fetched
    permit, request, coop = fetched.permit, asking.request, desk.coops[asking.coop]
    assert isinstance(request, DataRequest)
    moment = Moment(standing.at)
    available = member_gate(permit, moment, tagger(coop.secrets.subject, coop.id))
    shown = partial(pairwise_id, coop.secrets.pairwise, coop.id, permit.partner)
    project = projection(permit, moment, shown)

    def released(rows: Sequence[Any]) -> Leaving:
        found, tags = available(rows)
        return Leaving([row.code for row in found], tags, project(found))

    fields: Mapping[str, Transform] = permit.fields
    if asking.mark is None:
        found = _named(request.members or (), fetched, released)
    else:
        by_code = permit.grant.fields.get(CODE) == "as_is"
        found = page_of(coop, asking, asking.mark, fetched, released, shown=None if by_code else shown, moment=moment)
        # A page that carries the code releases it, whether or not it was asked for.
        fields = {**fields, CODE: permit.grant.fields[CODE]} if by_code else fields
    return Minimized(
        permit=permit,
        at=standing.at,
        valid_until=min(permit.valid_until, moment.until),
        results=found.results,
        paging=found.paging,
        standing=found.standing,
        fields=fields,
        asked=found.asked,
        not_available=found.asked - len(found.tags) - found.refused,
        refused=found.refused,
        tags=tuple(found.tags),
        walked=found.walked,
        removed=found.removed,
    )


def _named(members: tuple[str, ...], fetched: Fetched, released: Released) -> Results:
    """Return what is released of members asked for by their codes, in the order asked."""
    (records,) = fetched.pages
    rows = {row.code: row for row in records.rows}
    leaving = released([rows[code] for code in members if code in rows])
    data = dict(zip(leaving.codes, leaving.data, strict=True))
    return Results(
        results=msgspec.json.encode(
            [
                _Result(code, "released", data[code]) if code in data else _Result(code, "not_available")
                for code in members
            ]
        ),
        tags=leaving.tags,
        asked=len(members),
        refused=len({*members} & {*records.refused}),
    )


class _Result(msgspec.Struct, frozen=True, gc=False):
    """What the answer says of one member asked for."""

    member: str
    status: Literal["released", "not_available"]
    data: msgspec.Struct | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return "<Result>"
