"""What a person may write into a name or a reason: it stands in the log for ever, and is read on every screen."""

import re
import unicodedata
from typing import Final

LONGEST_REASON: Final = 2_000
"""Characters of a reason: in whatever script they are, an entry of the log holds them."""

_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Controls but tabs and line ends, halves of characters, and what makes a line read in another order than it is written."""
_LINES: Final = re.compile(r"[\t\r\n\u2028\u2029]")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Controls, marks of width none or that need another character, blanks; what private characters (外字) show is for the screen."""
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that are drawn as nothing."""


def says(text: str) -> bool:
    """Tell whether a text has a character that a reader sees."""
    return any(map(_seen, text))


def same_name(one: str, other: str) -> bool:
    """Tell whether two written names name one person: blanks, width and case make nobody another."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(filter(_seen, unicodedata.normalize("NFKC", name))).casefold()


def _seen(each: str) -> bool:
    return unicodedata.category(each) not in _UNSEEN and each not in _BLANK


def writable(text: str) -> bool:
    """Tell whether every database can keep a text and every screen shows it as it was written; blanks alone it may be."""
    return _UNWRITABLE.search(text) is None and (not text.strip() or says(text))


def one_line(text: str) -> bool:
    """Tell whether a text says something, in one line."""
    return says(text) and writable(text) and _LINES.search(text) is None


def is_reason(text: str) -> bool:
    """Tell whether a text can stand in an entry as why somebody acts: it says something, and the entry holds it."""
    return bool(text.strip()) and writable(text) and len(text) <= LONGEST_REASON
