"""The co-op's staff at work: publish what the files say, register partners' keys, hand over client.json."""

import json
from pathlib import Path
from typing import Any

from gateway.adapters.policy_files.agreement import AgreementShape
from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.load import load
from gateway.app.office import files_of, office_of
from gateway.app.storage import Stores
from gateway.client import generate_keys, prove
from gateway.control_plane.changes.publish import publish
from gateway.control_plane.partners import both_named
from gateway.control_plane.partners.possession import challenge, keys_of, proved
from gateway.demo.state import COOP
from gateway.settings import Settings
from gateway.tlog.jcs import canonical

PROPOSER, APPROVER, OPERATOR = "【見本】宅配事業部の起案者", "【見本】宅配事業部の管理者", "【見本】運用担当"


def read(settings: Settings, coop: str) -> PolicyDocument:
    """Return what a co-op's files say, samples included. Raises PolicyRefused."""
    return load(settings.policies, settings.partners, coop, samples=True).document


async def put_in_force(
    settings: Settings,
    office: Stores,
    document: PolicyDocument,
    *,
    reason: str,
    proposer: str = PROPOSER,
    approver: str = APPROVER,
) -> int:
    """Publish at once what the files say; return the index of its entry. Raises NotTwoPeople, Unavailable."""
    await office.snapshots.refresh(document.coop)
    files = files_of(settings.policies, settings.partners, document.coop)
    return await publish(
        office.log,
        office.snapshots.current(document.coop),
        document.canonical(),
        proposer=proposer,
        approver=approver,
        reason=reason,
        effective=None,
        clock=office.clock,
        content=await office.proposals.keep_files(document.coop, files),
    )


async def enrol(settings: Settings, office: Stores, document: PolicyDocument, folder: Path) -> list[str]:
    """Register a client of every partner with an agreement, make it active, and write its files; return their names.

    Each partner proves that it holds its keys. Nobody holds a role yet, so one person registers them.
    """
    made, desk = [], office_of(settings, office)
    for partner in document.agreements:
        name = partner if document.coop == COOP else f"{partner}-{document.coop}"
        client = document.partners[partner].clients[0].id
        keys = generate_keys(folder / name)
        whose: dict[str, Any] = {"coop": document.coop, "partner": partner, "client": client, "now": office.clock()}
        key = desk.possession_key(document.coop)
        given = challenge(key, keys_of(keys.public_jwks()), **whose)
        proof = proved(key, given, prove(canonical(given), keys).answer, **whose)
        who = (document.coop, partner)
        said = {"by": OPERATOR, "reason": "【見本】鍵の登録"}
        await both_named.register_alone(desk, *who, client, proof.keys, **said, proof=proof)
        await both_named.resume(desk, *who, by=OPERATOR, approver=None, reason="【見本】利用開始")
        write_client(settings, document, partner, client, folder / name)
        made.append(name)
    return made


def write_client(settings: Settings, document: PolicyDocument, partner: str, client: str, folder: Path) -> None:
    """Write the client.json that asks for all that a partner's agreement grants."""
    ((agreement_id, agreement),) = document.agreements[partner].items()
    purposes = document.notices[max(document.notices)].purposes
    configuration = {
        "issuer": settings.issuer,
        "resource": settings.resource,
        "client_id": client,
        "coop": document.coop,
        "agreement": agreement_id,
        "purposes": [
            {**asked, "case_required": purposes[purpose.partition(".")[0]].case == "required"}
            for purpose, asked in _asked(agreement).items()
        ],
    }
    text = json.dumps(configuration, ensure_ascii=False, indent=2)
    (folder / "client.json").write_text(text + "\n", encoding="utf-8")


def _asked(agreement: AgreementShape) -> dict[str, dict[str, object]]:
    """Return each granted purpose with its fields and product classes.

    client.json has one list of fields for a purpose: of two grants of one purpose, the first is configured.
    """
    asked: dict[str, dict[str, object]] = {}
    for grant in agreement.grants.values():
        entry: dict[str, object] = {"purpose": grant.purpose, "fields": list(grant.fields)}
        products = {"products": list(grant.products)} if grant.products else {}
        asked.setdefault(grant.purpose, entry | products)
    return asked
