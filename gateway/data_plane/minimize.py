"""Step 4: records → released values. The member gate, the transforms, and one negative for everyone who fails."""

from functools import partial
from typing import Any, Literal

import msgspec

from gateway.core.days import Moment
from gateway.core.identity import pairwise_id, tagger
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Denial
from gateway.core.projection import CODE, projection
from gateway.core.request import DataRequest
from gateway.data_plane.cursors import Mark, context_of, seal_mark
from gateway.data_plane.desk import Coop, Desk
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
    tags: list[bytes] = []
    results: list[_Result] = []

    def released(row: Any) -> msgspec.Struct | None:
        tag = tag_of(row.code)
        if not admit(row, restrictions.get(tag, ())):
            return None
        tags.append(tag)
        return release(row)

    if request.members is not None:
        rows = {row.code: row for row in fetched.records.rows}
        for code in request.members:
            data = released(row) if (row := rows.get(code)) is not None else None
            results.append(_Result(code, "released", data) if data is not None else _Result(code, "not_available"))
        paging: dict[str, Any] = {}
        fields = permit.fields
        refused = len({*request.members} & {*fetched.records.refused})
    else:
        by_code = permit.grant.fields.get(CODE) == "as_is"
        for row in fetched.records.rows:
            data = released(row)
            if data is not None:
                results.append(_Result(row.code if by_code else shown(row.code), "released", data))
        paging = _paging(asking, request, fetched, coop, moment)
        # A page that carries the code releases it, whether or not it was asked for.
        fields = {**permit.fields, CODE: permit.grant.fields[CODE]} if by_code else permit.fields
        refused = len(fetched.records.refused)
    asked = len(request.members) if request.members is not None else len(fetched.records.rows) + refused
    return Minimized(
        permit=permit,
        at=standing.at,
        valid_until=min(permit.valid_until, moment.until),
        results=msgspec.json.encode(results),
        paging=paging,
        fields=fields,
        asked=asked,
        not_available=asked - len(tags) - refused,
        refused=refused,
        tags=tuple(tags),
    )


class _Result(msgspec.Struct, frozen=True, gc=False):
    """What the answer says of one member."""

    member: str
    status: Literal["released", "not_available"]
    data: msgspec.Struct | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return "<Result>"


def _paging(asking: Asking, request: DataRequest, fetched: Fetched, coop: Coop, moment: Moment) -> dict[str, Any]:
    """Return a page's `next`, or on the last page the walk's `since` and `removals`."""
    records, began = fetched.records, asking.mark
    mark = Mark(
        issued=began.issued if began else int(moment.at.timestamp()),
        after=records.next,
        high_water=began.high_water if began else records.high_water,
        gov=began.gov if began else fetched.permit.gov,
        policy=began.policy if began else fetched.permit.policy.digest,
        resync=asking.resync,
    )
    name = "since" if records.next is None else "cursor"
    token = seal_mark(coop.secrets.cursors, mark, context_of(name, asking.client, request))
    if records.next is not None:
        return {"next": token}
    return {"since": token, "removals": []} | ({"resync": True} if asking.resync else {})
