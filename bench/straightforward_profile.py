"""The straightforward build, doing what this gateway's profile asks of every request, again as most would write it.

The token is bound to a key, and a proof of it is verified and used once; the request is signed by the partner; each
transfer row holds the hash of the one before; what is released is receipted after the commit. Still left out: nonces,
notices and agreements, the member gate but for the status, commitments to members, proofs and witnesses of the log.
"""

import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from jwcrypto import jwe, jwk, jws, jwt
from jwcrypto.common import JWException, base64url_encode
from pydantic import BaseModel, ValidationError
from sqlalchemy import JSON, DateTime
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.straightforward import PERMITTED, Member, main

LEEWAY_S = 60


class Signed(BaseModel):
    """The claims of a partner's signed request."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    purpose: str
    fields: list[str]
    members: list[str]


class Proof(BaseModel):
    """The claims of a proof of possession."""

    htm: str
    htu: str
    iat: int
    jti: str
    ath: str


class UsedProof(SQLModel, table=True):
    """A proof that was used."""

    jti: str = Field(primary_key=True)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))


class ProfileTransfer(SQLModel, table=True):
    """A transfer; `hash` covers the row and the hash of the one before."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))
    partner: str = Field(index=True)
    purpose: str
    fields: list[str] = Field(sa_type=JSON)
    members: list[str] = Field(sa_type=JSON)
    released: int
    request: str
    body: str
    hash: str


class Chain(SQLModel, table=True):
    """The one row that says where the chain stands; whoever appends holds its lock."""

    id: int = Field(default=1, primary_key=True)
    hash: str = ""


def digest(data: str) -> str:
    """Return SHA-256, base64url."""
    return str(base64url_encode(hashlib.sha256(data.encode()).digest()))


def make_app(*, audience: str, database: str, source: str, secret: str, keys: Path) -> FastAPI:
    """Return the service; `keys` has the files of the straightforward build and the partner's `sig.jwk.json`."""
    issuer, response_key, partner_key, partner_signs = (
        jwk.JWK.from_json((keys / f"{name}.jwk.json").read_text()) for name in ("issuer", "response", "enc", "sig")
    )
    engine = create_async_engine(database)
    member_system = httpx.AsyncClient(
        base_url=source,
        headers={"Authorization": f"Bearer {secret}"},
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        async with AsyncSession(engine) as db:
            db.add(Chain())
            await db.commit()
        yield
        await member_system.aclose()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    async def session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as opened:
            yield opened

    async def caller(authorization: Annotated[str, Header()], dpop: Annotated[str, Header()]) -> tuple[str, str]:
        """Return the client and the proof's `jti`."""
        try:
            text = authorization.removeprefix("DPoP ")
            token = jwt.JWT(algs=["ES256"], check_claims={"aud": audience, "exp": None, "sub": None, "cnf": None})
            token.deserialize(text, issuer)
            claims = json.loads(token.claims)
            sent = jws.JWS()
            sent.deserialize(dpop)
            key = jwk.JWK(**sent.jose_header["jwk"])
            sent.verify(key, alg="ES256")
            proof = Proof.model_validate_json(sent.payload)
        except (JWException, KeyError, ValueError) as refused:
            raise HTTPException(401) from refused
        if (
            sent.jose_header.get("typ") != "dpop+jwt"
            or claims["cnf"].get("jkt") != key.thumbprint()
            or (proof.htm, proof.htu, proof.ath) != ("POST", f"{audience}/transfers", digest(text))
            or abs(time.time() - proof.iat) > LEEWAY_S
        ):
            raise HTTPException(401)
        return str(claims["sub"]), proof.jti

    @app.post("/v1/transfers")
    async def transfers(
        request: Request,
        db: Annotated[AsyncSession, Depends(session)],
        who: Annotated[tuple[str, str], Depends(caller)],
    ) -> Response:
        client, jti = who
        text = (await request.body()).decode()
        try:
            verified = jws.JWS()
            verified.deserialize(text, partner_signs, alg="ES256")
            asked = Signed.model_validate_json(verified.payload)
        except (JWException, ValidationError, ValueError) as refused:
            raise HTTPException(401) from refused
        if (asked.iss, asked.aud) != (client, audience) or not asked.iat - LEEWAY_S <= time.time() < asked.exp:
            raise HTTPException(401)
        if not set(asked.fields) <= PERMITTED.get(asked.purpose, set()):
            raise HTTPException(403)
        body = {"members": asked.members, "fields": [*asked.fields, "status"]}
        answer = await member_system.post("/v1/members/query", json=body)
        answer.raise_for_status()
        members = [Member.model_validate(record) for record in answer.json()["records"]]
        released = [member.model_dump(include={*asked.fields}) for member in members if member.status == "active"]
        evidence = {"aud": client, "iat": int(time.time()), "jti": jti, "rqh": digest(text)}
        sealed = _sealed({**evidence, "members": released})
        what: dict[str, Any] = asked.model_dump(include={"purpose", "fields", "members"})
        kept: dict[str, Any] = {"request": evidence["rqh"], "body": digest(sealed), "hash": ""}
        row = ProfileTransfer(partner=client, released=len(released), **what, **kept)
        db.add(UsedProof(jti=jti))
        try:
            chain = (await db.exec(select(Chain).with_for_update())).one()
            chain.hash = row.hash = digest(chain.hash + row.model_dump_json(exclude={"id", "hash"}))
            db.add(row)
            await db.commit()
        except IntegrityError as used:
            raise HTTPException(409) from used
        await db.refresh(row)
        receipt = _signed({**evidence, "index": row.id, "entry": row.hash, "body": row.body})
        return Response(sealed, media_type="application/jwt", headers={"Transfer-Receipt": receipt})

    def _signed(claims: dict[str, Any]) -> str:
        signed = jws.JWS(json.dumps(claims, ensure_ascii=False))
        signed.add_signature(response_key, protected=json.dumps({"alg": "ES256", "kid": response_key.get("kid")}))
        return str(signed.serialize(compact=True))

    def _sealed(claims: dict[str, Any]) -> str:
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": partner_key.get("kid"), "cty": "JWT"}
        sealed = jwe.JWE(_signed(claims), protected=json.dumps(header), recipient=partner_key)
        return str(sealed.serialize(compact=True))

    return app


if __name__ == "__main__":
    main(make_app)
