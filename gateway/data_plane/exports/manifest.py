"""The signed list of an export's parts: what each was when it was last handed out, or else sealed."""

import msgspec

from gateway.data_plane.desk import Desk
from gateway.jose import rfc4648
from gateway.jose.rfc7515 import sign
from gateway.ports import Export

TYP = "export-manifest+jwt"


async def manifest(desk: Desk, export: Export) -> bytes:
    """Return one compact JWS. `total` are the records of all parts; with `final` there will be no further part."""
    lines = await desk.exports.lines(export.coop, export.id)
    claims = {
        "iss": desk.issuer,
        "aud": export.client,
        "iat": int(desk.clock().timestamp()),
        "jti": export.id,
        "rqh": export.request,
        "coop": export.coop,
        "purpose": export.purpose,
        "agreement": export.agreement,
        "form": export.form,
        "parts": [
            {"n": one.n, "sha256": rfc4648.encode(one.digest), "bytes": one.size, "records": one.records}
            for one in lines
        ],
        "total": sum(one.records for one in lines),
        "final": export.final and len(lines) == export.parts,
    }
    return sign(TYP, msgspec.json.encode(claims), desk.response_signer).encode()
