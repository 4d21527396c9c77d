"""The one story that all three ways through the second door are held to, told by whoever does the steps.

From an empty database, a co-op whose notice is incomplete completes it, agrees with a partner, and grants two fields;
the partner receives exactly these. Two more are granted, and taken back by a return to the version before.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pyotp
import pytest

from tests.e2e.completed_copy import AGREEMENT, COOP, DEPARTMENT, complete, widen
from tests.e2e.exported_log import export
from tests.e2e.independent_client import Client, Keys, Refused
from tests.e2e.serving import BY, ROOT, START_S, Site, reserved_port, site

PASSWORD = "水仙と鉄瓶と朝の市 2026"
PARTNER, CLIENT = "jccu", "jccu-demo"
MEMBERS = ["00000007", "00000101"]
NARROW, WIDE = ["member_code", "name"], ["member_code", "name", "phone", "email"]
GAPS = {
    "joint_purposes",
    "items",
    "responsible_party.name",
    "responsible_party.address",
    "responsible_party.representative",
}
BY_SATO = ("--by", "sato", "--reason", "試験")
PEOPLE = (
    ("staff", "add", COOP, "sato", "--name", "佐藤 起子", *BY),
    ("staff", "add", COOP, "ito", "--name", "伊藤 認", *BY),
    ("staff", "role", COOP, "sato", "admin", "--department", DEPARTMENT, *BY),
    ("staff", "role", COOP, "ito", "manager", "--department", DEPARTMENT, *BY_SATO),
)


class Hands(Protocol):
    """Two people at work: sato drafts, ito approves."""

    async def publishes(self, title: str) -> str:
        """Put what the files of the co-op's folder say in force, through every step; return the version's digest."""
        ...

    async def returns(self, version: str) -> str:
        """Put in force what an earlier version said; return the digest of the version that says it now."""
        ...

    async def admits(self, keys: Keys) -> None:
        """Register the partner's keys with proof that it holds them, and let releases to it begin: two people each."""
        ...


@contextmanager
def empty_site(tmp_path: Path, policies: Path) -> Iterator[Site]:
    """A gateway with a console for the one co-op: an empty database, keys, and two people; nothing was ever published."""
    more: dict[str, Any] = {"keys": tmp_path / "keys", "policies": policies, "coops": (COOP,)}
    with (
        reserved_port() as console_port,
        site(tmp_path / "site", f"sqlite:///{tmp_path}/gateway.db", console_port=console_port, **more) as made,
    ):
        made.do_all(("migrate",), ("keys", "init"), *PEOPLE)
        yield made


async def told_with(hands: Hands, at: Site, keys: Keys, folder: Path) -> None:
    """Tell the story, and hold it to what the partner receives."""
    async with httpx2.AsyncClient(timeout=30) as http:
        jccu = partner(http, at, keys)
        await hands.publishes("最初の版")
        await hands.admits(keys)
        assert "not granted" in await refused_once_known(jccu)

        complete(folder)
        narrow = await hands.publishes("公表事項を補い、覚書を加える")
        assert await received_soon(jccu, NARROW) == set(NARROW)
        with pytest.raises(Refused, match="not granted"):
            await received(jccu, WIDE)  # not even a token

        widen(folder)
        await hands.publishes("電話とメールを加える")
        assert await received_soon(jccu, WIDE) == set(WIDE)

        assert await hands.returns(narrow) == narrow
        assert await received(jccu, NARROW) == set(NARROW)
        with pytest.raises(Refused, match="403"):
            await received(jccu, WIDE)  # the token of before helps no more


def the_log_tells_who_did_what(at: Site) -> None:
    """From the exported log alone: it verifies, and every version, key and state was one's wish and another's approval."""
    log = export(at, "exported", COOP)
    told = at.told("log", "verify", str(log.folder), "--key", log.vkey, "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    published = log.of_kind("publish")
    assert [(one["proposer"], one["approver"], bool(one["preview"])) for one in published] == [
        ("sato", "ito", True)
    ] * 4
    for one in published:
        steps = [(step["event"], step["by"]) for step in log.of_kind("proposal", proposal=one["proposal"])]
        assert steps[-2:] == [("submit", "sato"), ("approve", "ito")]
        assert {by for _, by in steps[:-1]} == {"sato"}
    opened = [*log.of_kind("partner", event="keys_added"), *log.of_kind("partner", event="active")]
    assert [(one["by"], one["approver"]) for one in opened] == [("sato", "ito")] * 2


def the_real_co_op_is_incomplete(tmp_path: Path) -> None:
    """コープデリ itself still loads with the five gaps of its text, and nothing was invented to fill them."""
    with site(tmp_path / "elsewhere", "sqlite://", keys=tmp_path, policies=ROOT / "policies") as anywhere:
        told = anywhere.told("policy", "lint", "policies/coopdeli", "--json")
    assert told.returncode == 0
    findings = json.loads(told.stdout)
    lacks = [re.findall(r"公表事項に `([\w.]+)`", one["ja"]) for one in findings]
    assert {name for names in lacks for name in names} == GAPS
    assert {one["severity"] for one in findings} == {"warning"}


def authenticator(at: Site, person: str) -> pyotp.TOTP:
    """Set a person's password; return what their telephone would hold."""
    uri = at.do("staff", "password", COOP, person, "--stdin", stdin=PASSWORD + "\n")["totp"]
    made = pyotp.parse_uri(uri)
    assert isinstance(made, pyotp.TOTP)
    return made


def handed_to_the_partner(at: Site, keys: Keys, challenge: object) -> dict[str, Any]:
    """Let the partner prove that it holds its keys, with the tool that partners are given; return its answer."""
    folder = at.folder / "partner"
    folder.mkdir(exist_ok=True)
    for use, key in (("sig", keys.sig), ("enc", keys.enc)):
        (folder / f"{use}.jwk.json").write_text(json.dumps(key))
        (folder / f"{use}.jwk.json").chmod(0o600)
    told = at.told("client", "prove", "-", "--keys", str(folder), stdin=json.dumps(challenge))
    assert told.returncode == 0, told.stderr
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def partner(http: httpx2.AsyncClient, at: Site, keys: Keys) -> Client:
    """The partner's own system."""
    config = {
        "issuer": at.issuer,
        "resource": f"{at.issuer}/v1",
        "client_id": CLIENT,
        "coop": COOP,
        "agreement": AGREEMENT,
    }
    return Client(http, config, keys)


async def refused_once_known(client: Client) -> str:
    """Ask for what nothing grants; return the refusal, once the gateway's process has heard of the client's keys."""
    deadline = time.monotonic() + START_S
    while True:
        with pytest.raises(Refused) as refused:
            await received(client, NARROW)
        if "invalid_client" not in str(refused.value) or time.monotonic() > deadline:
            return str(refused.value)


async def received_soon(client: Client, fields: list[str]) -> set[str]:
    """Pull what was granted a moment ago: the gateway's process gives a token for it once it has heard of that."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return await received(client, fields)
        except Refused as refused:
            if "not granted" not in str(refused) or time.monotonic() > deadline:
                raise


async def received(client: Client, fields: list[str]) -> set[str]:
    """Pull some members; return the fields that came, the same of every one of them."""
    released = (await client.pull("P4", fields, None, members=MEMBERS)).released
    assert set(released) == set(MEMBERS)
    [came] = {frozenset(data) for data in released.values()}
    return set(came)
