"""Step 4: records → released values. The member gate, the transforms, and one negative for everyone who fails."""

from collections.abc import Callable, Mapping
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
from gateway.data_plane.paging import Results, page_of
from gateway.data_plane.passing import Asking, Fetched, Minimized, Standing


def minimize(desk: Desk, asking: Asking, fetched: Fetched | Denial, standing: Standing) -> Minimized | Denial:
    """Return the answer's content under a permit; a failing member and an unknown one take the same path."""
    if isinstance(fetched, Denial):
        return fetched
    permit, request, coop = fetched.permit, asking.request, desk.coops[asking.coop]
    assert isinstance(request, DataRequest)
    moment = Moment(standing.at)
    admit = member_gate(permit, moment)
    shown = partial(pairwise_id, coop.secrets.pairwise, coop.id, permit.partner)
    release = projection(permit, moment, shown)
    tag_of, restrictions = tagger(coop.secrets.subject, coop.id), permit.restrictions

    def released(row: Any) -> tuple[bytes, msgspec.Struct] | None:
        tag = tag_of(row.code)
        return (tag, release(row)) if admit(row, restrictions.get(tag, ())) else None

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


def _named(
    members: tuple[str, ...], fetched: Fetched, released: Callable[[Any], tuple[bytes, msgspec.Struct] | None]
) -> Results:
    """Return what is released of members asked for by their codes, in the order asked."""
    (records,) = fetched.pages
    rows = {row.code: row for row in records.rows}
    tags: list[bytes] = []
    results: list[_Result] = []
    for code in members:
        row = rows.get(code)
        one = released(row) if row is not None else None
        if one is None:
            results.append(_Result(code, "not_available"))
        else:
            tags.append(one[0])
            results.append(_Result(code, "released", one[1]))
    return Results(
        results=msgspec.json.encode(results),
        tags=tags,
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
