"""The job at its plainest: FastAPI, asyncpg, a JWE by joserfc; an API key, fields per purpose, a committed transfer row.

The strongest of the peers measured: everything a short program can leave out is left out. It has no signed requests,
no sender-constrained tokens, no member gate but the status, no signature on the answer, no log with proofs.
"""

import argparse
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import asyncpg
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request, Response
from joserfc import jwe
from joserfc.jwk import ECKey
from pydantic import BaseModel

PERMITTED = {
    "P4": {
        "member_code", "name", "name_kana", "postal_code", "address_line", "phone", "order_course", "delivery_day",
    },
}  # fmt: skip
SCHEMA = """
CREATE TABLE IF NOT EXISTS transfer (
  id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), partner text NOT NULL, purpose text NOT NULL,
  fields text[] NOT NULL, members text[] NOT NULL, released int NOT NULL
)"""
ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


class Asked(BaseModel):
    """The body of a request."""

    purpose: str
    fields: list[str]
    members: list[str]


def make_app(*, dsn: str, keys: Path) -> FastAPI:
    """Return the service; `keys` has `api_key` and the partner's `enc.jwk.json`."""
    api_key = (keys / "api_key").read_text()
    partner = ECKey.import_key(json.loads((keys / "enc.jwk.json").read_text()))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=10, max_size=10) as pool:
            await pool.execute(SCHEMA)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/transfers")
    async def transfers(asked: Asked, request: Request, authorization: Annotated[str, Header()]) -> Response:
        if not secrets.compare_digest(authorization, f"Bearer {api_key}"):
            raise HTTPException(401)
        if not set(asked.fields) <= PERMITTED.get(asked.purpose, set()):
            raise HTTPException(403)
        pool: asyncpg.Pool[asyncpg.Record] = request.app.state.pool
        async with pool.acquire() as db:
            # The fields are names of the list above, and nothing else comes here.
            rows = await db.fetch(
                f"SELECT {', '.join(asked.fields)} FROM member WHERE member_code = ANY($1) AND status = 'active'",
                asked.members,
            )
            await db.execute(
                "INSERT INTO transfer (partner, purpose, fields, members, released) VALUES ($1, $2, $3, $4, $5)",
                "sunnet",
                asked.purpose,
                asked.fields,
                asked.members,
                len(rows),
            )
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": partner.kid}
        payload = json.dumps({"members": [dict(row) for row in rows]}, ensure_ascii=False)
        body = jwe.encrypt_compact(header, payload, partner, algorithms=ALGORITHMS)
        return Response(body, media_type="application/jwt")

    return app


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--keys", type=Path, required=True)
    options = parser.parse_args()
    app = make_app(dsn=options.dsn, keys=options.keys)
    uvicorn.run(app, port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
