"""The other builds as processes, and the partner as they know it: a token, a request, an answer to open."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey

from bench.build import Build, Groups, Ready
from bench.load import Answer
from bench.machine import free_port, serving
from bench.partner import CLIENT, FIELDS, PURPOSE, Partner
from gateway.core.days import jst_day
from gateway.demo.people import make_members
from tests.postgres import Server

_COLUMNS = ("status", *FIELDS)
_AUDIENCE = "https://gateway.example.coop"
_TOKEN_S = 3_600
_LARGE = 64 * 1024 * 1024  # what joserfc reads at most by default holds no page of 1,000 members
_SIGNED = jws.JWSRegistry(algorithms=["ES256"])
_SIGNED.max_payload_length = _LARGE
_SEALED = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"])
_SEALED.max_ciphertext_length = _LARGE


@contextmanager
def straightforward(
    folder: Path, partner_key: ECKey, *, database: str, source: str, secret: Path, core: set[int]
) -> Iterator[Build]:
    """Serve the straightforward build; `folder` is for its keys."""
    issuer, members = _keys(folder, partner_key)
    claims = {"sub": CLIENT, "aud": _AUDIENCE, "exp": int(time.time()) + _TOKEN_S}
    token = jwt.encode({"alg": "ES256", "kid": "issuer"}, claims, issuer)
    port = free_port()
    told = ["--port", str(port), "--audience", _AUDIENCE, "--database", database, "--keys", str(folder)]
    told += ["--source", source, "--secret-file", str(secret)]
    with serving(["-m", "bench.straightforward", *told], port=port, core=core, env={}) as pid:
        yield Build(name="straightforward", pid=pid, port=port, ready=_ready(port, token, partner_key, members))


@contextmanager
def whole_profile(
    folder: Path, partner: Partner, partner_key: ECKey, *, database: str, source: str, secret: Path, core: set[int]
) -> Iterator[Build]:
    """Serve the straightforward build of the whole profile, which the partner asks as it asks this gateway."""
    issuer, members = _keys(folder, partner_key)
    _write(folder / "sig.jwk.json", partner.keys.sig.public_jwk())
    audience = partner.config.resource
    port = free_port()
    told = ["--port", str(port), "--audience", audience, "--database", database, "--keys", str(folder)]
    told += ["--source", source, "--secret-file", str(secret)]

    def ready(groups: Groups) -> Ready:
        claims = {"sub": CLIENT, "aud": audience, "exp": int(time.time()) + _TOKEN_S, "cnf": {"jkt": partner.jkt}}
        token = jwt.encode({"alg": "ES256", "kid": "issuer"}, claims, issuer)
        asked = partner.sign_under(token, None, members=groups)
        host = f"127.0.0.1:{port}"
        return Ready(requests=[one.on_the_wire(host) for one in asked], opened=_opened(partner_key, members))

    with serving(["-m", "bench.straightforward_profile", *told], port=port, core=core, env={}) as pid:
        yield Build(name="whole profile", pid=pid, port=port, ready=ready)


def _keys(folder: Path, partner_key: ECKey) -> tuple[ECKey, Callable[[bytes], list[Any]]]:
    """Make a straightforward build's keys; return the issuer's, and what reads the members of a signed answer."""
    issuer, response = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("issuer", "response"))
    _write(folder / "issuer.jwk.json", issuer.as_dict(private=False))
    _write(folder / "response.jwk.json", response.as_dict(private=True))
    _write(folder / "enc.jwk.json", partner_key.as_dict(private=False))

    def members(plaintext: bytes) -> list[Any]:
        signed = jws.deserialize_compact(plaintext, response, registry=_SIGNED)
        found: list[Any] = json.loads(signed.payload)["members"]
        return found

    return issuer, members


@contextmanager
def plain(folder: Path, partner_key: ECKey, *, dsn: str, core: set[int]) -> Iterator[Build]:
    """Serve the plain build, whose members are in its own database; `folder` is for its keys."""
    api_key = secrets.token_urlsafe(32)
    (folder / "api_key").write_text(api_key)
    _write(folder / "enc.jwk.json", partner_key.as_dict(private=False))

    def members(plaintext: bytes) -> list[Any]:
        found: list[Any] = json.loads(plaintext)["members"]
        return found

    port = free_port()
    told = ["--dsn", dsn, "--keys", str(folder)]
    with serving(["-m", "bench.plain", "--port", str(port), *told], port=port, core=core, env={}) as pid:
        yield Build(name="plain", pid=pid, port=port, ready=_ready(port, api_key, partner_key, members))


async def load_members(server: Server, database: str, count: int) -> None:
    """Put the synthetic members into the plain build's database."""
    db = await asyncpg.connect(server.dsn(database))
    try:
        columns = ", ".join(f"{column} text" for column in _COLUMNS)
        await db.execute(f"CREATE TABLE member ({columns}, PRIMARY KEY (member_code))")
        members = make_members(count, today=jst_day(_now()))
        # Text as a database would hold it; the awkward member whose field is a number is among them.
        rows = [[None if member[name] is None else str(member[name]) for name in _COLUMNS] for member in members]
        await db.copy_records_to_table("member", records=rows, columns=_COLUMNS)
        await db.execute("ANALYZE member")
    finally:
        await db.close()


def _ready(
    port: int, bearer: str, partner_key: ECKey, members: Callable[[bytes], list[Any]]
) -> Callable[[Groups], Ready]:
    """Return what makes requests: JSON bodies under one bearer."""
    head = (
        f"POST /v1/transfers HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {bearer}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )

    def ready(groups: Groups) -> Ready:
        bodies = [json.dumps({"purpose": PURPOSE, "fields": FIELDS, "members": codes}) for codes in groups]
        return Ready(
            requests=[f"{head}{len(body)}\r\n\r\n{body}".encode() for body in bodies],
            opened=_opened(partner_key, members),
        )

    return ready


def _opened(partner_key: ECKey, members: Callable[[bytes], list[Any]]) -> Callable[[Answer], int]:
    def opened(answer: Answer) -> int:
        sealed = jwe.decrypt_compact(answer.body, partner_key, registry=_SEALED)
        assert sealed.plaintext is not None
        return sum(one.keys() == set(FIELDS) for one in members(sealed.plaintext))

    return opened


def _write(path: Path, key: Any) -> None:
    path.write_text(json.dumps(key))


def _now() -> datetime:
    return datetime.now(UTC)
