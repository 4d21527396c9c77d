"""The period of a report, as a page's URL names it: the last so many days, up to a year."""

import re
from typing import Final

from starlette.requests import Request

MOST_DAYS: Final = 366
CHOICES: Final = (30, 90, 180, 365)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def days_asked(request: Request, default: int) -> tuple[int, bool]:
    """Return `?days=…`, and whether it could not be read: then it is the default."""
    asked = request.query_params.get("days", "")
    if not asked:
        return default, False
    if not _NUMBER.fullmatch(asked) or int(asked) > MOST_DAYS:
        return default, True
    return int(asked), False
