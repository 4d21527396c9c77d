"""Which side is master of a kind of member event: the co-op's core system, or this gateway; where nothing is said, both may.

What only the core system may say, staff do not enter here by hand; what only staff may say here, no import changes.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from gateway.core.refused import Refused

EventKind = Literal["withdrawal", "correction", "stop_use", "stop_provide", "marketing_stop", "protected"]
EVENT_KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)
Side = Literal["core", "gateway"]
Masters = Mapping[EventKind, Side]
"""Kind → the one side that may say it; a kind that is not named may be said by both."""

KIND_WORDS: Final[Mapping[EventKind, tuple[str, str]]] = {
    "withdrawal": ("脱退", "withdrawal"),
    "correction": ("訂正", "correction"),
    "stop_use": ("利用停止", "stop of use"),
    "stop_provide": ("提供停止", "stop of provision"),
    "marketing_stop": ("販促停止", "stop of marketing"),
    "protected": ("保護", "protected"),
}


def check_staff(masters: Masters, kind: EventKind) -> None:
    """Check that staff may enter events of this kind here. Raises Refused, with where it is to be changed."""
    if masters.get(kind) == "core":
        ja, en = KIND_WORDS[kind]
        raise Refused(
            "master",
            f"「{ja}」は基幹システムが正です。基幹システムで変更し、組合員イベントの取込で反映してください",
            f"the core system is the master of `{kind}` ({en}); change it there, and take it in as member events",
        )


def imports(masters: Masters, kind: EventKind) -> bool:
    """Tell whether events of this kind are taken in from the core system."""
    return masters.get(kind) != "gateway"
