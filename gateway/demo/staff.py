"""The co-op's staff with accounts for the console: one proposes, another approves, a third only reads."""

import base64
import os
import secrets
import time
from pathlib import Path

import msgspec
import pyotp

from gateway.app.storage import Stores
from gateway.control_plane.people import people
from gateway.control_plane.people.credentials import hash_password, seal_totp, totp_key
from gateway.core.staff import Role
from gateway.demo.state import COOP
from gateway.ports import Credentials

DEPARTMENT = "宅配事業部"
ROLES: tuple[tuple[str, str, Role, str | None], ...] = (
    ("sato", "【見本】佐藤 (起案)", "admin", DEPARTMENT),
    ("ito", "【見本】伊藤 (承認)", "manager", DEPARTMENT),
    ("mori", "【見本】森 (コンプライアンス)", "compliance", None),
)
_BY, _REASON = "設定", "【見本】担当者の登録"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a person signs in with, as `staff/<id>.json` keeps it."""

    coop: str
    person: str
    password: str
    totp: str
    """The secret of the authenticator, in base32."""
    uri: str

    def code(self, at: float) -> str:
        """Return what the authenticator shows at an instant, in seconds since 1970."""
        return pyotp.TOTP(self.totp).at(int(at))


async def hire(office: Stores, state: Path) -> list[Account]:
    """Add the people with their roles and accounts, and write what they sign in with. Raises Unavailable."""
    words = {"by": _BY, "reason": _REASON, "clock": office.clock}
    for person, name, _, _ in ROLES:
        await people.add_person(office.log, office.staff, COOP, person, name, **words)  # type: ignore[arg-type]
    accounts = []
    for person, _, role, department in ROLES:
        # Whoever gives the first role is nobody's account yet; from then on it is one of them.
        giver = words if role == "admin" else words | {"by": ROLES[0][0]}
        await people.give_role(office.log, office.staff, COOP, person, role, department=department, **giver)  # type: ignore[arg-type]
        accounts.append(await _account(office, state, person))
    return accounts


async def _account(office: Stores, state: Path, person: str) -> Account:
    secret, password = secrets.token_bytes(20), "-".join(secrets.token_hex(2) for _ in range(4))
    totp = base64.b32encode(secret).decode()
    key = totp_key(office.keys.coop_secrets(COOP))
    fresh = Credentials(password=hash_password(password), totp=seal_totp(secret, key))
    was = await office.staff.credentials(COOP, person)
    assert was is not None
    assert await office.staff.set_credentials(COOP, person, fresh, was=was)
    uri = pyotp.TOTP(totp).provisioning_uri(name=person, issuer_name=f"joint-use gateway {COOP}")
    account = Account(coop=COOP, person=person, password=password, totp=totp, uri=uri)
    file = state / "staff" / f"{person}.json"
    file.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(account), indent=1) + b"\n")
    return account


def code_of(state: Path, person: str) -> str | None:
    """Return the code of now for a person whose account an earlier run wrote; None for nobody there."""
    file = state / "staff" / f"{person}.json"
    if not person.isalnum() or not file.is_file():
        return None
    return msgspec.json.decode(file.read_bytes(), type=Account).code(time.time())
