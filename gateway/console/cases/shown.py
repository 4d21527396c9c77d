"""What the pages of cases and look-ups share: words, days that were typed, the contact desk and when it opens next."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec

from gateway.console.navigation import OVERSIGHT
from gateway.console.visit import Visit
from gateway.core.days import Moment, jst_day
from gateway.core.members import rights_words as words
from gateway.core.members.desk_hours import next_opening
from gateway.core.refused import Refused
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.published import Contact, published

READERS: Final = OVERSIGHT
"""Who may read cases and look members up; compliance alone acts on cases."""
_T = TypeVar("_T", bound=str)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The contact desk of the notice in force; `opens` is when it opens next, None while it is open or nobody says."""

    contact: Contact
    opens: datetime | None


async def window_of(visit: Visit) -> Window | None:
    """Return the contact desk; None where no notice in force names one. Raises Unavailable."""
    desk = visit.desk.overseeing
    snapshot = desk.current(visit.coop)
    policy = snapshot.policy_at(Moment(visit.now))
    version = next((one for one in reversed(snapshot.versions) if one.policy is policy), None)
    contact = (await published(desk, visit.coop, version)).contact
    if contact is None:
        return None
    return Window(contact=contact, opens=None if contact.open is None else next_opening(contact.open, visit.now))


def in_words(visit: Visit) -> dict[str, dict[str, str]]:
    """Return the words of everything that a case is made of, in the reader's language."""
    at = int(visit.texts.language != "ja")
    tables: dict[str, Mapping[Any, tuple[str, str]]] = {
        "kind": words.KIND,
        "subject": words.SUBJECT,
        "agent": words.AGENT,
        "channel": words.CHANNEL,
        "form": words.FORM,
        "method": words.METHOD,
        "result": words.RESULT,
        "outcome": words.OUTCOME,
        "state": words.STATE,
    }
    return {name: {code: both[at] for code, both in table.items()} for name, table in tables.items()}


def day_typed(text: str, ja: str, en: str) -> date:
    """Return a day of a form. Raises Refused, which names it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            "typed:day",
            f"{ja}を年月日で入力してください(例 2026-11-22)",
            f"give {en} as a date, such as 2026-11-22",
        ) from None


def chosen(text: str, among: Sequence[_T], ja: str, en: str) -> _T:
    """Return what was chosen of a list. Raises Refused, which names it."""
    found = next((one for one in among if one == text), None)
    if found is None:
        raise Refused("typed:choice", f"{ja}を選んでください", f"choose {en}")
    return found


def today_of(visit: Visit) -> date:
    """Return the calendar day in Japan."""
    return jst_day(visit.now)


def days_left(kept: Kept, today: date) -> int | None:
    """Return how many days are left until the due day, below 0 once it is past; None where there is none."""
    return None if kept.dossier.due is None else (kept.dossier.due - today).days
