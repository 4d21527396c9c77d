"""Which partners hold a member, under which agreement, and by what name each knows it.

A partner that asked by code, or was granted the code, knows the code. Any other knows its own identifier alone
(policy-semantics.md "What the partner sees of a member"): telling it the code would release what was not granted.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from gateway.core.identity import pairwise_id
from gateway.core.rows import CODE
from gateway.oversight.desk import OversightDesk
from gateway.ports import MemberCode, Unavailable
from gateway.tlog.codes import open_code, seal_code

Holder = tuple[str, str]
"""Partner, agreement."""


class _Said(msgspec.Struct, frozen=True):
    kind: str
    partner: str = ""
    agreement: str = ""
    page: bool = False
    fields: dict[str, str] = {}


_read = msgspec.json.Decoder(_Said).decode


async def holders(
    desk: OversightDesk, coop: str, members: Sequence[MemberCode], *, partner: str | None, purpose: str | None
) -> dict[Holder, list[MemberCode]]:
    """Return who holds whom, each member by the name that the holder knows, sealed.

    Of one partner and one purpose (a use of it too) where they are named. Raises Unavailable.
    """
    found: dict[Holder, list[MemberCode]] = defaultdict(list)
    for one in members:
        held_by = sorted(
            {
                (holder, agreement)
                for holder, agreement, held_for in await desk.erasable.holders(coop, one.tag)
                if partner in {None, holder} and purpose in {None, held_for, held_for.partition(".")[0]}
            }
        )
        by_code = await _by_code(desk, coop, one.tag) if held_by else set()
        for key in held_by:
            found[key].append(one if key in by_code else _renamed(desk, coop, one, key[0]))
    return dict(sorted(found.items()))


async def _by_code(desk: OversightDesk, coop: str, tag: bytes) -> set[Holder]:
    """Return who was given this member by code, or the code itself. As far as side rows tell."""
    known: set[Holder] = set()
    for logged in await desk.side_rows.entries(coop, await desk.side_rows.of_member(coop, tag)):
        said = _read(logged.entry)
        if said.kind == "release" and (not said.page or said.fields.get(CODE) == "as_is"):
            known.add((said.partner, said.agreement))
    return known


def _renamed(desk: OversightDesk, coop: str, member: MemberCode, partner: str) -> MemberCode:
    secrets = desk.secrets(coop)
    try:
        code = open_code(secrets.requests, coop, member.tag, member.code)
    except ValueError as fault:
        raise Unavailable(str(fault)) from None
    name = pairwise_id(secrets.pairwise, coop, partner, code)
    return MemberCode(member.tag, seal_code(secrets.requests, coop, member.tag, name))
