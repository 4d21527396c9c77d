"""An incident as pages show it: words in the reader's language, deadlines with the days that are left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar, cast

from starlette.requests import Request

from gateway.console.forms import Form
from gateway.console.language import day_text
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.core.days import jst_day, midnight
from gateway.core.dossier import Dossier
from gateway.core.incidents.breach import encrypted
from gateway.core.incidents.incident import OPEN, Scope, State
from gateway.core.refused import Refused
from gateway.core.staff import Role
from gateway.oversight.incidents import words
from gateway.oversight.incidents.file import IncidentFile, incident, incidents, known_partners
from gateway.oversight.incidents.standing import Standing, Tone, standings

READS: Final[tuple[Role, ...]] = ("compliance", "auditor")
ACTS: Final[tuple[Role, ...]] = ("compliance",)
TONES: Final[Mapping[State, Tone]] = {
    "received": "wait",
    "report": "bad",
    "first_sent": "note",
    "final_sent": "good",
    "not_required": "plain",
    "closed": "plain",
}
STANDING_TONES: Final[Mapping[str, Tone]] = {"met": "bad", "possible": "wait", "not_met": "plain"}

K = TypeVar("K", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineShown:
    """One deadline: what it is for, its day, and how it stands, in words and with a tone."""

    name: str
    due: str
    said: str
    tone: Tone
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerShown:
    """One of the four: what is proposed and why, and what a person confirmed."""

    code: str
    name: str
    standing: str
    tone: Tone
    why: str
    ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One incident in words."""

    dossier: Dossier
    file: IncidentFile
    state: str
    tone: Tone
    partner: str | None
    persons: str | None
    deadlines: tuple[DeadlineShown, ...]
    next: DeadlineShown | None
    triggers: tuple[TriggerShown, ...]

    @property
    def closed(self) -> bool:
        """Whether nothing more is changed."""
        return self.dossier.state == "closed"


def english(visit: Visit) -> bool:
    """Tell whether the reader reads English."""
    return visit.texts.language == "en"


def named(visit: Visit, pairs: Mapping[K, words.Words]) -> dict[K, str]:
    """Return what codes are called in the reader's language."""
    return {code: both[english(visit)] for code, both in pairs.items()}


def day(visit: Visit, on: date) -> str:
    """Return a day as it is read."""
    return day_text(midnight(on), visit.texts.language, visit.texts.calendar)


async def listed(visit: Visit) -> list[Shown]:
    """Return every incident of the co-op, the one opened last first. Raises Unavailable."""
    return [shown(visit, *one) for one in await incidents(visit.desk.overseeing, visit.coop)]


async def waiting(visit: Visit) -> list[Shown] | None:
    """Return the open incidents, the one that is due next first; None for whoever does not read them."""
    if visit.desk.oversight is None or not any(visit.holds(role) for role in READS):
        return None
    found = [one for one in await listed(visit) if one.dossier.state in OPEN]
    return sorted(found, key=lambda one: (one.dossier.due is not None, one.dossier.due or date.min))


async def asked(visit: Visit, request: Request) -> tuple[Dossier, IncidentFile]:
    """Return the incident that the path names. Raises Refusal 404, Unavailable."""
    found = await incident(visit.desk.overseeing, visit.coop, request.path_params["incident"])
    if found is None:
        raise Refusal(404)
    return found


def as_seen(form: Form, dossier: Dossier) -> None:
    """Raise Refused where the incident is not as the form's reader saw it."""
    if form.text("revision") != str(dossier.revision):
        raise Refused(
            "revision",
            "見ていた後に他の人が変更しました。内容を確かめて、もう一度送ってください",
            "somebody changed it while you looked; look at it again, then send it again",
        )


def told_words(visit: Visit, told: Refused | None) -> str | None:
    """Return a refusal in the reader's language."""
    return None if told is None else told.en if english(visit) else told.ja


def form_day(form: Form, name: str) -> date:
    """Return a day of a form. Raises Refused."""
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        raise Refused("day", "日付を年月日で入力してください", "give a day, with its month and year") from None


def shown(visit: Visit, dossier: Dossier, file: IncidentFile) -> Shown:
    """Return an incident in words."""
    state = cast("State", dossier.state)
    at = english(visit)
    rows = [_deadline(visit, one) for one in standings_of(dossier, file, today=jst_day(visit.now))]
    open_ones = [row for row, one in rows if one.sent is None and not one.waived and one.deadline.name != "first"]
    partners = known_partners(visit.desk.overseeing, visit.coop)
    partner = file.intake.partner
    return Shown(
        dossier=dossier,
        file=file,
        state=words.STATES[state][at],
        tone=TONES[state],
        partner=None if partner is None else partners.get(partner, partner),
        persons=None if file.scope is None else words.persons(file.scope, english=at),
        deadlines=tuple(row for row, _ in rows),
        next=open_ones[0] if open_ones and state in OPEN else None,
        triggers=_triggers(file, at=at),
    )


def standings_of(dossier: Dossier, file: IncidentFile, *, today: date) -> tuple[Standing, ...]:
    """Return the deadlines of an incident as of a day; where no report is due they are waived."""
    return standings(
        file.intake.known,
        wrongful=file.wrongful,
        first=file.sent("first"),
        final=file.sent("final"),
        today=today,
        waived=dossier.state not in OPEN and file.sent("final") is None,
    )


def exclusion(visit: Visit, file: IncidentFile) -> str:
    """Return how the exclusion for strong encryption stands, in words."""
    assert file.scope is not None
    holds = encrypted(file.scope.encryptions, safe=file.intake.safe, day=file.intake.known)
    return str(visit.texts(f"incidents.exclusion.{holds}"))


def scope_facts(visit: Visit, scope: Scope) -> Sequence[tuple[str, str]]:
    """Return what a scope was asked for: names of the form's fields, and values."""
    wanted = scope.wanted
    texts = visit.texts
    facts = [(str(texts("incidents.period")), f"{day(visit, wanted.first)} – {day(visit, wanted.last)}")]
    partners = known_partners(visit.desk.overseeing, visit.coop)
    values: dict[str, Any] = {
        "partner": partners.get(wanted.partner or "", wanted.partner),
        "client": wanted.client,
        "key": wanted.key,
        "agreement": wanted.agreement,
        "purpose": wanted.purpose,
        "field": wanted.field,
        "first_index": wanted.first_index,
        "last_index": wanted.last_index,
    }
    return facts + [
        (str(texts(f"incidents.of.{name}")), str(value)) for name, value in values.items() if value is not None
    ]


def _deadline(visit: Visit, one: Standing) -> tuple[DeadlineShown, Standing]:
    texts, by = visit.texts, one.deadline.due
    if one.waived:
        said = texts("incidents.left.waived")
    elif one.sent is not None:
        said = texts("incidents.left.late_sent" if one.late else "incidents.left.sent", day=day(visit, one.sent))
    elif one.left is None:
        said = texts("incidents.left.beyond")
    elif one.left < 0:
        said = texts("incidents.left.over", days=-one.left)
    elif one.left == 0:
        said = texts("incidents.left.today")
    else:
        said = texts("incidents.left.days", days=one.left)
    made = DeadlineShown(
        name=words.DEADLINES[one.deadline.name][english(visit)],
        due=str(texts("incidents.beyond")) if by is None else day(visit, by),
        said=str(said),
        tone=one.tone,
        source=f"{one.deadline.source} [{one.deadline.grade}]",
    )
    return made, one


def _triggers(file: IncidentFile, *, at: bool) -> tuple[TriggerShown, ...]:
    if file.scope is None:
        return ()
    names = words.labels(file.scope, english=at)
    return tuple(
        TriggerShown(
            code=one.trigger,
            name=words.TRIGGERS[one.trigger][at],
            standing=words.STANDINGS[one.standing][at],
            tone=STANDING_TONES[one.standing],
            why=words.why(one, names, english=at),
            ticked=file.judged.triggers.get(one.trigger, False) if file.judged is not None else one.standing == "met",
        )
        for one in file.proposed
    )
