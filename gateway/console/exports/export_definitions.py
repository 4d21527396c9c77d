"""項目定義書: what a partner receives under an agreement, to hand to the partner; any two versions compared."""

import asyncio
from typing import Final

from starlette.requests import Request

from gateway.console.exports.exports import Export, export_routes, said
from gateway.console.navigation import POLICY
from gateway.console.proposals.versions import version_at
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.definition_tables import definition_tables
from gateway.control_plane.grants.field_definitions import Words, definitions, publications_in, words_of
from gateway.control_plane.grants.matrix_changes import check_partners
from gateway.core.days import jst_day
from gateway.core.state import Snapshot, Version
from gateway.ports import Unavailable
from gateway.tlog.entries import Publish

PATH: Final = "/{coop}/grants/{partner}/{agreement}/fields"


async def fields(request: Request) -> Export:
    """Return the 項目定義書 as in force, or of `?policy=<digest>`; compared with `?against=<digest>`, where it is named."""
    visit = require(request, *POLICY)
    partner, agreement = request.path_params["partner"], request.path_params["agreement"]
    snapshot = visit.desk.current(visit.coop)
    version = _version(snapshot, request.query_params.get("policy", "")) or version_at(snapshot, visit.now)
    if version is None:
        raise Refusal(404)
    against = _version(snapshot, request.query_params.get("against", ""))
    try:
        found = definitions(
            snapshot,
            version,
            partner,
            agreement,
            today=jst_day(visit.now),
            against=against,
            words=await _words(visit, version, partner, agreement),
            publications=await _publications(visit),
        )
    except KeyError:
        raise Refusal(404) from None
    tables = definition_tables(
        found,
        coop_name=visit.desk.coops.get(visit.coop, visit.coop),
        trial=visit.desk.demo,
        name=visit.name_of,
    )
    return Export(visit=visit, slug=f"fields-{agreement}", title=said("exports.definitions"), tables=tables)


ROUTES: Final = export_routes(PATH, fields)
"""For `PAGES` of app.py."""


def _version(snapshot: Snapshot, digest: str) -> Version | None:
    """Return the version of a digest, None where none is asked for. Raises Refusal 404 for one that was not published."""
    if not digest:
        return None
    found = next((one for one in reversed(snapshot.versions) if one.policy.digest == digest), None)
    if found is None:
        raise Refusal(404, "exports.no_version")
    return found


async def _words(visit: Visit, version: Version, partner: str, agreement: str) -> Words:
    """Return the words of a version; none where its files were not kept, or this console cannot read files."""
    files = await visit.desk.proposals.files_of_version(visit.coop, version.policy.digest)
    try:
        policy_files = visit.desk.policy_files
    except Unavailable:
        return Words()
    if files is None:
        return Words()
    checked = await asyncio.to_thread(check_partners, files, {partner}, policy_files=policy_files, coop=visit.coop)
    return words_of(checked.document, partner, agreement)


async def _publications(visit: Visit) -> list[Publish]:
    office = visit.desk.office
    return [] if office is None else publications_in(await office.log.of_kind(visit.coop, "publish"))
