"""A partner reports a leak: signed, kept once, said nothing of; every way in which it may not be kept is a fixed refusal."""

import json
import secrets
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app.oversight import oversight_of
from gateway.client import AsyncClient, Report, UsageError, load_keys
from gateway.client.config import config_from
from gateway.oversight.incidents.file import incident, incidents
from gateway.tlog.entries import Dossier
from tests.house import COOP, House
from tests.simulators.partner import RESOURCE, Partner, sign, stated

CANARY = "髙﨑 𠮷野さんの分を含むUSBメモリ"


def report(partner: Partner, header: dict[str, Any] | None = None, with_key: Any = None, **changes: Any) -> str:
    now = int(partner.now())
    claims = {
        "iss": partner.client_id, "aud": partner.resource, "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(12),
        "coop": COOP, "agreement": partner.agreement, "discovered": "2026-11-20", "known": "2026-11-21",
        "what": f"{CANARY}を紛失した", **changes,
    }  # fmt: skip
    head = {"alg": partner.alg, "kid": partner.sig.kid, "typ": "incident-report+jwt", **(header or {})}
    return sign(stated(head), stated(claims), with_key or partner.sig)


async def send(
    partner: Partner, body: str, *, query: str = "", proof: str | None = None, **headers: str
) -> httpx2.Response:
    token = await partner.token("P4", ["name"])
    url = f"{RESOURCE}/incidents"
    sent = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof or partner.proof("POST", url, token),
        "Content-Type": "application/jwt",
        **headers,
    }
    answer = await partner.http.post(url + query, content=body, headers=sent)
    partner.nonce = answer.headers.get("DPoP-Nonce", partner.nonce)
    return answer


async def test_a_report_is_an_incident_received_on_the_day_it_came(house: House, sunnet: Partner) -> None:
    answer = await send(sunnet, report(sunnet, persons=1_200, wrongful="yes", contact="情報管理室 022-000-0000"))
    assert answer.status_code == 200, answer.text
    desk = oversight_of(house.settings, house.stores)
    kept = await incident(desk, COOP, answer.json()["incident"])
    assert kept is not None
    dossier, made = kept
    assert (dossier.state, dossier.partner, dossier.due) == ("received", "sunnet", date(2026, 11, 26))
    assert (made.intake.source, made.intake.partner, made.intake.known) == ("partner", "sunnet", date(2026, 11, 22))
    assert CANARY in made.intake.what
    assert made.told is not None
    assert (made.told.known, made.told.persons, made.told.client) == (date(2026, 11, 21), 1_200, "sunnet-demo")
    said = await house.last()
    assert isinstance(said, Dossier)
    assert (said.matter, said.event, said.by, said.partner) == ("incident", "opened", "sunnet-demo", "sunnet")


async def test_what_was_written_is_nowhere_but_in_the_sealed_dossier(house: House, sunnet: Partner) -> None:
    assert (await send(sunnet, report(sunnet))).status_code == 200
    assert CANARY not in repr(await house.rows("SELECT * FROM dossier"))
    assert CANARY not in repr(await house.entries())
    assert CANARY not in repr(house.told)


async def test_the_same_report_again_is_the_same_incident(house: House, sunnet: Partner) -> None:
    body = report(sunnet)
    first, second = await send(sunnet, body), await send(sunnet, body)
    assert first.json()["incident"] == second.json()["incident"]
    other = await send(sunnet, report(sunnet))
    assert other.json()["incident"] != first.json()["incident"]
    assert len(await incidents(oversight_of(house.settings, house.stores), COOP)) == 2


async def test_a_proof_is_good_once_and_what_is_malformed_does_not_use_it_up(sunnet: Partner) -> None:
    await sunnet.ask("P4", ["name"], ["00000007"])
    token = await sunnet.token("P4", ["name"])
    proof = sunnet.proof("POST", f"{RESOURCE}/incidents", token)
    assert (await send(sunnet, report(sunnet, what=""), proof=proof)).status_code == 400
    assert (await send(sunnet, report(sunnet), proof=proof)).status_code == 200
    assert (await send(sunnet, report(sunnet), proof=proof)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"known": "2026-11-19"}, "/known"),
        ({"discovered": "2026-02-30"}, "/discovered"),
        ({"discovered": 20261120}, "/discovered"),
        ({"what": "   "}, "/what"),
        ({"what": "x" * 4_001}, "/what"),
        ({"what": "a\u202eb"}, "/what"),
        ({"wrongful": "perhaps"}, "/wrongful"),
        ({"encrypted": True}, "/encrypted"),
        ({"persons": -1}, "/persons"),
        ({"persons": True}, "/persons"),
        ({"title": "二\n行"}, "/title"),
        ({"contact": ""}, "/contact"),
        ({"coop": "../x"}, "/coop"),
        ({"agreement": None}, "/agreement"),
        ({"jti": "short"}, "/jti"),
        ({"members": ["00000007"]}, ""),
    ],
)
async def test_a_claim_that_is_not_as_it_must_be_is_named_and_nothing_is_kept(
    house: House, sunnet: Partner, changes: dict[str, Any], pointer: str
) -> None:
    before = len(await house.entries())
    answer = await send(sunnet, report(sunnet, **changes))
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
    assert CANARY not in answer.text
    assert len(await house.entries()) == before


async def test_what_is_not_signed_as_a_report_of_this_client_is_refused(house: House, sunnet: Partner) -> None:
    jccu = await house.partner("jccu", "kyoritsusha-jccu-01")
    before = len(await house.entries())
    asked = {
        "another typ": report(sunnet, {"typ": "data-request+jwt"}),
        "another's key": report(sunnet, with_key=jccu.sig),
        "another's name": report(sunnet, iss="jccu-demo"),
        "another audience": report(sunnet, aud="https://elsewhere.example"),
        "over": report(sunnet, iat=int(sunnet.now()) - 400, exp=int(sunnet.now()) - 200),
        "no jws": json.dumps({"what": "x"}),
    }
    for what, body in asked.items():
        answer = await send(sunnet, body)
        assert answer.status_code == 401, what
        assert answer.json()["type"].endswith(":invalid-request-object"), what
    assert (await send(sunnet, report(sunnet, coop="coopdeli"))).status_code == 403
    assert (await send(sunnet, report(sunnet, agreement=jccu.agreement))).status_code == 403
    assert (await send(sunnet, report(sunnet), **{"Content-Type": "application/json"})).status_code == 415
    assert (await send(sunnet, report(sunnet), query="?a=1")).status_code == 400
    assert (await sunnet.http.post(f"{RESOURCE}/incidents", content=report(sunnet))).status_code == 401
    wrong_way = await sunnet.get("/incidents", await sunnet.token("P4", ["name"]))
    assert (wrong_way.status_code, wrong_way.headers["Allow"]) == (405, "POST")
    assert len(await house.entries()) == before


async def test_the_typed_client_reports_and_keeps_both_names(house: House, sunnet: Partner, tmp_path: Path) -> None:
    for name, key in (("sig", sunnet.sig), ("enc", sunnet.enc)):
        path = tmp_path / f"{name}.jwk.json"
        path.write_text(json.dumps(key.as_dict(private=True)))
        path.chmod(0o600)
    config = config_from(
        {
            "issuer": sunnet.issuer, "resource": sunnet.resource, "client_id": sunnet.client_id, "coop": COOP,
            "agreement": sunnet.agreement, "purposes": [{"purpose": "P4", "fields": ["name"], "products": ["G1"]}],
        }
    )  # fmt: skip
    client = AsyncClient(config, load_keys(tmp_path), http=house.http, clock=sunnet.now)
    day = date(2026, 11, 22)
    receipt = await client.report_incident(Report(what=CANARY, discovered=day, known=day, title="USBの紛失"))
    kept = await incident(oversight_of(house.settings, house.stores), COOP, receipt.incident)
    assert kept is not None
    assert (kept[1].intake.title, kept[1].intake.what) == ("USBの紛失", CANARY)
    assert kept[1].told is not None
    assert kept[1].told.report == receipt.report
    assert CANARY not in repr(receipt)
    for wrong in (
        Report(what=" ", discovered=day, known=day),
        Report(what="x", discovered=day, known=date(2026, 11, 1)),
        Report(what="x", discovered=day, known=day, title="a\nb"),
        Report(what="x", discovered=day, known=day, wrongful="maybe"),  # type: ignore[arg-type]
        Report(what="x", discovered=day, known=day, persons=-1),
    ):
        with pytest.raises(UsageError):
            await client.report_incident(wrong)
