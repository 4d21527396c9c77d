"""The same job as most would write it: FastAPI and pydantic, a call to the member system per request, an ORM commit.

A bearer JWT is verified, the fields are checked against the purpose, the answer is signed and encrypted with jwcrypto
after the transfer row is committed. It has no signed requests, no sender-constrained tokens, no member gate but the
status, and no log with proofs.
"""

import argparse
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from jwcrypto import jwe, jwk, jws, jwt
from jwcrypto.common import JWException
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

PERMITTED = {
    "P4": {
        "member_code", "name", "name_kana", "postal_code", "address_line", "phone", "order_course", "delivery_day",
    },
}  # fmt: skip


class Asked(BaseModel):
    """The body of a request."""

    purpose: str
    fields: list[str]
    members: list[str]


class Member(BaseModel):
    """A record of the member system."""

    member_code: str
    status: str
    name: str | None = None
    name_kana: str | None = None
    postal_code: str | None = None
    address_line: str | None = None
    phone: str | None = None
    order_course: str | None = None
    delivery_day: str | None = None


class TransferRow(SQLModel):
    """What every build keeps of a transfer."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))
    partner: str = Field(index=True)
    purpose: str
    fields: list[str] = Field(sa_type=JSON)
    members: list[str] = Field(sa_type=JSON)
    released: int


class Transfer(TransferRow, table=True):
    """A transfer."""


def keys_in(folder: Path, *names: str) -> list[jwk.JWK]:
    """Return keys by the names of their files."""
    return [jwk.JWK.from_json((folder / f"{name}.jwk.json").read_text()) for name in names]


def member_system_at(source: str, secret: str) -> httpx.AsyncClient:
    """Return the client of the member system."""
    return httpx.AsyncClient(
        base_url=source,
        headers={"Authorization": f"Bearer {secret}"},
        # Below the server's five seconds, or a call now and then meets a connection that is just being closed.
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2),
    )


def living(
    engine: AsyncEngine, member_system: httpx.AsyncClient, *first: SQLModel
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan: tables and first rows at the start, connections closed at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        async with AsyncSession(engine) as db:
            db.add_all(first)
            await db.commit()
        yield
        await member_system.aclose()
        await engine.dispose()

    return lifespan


def sessions(engine: AsyncEngine) -> Callable[[], AsyncIterator[AsyncSession]]:
    """Return the dependency that opens a session for a request."""

    async def session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as opened:
            yield opened

    return session


async def released_to(asked: Asked, member_system: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the asked fields of the active members, where the purpose permits them."""
    if not set(asked.fields) <= PERMITTED.get(asked.purpose, set()):
        raise HTTPException(403)
    body = {"members": asked.members, "fields": [*asked.fields, "status"]}
    answer = await member_system.post("/v1/members/query", json=body)
    answer.raise_for_status()
    members = [Member.model_validate(record) for record in answer.json()["records"]]
    return [member.model_dump(include={*asked.fields}) for member in members if member.status == "active"]


def signed_by(key: jwk.JWK, claims: dict[str, Any]) -> str:
    """Return claims as a signed JWT."""
    signed = jws.JWS(json.dumps(claims, ensure_ascii=False))
    signed.add_signature(key, protected=json.dumps({"alg": "ES256", "kid": key.get("kid")}))
    return str(signed.serialize(compact=True))


def sealed_to(key: jwk.JWK, signed: str) -> str:
    """Return a signed JWT, encrypted."""
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key.get("kid"), "cty": "JWT"}
    return str(jwe.JWE(signed, protected=json.dumps(header), recipient=key).serialize(compact=True))


def make_app(*, audience: str, database: str, source: str, secret: str, keys: Path) -> FastAPI:
    """Return the service; `keys` has `issuer.jwk.json`, `response.jwk.json` and the partner's `enc.jwk.json`."""
    issuer, response_key, partner_key = keys_in(keys, "issuer", "response", "enc")
    engine = create_async_engine(database)
    member_system = member_system_at(source, secret)
    app = FastAPI(lifespan=living(engine, member_system))

    async def partner(authorization: Annotated[str, Header()]) -> str:
        try:
            token = jwt.JWT(algs=["ES256"], check_claims={"aud": audience, "exp": None, "sub": None})
            token.deserialize(authorization.removeprefix("Bearer "), issuer)
        except (JWException, ValueError) as refused:
            raise HTTPException(401) from refused
        return str(json.loads(token.claims)["sub"])

    @app.post("/v1/transfers")
    async def transfers(
        asked: Asked, db: Annotated[AsyncSession, Depends(sessions(engine))], who: Annotated[str, Depends(partner)]
    ) -> Response:
        released = await released_to(asked, member_system)
        db.add(
            Transfer(
                partner=who, purpose=asked.purpose, fields=asked.fields, members=asked.members, released=len(released)
            )
        )
        await db.commit()
        sealed = sealed_to(partner_key, signed_by(response_key, {"aud": who, "members": released}))
        return Response(sealed, media_type="application/jwt")

    return app


def main(make: Callable[..., FastAPI] = make_app) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--audience", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--secret-file", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    options = parser.parse_args()
    secret = options.secret_file.read_text()
    app = make(
        audience=options.audience,
        database=options.database,
        source=options.source,
        secret=secret,
        keys=options.keys,
    )
    uvicorn.run(app, port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
