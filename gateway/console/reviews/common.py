"""What the pages of reviews share: days as they are typed, and a refusal as its page shows it."""

from datetime import date

from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.core.dossier import Dossier, Matter
from gateway.core.refused import Refused


def day_of(text: str, *, what_ja: str, what_en: str) -> date:
    """Return a day as a form sends it. Raises Refused, which names what the day is for."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            "day",
            f"{what_ja}を日付(例: 2026-12-01)で書いてください",
            f"write {what_en} as a day, such as 2026-12-01",
        ) from None


async def dossier_of(visit: Visit, identifier: str, matter: Matter) -> Dossier:
    """Return a dossier of the co-op. Raises Refusal 404, Unavailable."""
    found = await visit.desk.overseeing.dossiers.get(visit.coop, identifier)
    if found is None or found.matter != matter:
        raise Refusal(404)
    return found


def seen_as(dossier: Dossier, revision: str) -> None:
    """Check that a form was of the dossier as it is. Raises Refused."""
    if revision != str(dossier.revision):
        raise Refused(
            "revision",
            "他の人が先に変更しました。変更を確かめてから、もう一度操作してください",
            "somebody else changed it first; look at it, then repeat what you meant to do",
        )


def people_active(visit: Visit) -> list[tuple[str, str]]:
    """Return the people who may be named, by id and name."""
    return sorted((one.id, one.name) for one in visit.people.values() if one.active)
