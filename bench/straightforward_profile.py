"""The straightforward build, doing what this gateway's profile asks of every request, again as most would write it.

The token is bound to a key, and a proof of it is verified and used once; the request is signed by the partner; each
transfer row holds the hash of the one before; what is released is receipted after the commit. Still left out: nonces,
notices and agreements, the member gate but for the status, commitments to members, proofs and witnesses of the log.
"""

import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from jwcrypto import jwk, jws, jwt
from jwcrypto.common import JWException, base64url_encode
from pydantic import BaseModel, ValidationError
from sqlalchemy import DateTime
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.straightforward import (
    Asked,
    TransferRow,
    keys_in,
    living,
    main,
    member_system_at,
    released_to,
    sealed_to,
    sessions,
    signed_by,
)

LEEWAY_S = 60


class Signed(Asked):
    """The claims of a partner's signed request."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str


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


class ProfileTransfer(TransferRow, table=True):
    """A transfer; `hash` covers the row and the hash of the one before."""

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
    issuer, response_key, partner_key, partner_signs = keys_in(keys, "issuer", "response", "enc", "sig")
    engine = create_async_engine(database)
    member_system = member_system_at(source, secret)
    app = FastAPI(lifespan=living(engine, member_system, Chain()))

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
        db: Annotated[AsyncSession, Depends(sessions(engine))],
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
        released = await released_to(asked, member_system)
        evidence = {"aud": client, "iat": int(time.time()), "jti": jti, "rqh": digest(text)}
        sealed = sealed_to(partner_key, signed_by(response_key, {**evidence, "members": released}))
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
        told = {**evidence, "index": row.id, "entry": row.hash, "body": row.body}
        receipt = signed_by(response_key, told)
        return Response(sealed, media_type="application/jwt", headers={"Transfer-Receipt": receipt})

    return app


if __name__ == "__main__":
    main(make_app)
