"""What a person may write into a name or a reason: it stands in the log for ever, and is read on every screen."""

import re
from typing import Final

_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Controls but tabs and line ends, halves of characters, and what makes a line read in another order than it is written."""
_LINES: Final = re.compile(r"[\t\r\n\u2028\u2029]")


def writable(text: str) -> bool:
    """Tell whether every database can keep a text and every screen shows it as it was written."""
    return _UNWRITABLE.search(text) is None


def one_line(text: str) -> bool:
    """Tell whether a text says something, in one line."""
    return bool(text.strip()) and writable(text) and _LINES.search(text) is None
