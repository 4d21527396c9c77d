"""Member codes as they are typed or pasted into a form: one a line, or parted by commas or blanks."""

import re
from typing import Final

from gateway.core.members.rights import is_code
from gateway.core.refused import Refused

MOST: Final = 5_000
_BETWEEN: Final = re.compile(r"[\s,、,]+")


def codes_typed(text: str) -> list[str]:
    """Return the codes, each once. Raises Refused for none, too many, or what no member code can be (by its place)."""
    codes = list(dict.fromkeys(one for one in _BETWEEN.split(text.removeprefix("\ufeff")) if one))
    if not codes:
        raise Refused("codes", "組合員コードを入力してください", "type at least one member code")
    if len(codes) > MOST:
        raise Refused(
            "codes", f"一度に{MOST:,}人までです。分けて入力してください", f"at most {MOST:,} members at a time"
        )
    for number, code in enumerate(codes, 1):
        if not is_code(code):
            raise Refused(
                "codes",
                f"{number}番目は組合員コードの形ではありません。半角の英数字とハイフンで、先頭の0も省かずに入力してください",
                f"the {number}th is no member code; type letters, digits and hyphens, with leading zeros",
            )
    return codes
