"""受付: what is known of an incident, as people write it down, and what must not be missing in it."""

from datetime import date
from typing import Final

import msgspec

from gateway.core.incidents.closed_days import FIRST, BeyondTheTable
from gateway.core.incidents.deadlines import NotCovered, deadlines
from gateway.core.incidents.incident import Known, Party, Source
from gateway.core.plain_text import one_line, writable
from gateway.core.refused import Refused

LONGEST_LINE: Final = 200
LONGEST_TEXT: Final = 4_000


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as received; days are JST calendar days."""

    title: str
    what: str
    discovered: date
    """When it was discovered, by whomever."""
    known: date
    """When any department of the co-op knew: the first day of every term."""
    known_by: str
    """Which department, or who."""
    source: Source
    partner: str | None = None
    """At whom it happened, or who reported it."""
    wrongful: Known = "unknown"
    """Whether it was, or may have been, done for a wrongful purpose."""
    safe: Known = "unknown"
    """Whether what leaked was still encrypted, and its key was kept apart and did not leak."""
    party: Party = "undecided"
    party_reason: str = ""

    def __repr__(self) -> str:
        """What is written freely may name a person, and does not print itself."""
        return f"<Intake {self.known}>"


def check(intake: Intake, *, today: date) -> None:
    """Raise Refused where an intake cannot be as it is written."""
    for rule, text, ja, en in (
        ("title", intake.title, "件名", "a title"),
        ("known_by", intake.known_by, "知った部署", "the department that knew"),
    ):
        if not one_line(text) or len(text) > LONGEST_LINE:
            raise Refused(
                rule, f"{ja}を1行({LONGEST_LINE}字まで)で書いてください", f"write {en} in one line of {LONGEST_LINE}"
            )
    for text in (intake.what, intake.party_reason):
        if not writable(text) or len(text) > LONGEST_TEXT:
            raise Refused(
                "text",
                f"文章は{LONGEST_TEXT}字までで、制御文字は使えません",
                f"a text has at most {LONGEST_TEXT} characters, and no control characters",
            )
    if not intake.what.strip():
        raise Refused("what", "何が起きたかを書いてください", "write what happened")
    if not intake.discovered <= intake.known <= today:
        raise Refused(
            "days",
            "日付の順序が正しくありません。発覚した日 ≦ 組合が知った日 ≦ 今日 になるように直してください",
            "the days are out of order: it is discovered before or on the day it is known, and known by today",
        )
    if (intake.source == "partner") != (intake.partner is not None):
        raise Refused(
            "partner",
            "「提供先で起きた」ときは提供先を選び、「自組合で起きた」ときは選ばないでください",
            "name the partner where it happened at one, and none where it happened here",
        )
    if intake.party != "undecided" and not intake.party_reason.strip():
        raise Refused(
            "party_reason", "報告する者をそう決めた理由を書いてください", "say why this party is the one to report"
        )
    try:
        deadlines(intake.known, wrongful=intake.wrongful == "yes")
    except (NotCovered, BeyondTheTable, OverflowError):
        raise Refused(
            "known",
            f"{FIRST}より前の日や、報告義務の始まる前の日は扱えません。知った日を確かめてください",
            f"a day before {FIRST}, or before the duty to report began, cannot be counted from; look at the day again",
        ) from None
