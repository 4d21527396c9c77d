"""提供範囲の一覧: partners × purposes with the number of fields, each leading to the matrix behind it."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.matrix import natural
from gateway.control_plane.grants.matrix_changes import agreement_file, check_partners
from gateway.core.changes.proposal import FROM, Proposal
from gateway.core.policy import Policy


class OverviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement: how many fields leave for each purpose."""

    partner: str
    name: str
    agreement: str
    basis: str
    counts: Mapping[str, int]


def overview_rows(policy: Policy) -> tuple[list[OverviewRow], list[str]]:
    """Return the agreements by partner, and every purpose that one of them grants.

    A field counts once per purpose, however many product classes it leaves for; `drop` lets nothing leave.
    """
    rows = []
    for agreement in sorted(policy.agreements.values(), key=lambda one: (one.partner, one.id)):
        fields: dict[str, set[str]] = {}
        for grant in agreement.grants:
            leaving = {name for name, transform in grant.fields.items() if transform != "drop"}
            fields.setdefault(grant.purpose, set()).update(leaving)
        partner = policy.partners.get(agreement.partner)
        rows.append(
            OverviewRow(
                partner=agreement.partner,
                name=agreement.partner if partner is None else partner.name,
                agreement=agreement.id,
                basis=agreement.basis.value,
                counts={purpose: len(names) for purpose, names in fields.items()},
            )
        )
    return rows, sorted({purpose for row in rows for purpose in row.counts}, key=natural)


async def overview(request: Request) -> Response:
    """List partners × purposes as in force, with the number of fields; `?proposal=…` leads on to a proposal's matrix."""
    visit = require(request, *POLICY)
    policy = visit.policy
    asked = request.query_params.get("proposal", "")
    proposal = await visit.desk.proposals.get(visit.coop, asked) if asked else None
    if asked and proposal is None:
        raise Refusal(404)
    rows, purposes = ([], []) if policy is None else overview_rows(policy)
    drafts = await visit.desk.proposals.all(visit.coop, states=tuple(FROM["amend"]))
    return page(
        request,
        "matrix_overview.html",
        rows=rows,
        purposes=purposes,
        proposal=proposal,
        drafts=drafts,
        touched=frozenset() if proposal is None else await _touched(visit, proposal),
        drafted=frozenset() if proposal is None else await _drafted(visit, proposal, rows),
    )


async def _drafted(visit: Visit, proposal: Proposal, rows: Sequence[OverviewRow]) -> frozenset[str]:
    """Return the agreements in force that a proposal's files have too, so that there is a matrix of them to lead to.

    They lack one that was published since they were begun, or that they take out. Files with errors are taken to have
    all: the matrix says what is wrong with them.
    """
    policy = visit.policy
    files = await visit.desk.proposals.files(visit.coop, proposal.content)
    now = None if policy is None else await visit.desk.proposals.files_of_version(visit.coop, policy.digest)
    if files is None:
        return frozenset(row.agreement for row in rows)
    there = {row.partner: agreement_file(visit.coop, row.partner) for row in rows}
    # The file of most partners is the one in force: only the others are read.
    moved = {partner for partner, path in there.items() if now is None or files.get(path) != now.get(path)}
    kept = {row.agreement for row in rows if row.partner not in moved}
    if moved:
        checked = await asyncio.to_thread(
            check_partners, files, moved, policy_files=visit.desk.policy_files, coop=visit.coop
        )
        own = checked.policy
        kept |= {
            row.agreement for row in rows if row.partner in moved and (own is None or row.agreement in own.agreements)
        }
    return frozenset(kept)


async def _touched(visit: Visit, proposal: Proposal) -> frozenset[str]:
    """Return the partners whose agreement files a proposal changes."""
    files = await visit.desk.proposals.files(visit.coop, proposal.content) or {}
    base = {} if proposal.base is None else await visit.desk.proposals.files_of_version(visit.coop, proposal.base) or {}
    folder, end = agreement_file(visit.coop, "\0").split("\0")
    return frozenset(
        path.removeprefix(folder).removesuffix(end)
        for path in files.keys() | base.keys()
        if path.startswith(folder) and files.get(path) != base.get(path)
    )
