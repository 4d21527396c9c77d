"""Release entries of the usual size, as the three parts that measure the log write them by the million."""

import hashlib
from datetime import datetime
from typing import Final

from bench.partner import COOP, FIELDS, PAGE
from gateway.tlog.entries import Counts, Release, instant

ORIGIN: Final = f"bench.example.coop/{COOP}"
STREAMS: Final = 20
"""Partners and purposes that pull every day."""
POLICY: Final = hashlib.sha256(b"policy").hexdigest()
TRANSFER: Final = "0123456789abcdef0123456789abcdef"


def partner_of(stream: int) -> str:
    """Return the partner of a stream."""
    return f"partner-{stream:02}"


def release_of(stream: int, at: datetime, *, gov: int, key: str) -> Release:
    """Return the release of a page to a stream's partner, under governance entry `gov`; `key` is a key's thumbprint."""
    partner, digest = partner_of(stream), "A" * 43
    return Release(
        coop=COOP, time=instant(at), transfer=TRANSFER, valid_until=instant(at), partner=partner,
        client=f"{partner}-orders", purpose="P4", product="G1", basis="joint_use", article="APPI-27(5)(iii)",
        agreement=f"kyoritsusha-{partner}-01", grant=f"kyoritsusha-{partner}-01/delivery", notice="2022-04-01",
        policy=POLICY, gov=gov, fields=dict.fromkeys(FIELDS, "as_is"), page=True,
        counts=Counts(asked=PAGE, released=PAGE), commitment=digest, request=digest, body=digest, proof=key,
        encryption={"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key, "jkt": key},
    )  # fmt: skip
