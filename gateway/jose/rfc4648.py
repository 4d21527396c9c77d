"""Base64url without padding, in its one canonical form (RFC 4648 §5, RFC 7515 §2).

pybase64, because the standard library's coder alone would cost as much as everything else a large answer needs.
"""

import pybase64

# By the characters beyond the last four: what pads them, and the last ones whose bits beyond the data are zero.
_PADDING = ("", "", "==", "=")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")


def encode(data: bytes | memoryview) -> str:
    """Write bytes as base64url without padding."""
    return pybase64.b64encode_as_string(data, b"-_").rstrip("=")


def decode(text: str) -> bytes:
    """Read base64url, refusing every spelling but the canonical one; raises ValueError."""
    if "+" in text or "/" in text or "=" in text:  # of the other alphabet the library would only warn
        raise ValueError("not base64url")
    over = len(text) % 4
    if over and text[-1] not in _LAST[over]:
        raise ValueError("not canonical base64url")
    return pybase64.b64decode(text + _PADDING[over], b"-_", validate=True)
