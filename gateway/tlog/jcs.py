"""The one way a JSON value is written when its bytes are hashed or signed (RFC 8785, JCS).

No floating point number stands in anything this house hashes, so the one hard part of RFC 8785 (section 3.2.2.3,
numbers as ECMAScript prints them) is left out: a float is refused, not formatted.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

# RFC 8785 section 3.2.2.3 leans on IEEE 754 doubles: beyond this an integer is not the same number everywhere.
MAX_INTEGER: Final = 2**53 - 1

# Both escape as RFC 8785 section 3.2.2.2 asks: short forms, lower-case \u00xx below U+0020, nothing else.
_encode: Final = msgspec.json.Encoder().encode
_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def canonical(value: object) -> bytes:
    """Give the only bytes that this JSON value may be written as.

    Takes str, int, bool, None, list, tuple and dict with str keys, and nothing derived from them. UTF-8, no white
    space, keys sorted by UTF-16 code units, no Unicode normalisation.

    Raises TypeError for any other type (floats among them) and for a key that is no str; ValueError for an integer
    beyond ±(2^53 - 1) and for a lone surrogate. Source: RFC 8785 sections 3.1 and 3.2.
    """
    # Code points and UTF-16 code units sort alike below U+FFFF; in ASCII, which nearly every key is, so do bytes.
    return _encode_sorted(value) if _has_ascii_keys(value) else _encode(_ordered(value))


def _has_ascii_keys(value: object) -> bool:
    """Refuse what has no canonical form here; tell whether all keys, however deep, are ASCII."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ValueError("an integer beyond 2^53 - 1 has no canonical form")
        return True
    if type(value) is dict:
        plain = "".join(value).isascii()  # `join` refuses a key that is no string
        items: Iterable[object] = value.values()
    elif type(value) is list or type(value) is tuple:
        plain = True
        items = value
    else:
        raise TypeError(f"`{kind.__name__}` has no canonical form here")
    for item in items:
        if type(item) is not str and not _has_ascii_keys(item):  # most are strings: spare them the call
            plain = False
    return plain


def _ordered(value: object) -> object:
    """Give the same value with the keys of every object in the order of their UTF-16 code units."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
