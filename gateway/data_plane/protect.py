"""Step 5: sign, then encrypt to the partner's key. Makes Sealed, and nothing else does."""

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypedDict, Unpack

import msgspec

from gateway.core.decide import deny
from gateway.core.identity import FEW, SALT, Chunk, Subject, commit
from gateway.core.outcome import Denial, Permit, Sealed
from gateway.core.policy import Transform
from gateway.core.reasons import reason
from gateway.core.walk import Walked
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Asking, Facts, Minimized, Part
from gateway.jose.rfc7515 import sign
from gateway.jose.rfc7516 import encrypt
from gateway.ports import Unavailable
from gateway.tlog.sets import chunks_of, commitment_of

ANSWER_S = 600
PART_S = 1_500
"""A part of an export lies ready for a quarter of an hour (exports/parts.py) and is then as good as any answer."""
PAD = 1_024
"""The payload is a multiple of this, so that sizes tell little."""


async def protect(
    desk: Desk, asking: Asking, minimized: Minimized | Denial, earlier: Sealed | Denial | None
) -> Sealed | Denial:
    """Return the sealed answer; one sealed on an earlier try is kept where its content and key are still the same.

    A key that cannot be used is a Denial with a fault: never plaintext. So are ordinals that cannot be had: no side rows,
    no release.
    """
    if isinstance(minimized, Denial):
        return minimized
    permit = minimized.permit
    content = _content(asking, minimized)
    same = content + minimized.standing
    if isinstance(earlier, Sealed) and earlier.content == same and earlier.permit.encryption == permit.encryption:
        return msgspec.structs.replace(earlier, permit=permit, **_counted(minimized))
    try:
        subjects, chunks, committed = await _members(desk, asking, minimized.tags)
        sealing = partial(_body, desk, asking, minimized, content)
        # What takes long goes on beside the loop.
        body = sealing() if asking.part is None else await asyncio.to_thread(sealing)
    except Unavailable as fault:
        desk.telemetry.note("ordinals unavailable", coop=asking.coop, fault=str(fault))
        return deny("unavailable", [reason("fault", "members", "unavailable")], gov=permit.gov)
    except Exception as fault:  # noqa: BLE001  # whatever a signer or a key may raise, nothing leaves unsealed
        desk.telemetry.note("sealing failed", coop=asking.coop, fault=type(fault).__name__)
        return deny("internal", [reason("fault", "seal", "failed")], gov=permit.gov)
    return _sealed(
        permit=permit,
        transfer=asking.transfer,
        body=body,
        body_hash=hashlib.sha256(body).digest(),
        content=same,
        released=len(minimized.tags),
        subjects=subjects,
        chunks=chunks,
        commitment=committed,
        **_counted(minimized),
    )


def sealed_before(asking: Asking, permit: Permit, at: datetime, *, body: bytes, digest: bytes, facts: Facts) -> Sealed:
    """Return a part of an export that was sealed before, decided afresh at an instant: what it holds may still leave."""
    return _sealed(
        permit=permit,
        transfer=asking.transfer,
        at=at,
        valid_until=min(permit.valid_until, facts.valid_until),
        body=body,
        body_hash=digest,
        content=b"",
        fields=facts.fields,
        asked=facts.asked,
        released=facts.released,
        not_available=facts.not_available,
        refused=facts.refused,
        removed=facts.removed,
        subjects=facts.subjects,
        chunks=facts.chunks,
        commitment=facts.commitment,
        walked=facts.walked,
    )


class _Counted(TypedDict):
    """What the entry says of one try beyond the sealed body: the same values may come of other transforms."""

    at: datetime
    valid_until: datetime
    fields: Mapping[str, Transform]
    asked: int
    not_available: int
    refused: int
    walked: Walked | None
    removed: int


class _Said(_Counted):
    permit: Permit
    transfer: str
    body: bytes
    body_hash: bytes
    content: bytes
    released: int
    subjects: tuple[Subject, ...]
    chunks: tuple[Chunk, ...]
    commitment: bytes


def _sealed(**said: Unpack[_Said]) -> Sealed:
    return Sealed(**said)


def _body(desk: Desk, asking: Asking, minimized: Minimized, content: bytes) -> bytes:
    """Return the answer signed, then encrypted."""
    inner = sign("member-data+jwt", _payload(desk, asking, minimized, content), desk.response_signer)
    sealed = encrypt(
        inner.encode(),
        desk.key(minimized.permit.encryption),
        typ="JWT",
        cty="JWT",
        apu=desk.issuer.encode(),
        apv=asking.client.encode(),
    )
    return sealed.encode()


async def _members(
    desk: Desk, asking: Asking, tags: Sequence[bytes]
) -> tuple[tuple[Subject, ...], tuple[Chunk, ...], bytes]:
    """Return the side rows of the released members and the commitment to them. Raises Unavailable."""
    if len(tags) <= FEW:
        salts = [os.urandom(SALT) for _ in tags]
        return tuple(map(Subject, tags, salts)), (), commit(tags, salts)
    try:
        async with asyncio.timeout((asking.deadline - desk.clock()).total_seconds()):
            ordinals = await desk.side_rows.ordinals(asking.coop, tags)
    except TimeoutError:
        raise Unavailable("the deadline came before the ordinals") from None
    chunks = chunks_of(ordinals, randomness=os.urandom)
    return (), chunks, commitment_of(chunks)


def _counted(minimized: Minimized) -> _Counted:
    return {
        "at": minimized.at,
        "valid_until": minimized.valid_until,
        "fields": minimized.fields,
        "asked": minimized.asked,
        "not_available": minimized.not_available,
        "refused": minimized.refused,
        "walked": minimized.walked,
        "removed": minimized.removed,
    }


def _content(asking: Asking, minimized: Minimized) -> bytes:
    """Return the claims that depend on policy and records: equal content need not be sealed again."""
    permit = minimized.permit
    claims = {
        "coop": permit.coop,
        "purpose": permit.purpose,
        "agreement": permit.agreement,
        "csv" if asking.part is not None and asking.part.form == "csv" else "results": msgspec.Raw(minimized.results),
        "terms": {"retention": f"P{permit.grant.retention_days}D", "reprovision": False},
    }
    return msgspec.json.encode(claims)[1:-1]


def _payload(desk: Desk, asking: Asking, minimized: Minimized, content: bytes) -> bytes:
    """Return the inner claims, padded; `_pad` is last."""
    now = int(minimized.at.timestamp())
    outer = {
        "iss": desk.issuer,
        "aud": asking.client,
        "iat": now,
        "exp": now + ANSWER_S,
        "jti": asking.transfer,
        "rqh": asking.rqh,
    }
    told = minimized.paging
    if asking.part is not None:
        outer |= _of_part(asking.part, now, last="next" not in told)
        told = {name: value for name, value in told.items() if name != "next"}
    head = msgspec.json.encode(outer)[:-1] + b"," + content
    tail = (b"," + msgspec.json.encode(told)[1:-1] if told else b"") + b',"_pad":"'
    size = len(head) + len(tail) + 2
    return head + tail + b"0" * (-size % PAD) + b'"}'


def _of_part(part: Part, now: int, *, last: bool) -> dict[str, Any]:
    """Return the claims that a part of an export has of its own; it waits to be fetched."""
    said = {"exp": now + PART_S, "jti": f"{part.export}.{part.n}", "export": part.export, "n": part.n}
    return said | ({"of": part.n} if last else {})
