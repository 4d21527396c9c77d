"""A house in which something urgent can be asked for: real files in force, and one person of each kind at each co-op."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from gateway.app.office import office_of
from gateway.control_plane.drafting.grant import Condition
from gateway.control_plane.emergencies import acts, asking
from gateway.control_plane.emergencies.files import Asked
from gateway.control_plane.emergencies.record import Kept
from gateway.control_plane.office import Office
from gateway.core.staff import Role
from tests.console.acting_room import HERE, employ, first_version
from tests.house import COOP, House

OTHER = "coopdeli"
THERE = "個人情報管理部"
STAFF: tuple[tuple[str, str, Role, str | None], ...] = (
    (COOP, "sato", "admin", HERE),
    (COOP, "ito", "manager", HERE),
    (COOP, "homu", "compliance", None),
    (COOP, "kansa", "auditor", None),
    (OTHER, "sato", "admin", THERE),
    (OTHER, "ito", "manager", THERE),
    (OTHER, "homu", "compliance", None),
)

BY_LAW = Asked(
    partner="sunnet",
    basis="law",
    department=HERE,
    purpose="P4",
    products=("G1",),
    fields=("member_code", "name", "phone"),
    case="KAIKO-2026/118",
    members="50",
    hours="6",
    retention_days="7",
    evidence={
        "law": "災害対策基本法49条の11第3項",
        "document_number": "鶴災第118号",
        "received_on": "2026-11-22",
        "decided_by": "専務理事 山田",
        "subjects": "避難指示の区域の組合員",
    },
    reason="大雨による避難指示",
)
FOR_LIFE = Asked(
    partner="jccu",
    basis="life",
    department=THERE,
    purpose="P4",
    fields=("member_code", "name"),
    population=(Condition(field="subject", how="in", values="member"),),
    members="2000",
    hours="24",
    retention_days="14",
    evidence={
        "protects": "異物の混じった商品を買った人の身体",
        "decided_by": "専務理事 山田",
        "why_consent_is_difficult": "食べる前に知らせる必要があり、全員の同意を待てない",
        "subjects": "対象の商品を買った組合員",
    },
    reason="商品事故の連絡",
)


async def staffed(house: House) -> Office:
    """Publish the real files of both co-ops in two names, employ everybody, and return the office."""
    office = office_of(house.settings, house.stores)
    for coop in (COOP, OTHER):
        await first_version(house, office, coop)
    for coop, person, role, department in STAFF:
        await employ(house, office, coop, person, person, role, department)
    return office


async def asked(office: Office, said: Asked = BY_LAW, *, coop: str = COOP, by: str = "sato", **changes: Any) -> Kept:
    """Ask for something urgent; return it as it stands."""
    made = await asking.ask(office, coop, replace(said, **changes), by=by)
    return await again(office, coop, made.id)


async def again(office: Office, coop: str, emergency: str) -> Kept:
    """Return an emergency as it stands now."""
    found = await acts.kept(office, coop, emergency)
    assert found is not None
    return found


async def approved(office: Office, one: Kept, *, by: str = "ito", preview: str | None = None) -> Kept:
    """Approve what was asked for, by the preview that went with it."""
    assert one.proposal is not None
    seen = one.proposal.preview or "" if preview is None else preview
    return await acts.approve(office, one, preview=seen, reason="避難の支援に必要", by=by)


async def over(house: House, one: Kept) -> Kept:
    """Let its end pass."""
    house.clock.now = one.said.expires + timedelta(seconds=1)
    return await again(office_of(house.settings, house.stores), one.dossier.coop, one.dossier.id)
