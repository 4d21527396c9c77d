"""Bytes of the declared encoding as text, strictly: nothing is replaced, guessed or left out.

cp932 is Windows' table as Python has it (0x8160 is U+FF5E, 髙 0xEEE0, ㈱ 0x878A, 外字 0xF040 to 0xF9FC are U+E000 and up),
without the five single bytes that it gives to nothing. Source: domain.md §4.
"""

import re
from collections.abc import Callable
from typing import Final

from gateway.adapters.sources.files.refusal import Kind

BOM: Final = b"\xef\xbb\xbf"
END_OF_FILE: Final = b"\x1a"
"""What old systems put after the last record."""
BLANKS: Final = " \u3000"
"""What a column of fixed width is filled up with on its right: a space, and the full-width one."""

_NOBODYS: Final = re.compile("[\x80\uf8f0-\uf8f3]")
"""What Python gives to the bytes 80, A0, FD, FE and FF, which cp932 has no character for."""
_LONG: Final = re.compile("[\u0800-\ud7ff\ue000-\uffff]")
"""Characters of three bytes in UTF-8: kana and kanji."""


class Unreadable(ValueError):
    """Bytes that are no text of the encoding; it says the kind and nothing of the text."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind


def decoder(encoding: str) -> Callable[[bytes], str]:
    """Return what decodes a record. It raises Unreadable."""
    return _utf8 if encoding == "utf-8" else _cp932


def _utf8(data: bytes) -> str:
    if 0 in data:
        raise Unreadable("nul")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("characters") from None


def _cp932(data: bytes) -> str:
    if 0 in data:
        raise Unreadable("nul")
    if data.isascii():
        return data.decode("ascii")
    # A record of UTF-8 is often readable as cp932, as other characters; a whole record of cp932 that happens to be
    # UTF-8, kanji included, is not known to exist. Half-width kana in pairs can be: they are two bytes there.
    try:
        other = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if _LONG.search(other):
            raise Unreadable("utf8_inside")
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        raise Unreadable("characters") from None
    if _NOBODYS.search(text):
        raise Unreadable("characters")
    return text
