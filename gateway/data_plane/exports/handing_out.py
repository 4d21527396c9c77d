"""GET of a part: decided afresh; made again where it would not be what it is; recorded; then released.

Each GET is a release of its own, with an entry of its own, however often a part is fetched and in whatever order. In the
entry's transaction the part that leaves is marked as taken: so it is the one that lies there, of an export that has not ended.
"""

from typing import Final

import msgspec

from gateway.core.outcome import Denial, Permit, Receipt, Sealed
from gateway.data_plane.api.inbound import consume
from gateway.data_plane.caller import check_caller
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import DEADLINE, Desk
from gateway.data_plane.exports.asked import OPEN, asking_of, ordered, own
from gateway.data_plane.exports.parts import MEMBERS, facts_of, made, removed_before, stands, stored
from gateway.data_plane.passing import Answer, Asking, Inbound, Part, Standing
from gateway.data_plane.protect import sealed_before
from gateway.data_plane.record import record
from gateway.data_plane.release import release
from gateway.data_plane.transfer import ROUNDS
from gateway.ports import Bounced, Change, Export, ExportPart
from gateway.web.problems import Problem

_MOST_PARTS: Final = 1_000_000


async def hand_out(desk: Desk, inbound: Inbound, export: str, number: str) -> Answer | Export:
    """Return a part, or, where it is not sealed yet, how far the export is. Raises Problem, Unavailable."""
    caller = check_caller(desk, inbound)
    found, n = await own(desk, caller, export), _number(number)
    if found is None or n is None:
        await consume(desk, caller)
        raise Problem("not-found")
    asking: Asking | None = None
    sealed: Sealed | Denial | None = None
    outcome: Receipt | Denial | Bounced | None = None
    gov = -1
    for _ in range(ROUNDS):
        if found is None or found.state not in OPEN or (found.final and n > found.parts):
            await consume(desk, caller)
            raise Problem("not-found")
        if asking is None:
            order = await ordered(desk, found)
            asking = asking_of(order, deadline=caller.at + DEADLINE, caller=caller, transfer=inbound.request_id)
            asking = msgspec.structs.replace(asking, part=Part(export=export, n=n, form=found.form))
        standing = await desk.standing(asking.coop, gov, deadline=asking.deadline)
        decision = decide(desk, asking, standing)
        part = await desk.exports.part(asking.coop, export, n)
        if isinstance(decision, Denial):
            sealed, taken = decision, None
        elif part is None:
            found = await own(desk, caller, export)
            if found is not None and found.state == "running" and n > found.parts:
                await consume(desk, caller)
                return found
            continue  # sealed, or ended, between two looks
        else:
            sealed, taken = await _now(desk, asking, part, decision, standing)
        outcome = await record(desk, asking, sealed, change=taken)
        if not isinstance(outcome, Bounced):
            break
        gov, found = outcome.gov, await own(desk, caller, export)
    if asking is None:
        raise Problem("unavailable", retry_after=1)
    return release(desk, asking, sealed, outcome)


async def _now(
    desk: Desk, asking: Asking, part: ExportPart, permit: Permit, standing: Standing
) -> tuple[Sealed | Denial, Change | None]:
    """Return a part as it may leave now, and the change that marks it as taken. Raises Unavailable."""
    mine = asking.part
    assert mine is not None
    facts = facts_of(desk, asking.coop, mine.export, part.n, part.facts)
    if await stands(desk, part, facts, permit, standing):
        kept = sealed_before(asking, permit, standing.at, body=part.body, digest=part.digest, facts=facts)
        return kept, _taken(mine, part.digest)
    removed = await removed_before(desk, asking.coop, mine.export, part.n) if facts.last else ()
    told = frozenset((*facts.told_before, *facts.told))
    again = msgspec.structs.replace(
        mine,
        again=True,
        upto=None if facts.last else facts.onward.last,
        removed=removed,
        told=told,
    )
    anew = msgspec.structs.replace(asking, mark=facts.start, limit=MEMBERS, part=again)
    outcome = await made(desk, anew, permit, standing)
    if isinstance(outcome, Denial):
        return outcome, None
    sealed, changed = outcome
    if not facts.last:
        # The next part was made from where this one ended, and is not made again for its sake.
        changed = msgspec.structs.replace(changed, onward=facts.onward, last=False, told_before=(*told,))
    desk.telemetry.count("export_parts", coop=asking.coop, outcome="made again")
    # Where somebody else was faster, the entry is refused for it, and what lies there then is looked at again.
    await desk.exports.remake(asking.coop, mine.export, stored(desk, anew, sealed, changed), instead_of=part.digest)
    return sealed, _taken(mine, sealed.body_hash)


def _taken(part: Part, digest: bytes) -> Change:
    return Change(statement="export_part_taken", values={"id": part.export, "n": part.n, "digest": digest})


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and not text.startswith("0")
    return int(text) if plain and len(text) < len(str(_MOST_PARTS)) else None
