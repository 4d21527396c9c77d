"""Base64url without padding, in its one canonical form (RFC 4648 §5, RFC 7515 §2).

pybase64, because the standard library's coder alone would cost as much as everything else a large answer needs.
"""

import pybase64


def encode(data: bytes | memoryview) -> str:
    """Write bytes as base64url without padding."""
    return pybase64.b64encode_as_string(data, b"-_").rstrip("=")


def decode(text: str) -> bytes:
    """Read base64url, refusing every spelling but the canonical one; raises ValueError.

    Re-encoding is what refuses padding and non-zero trailing bits alike.
    """
    if "+" in text or "/" in text:  # the library would only warn of the other alphabet
        raise ValueError("not base64url")
    data = pybase64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
