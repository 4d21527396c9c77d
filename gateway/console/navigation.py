"""The side navigation: every screen of the console in reading order, and who is led there."""

from dataclasses import dataclass
from typing import Final

from gateway.core.staff import ROLES, Role

EVERYBODY: Final[tuple[Role, ...]] = ROLES
POLICY: Final[tuple[Role, ...]] = ("admin", "manager", "compliance", "auditor")
"""Who may read policy: operators suspend partners and watch health, and need no grants for it."""

LOG: Final[tuple[Role, ...]] = ("admin", "compliance", "auditor", "operator")
"""Who may read the log: it holds no member's data, and managers read what they approve elsewhere."""
OVERSIGHT: Final[tuple[Role, ...]] = ("compliance", "auditor")
"""Whose work it is to look at what was released."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen: its text is `nav.<key>`, its route `/{coop}/<path>`. Without such a route it is not shown."""

    key: str
    path: str
    roles: tuple[Role, ...]
    group: str

    @property
    def route(self) -> str:
        """The path of its route."""
        return f"/{{coop}}/{self.path}"


ENTRIES: Final = (
    Entry("home", "", EVERYBODY, "daily"),
    Entry("proposals", "proposals", POLICY, "daily"),
    Entry("emergencies", "emergencies", POLICY, "daily"),
    Entry("approvals", "approvals", ("manager",), "daily"),
    Entry("notices", "notices", POLICY, "policy"),
    Entry("partners", "partners", EVERYBODY, "policy"),
    Entry("grants", "grants", POLICY, "policy"),
    Entry("try", "try", POLICY, "policy"),
    Entry("gaps", "gaps", POLICY, "policy"),
    Entry("unused", "unused", POLICY, "policy"),
    Entry("versions", "versions", EVERYBODY, "policy"),
    Entry("transfers", "transfers", LOG, "oversight"),
    Entry("anomalies", "anomalies", OVERSIGHT, "oversight"),
    Entry("members", "members", OVERSIGHT, "oversight"),
    Entry("cases", "cases", OVERSIGHT, "oversight"),
    Entry("restrictions", "restrictions", OVERSIGHT, "oversight"),
    Entry("follow_ups", "follow-ups", OVERSIGHT, "oversight"),
    Entry("incidents", "incidents", OVERSIGHT, "oversight"),
    Entry("reviews", "reviews", OVERSIGHT, "oversight"),
    Entry("findings", "findings", POLICY, "oversight"),
    Entry("measures", "measures", OVERSIGHT, "oversight"),
    Entry("verify", "verify", ("compliance", "auditor", "operator"), "oversight"),
    Entry("reports", "reports", POLICY, "oversight"),
    Entry("people", "people", EVERYBODY, "office"),
)


def shown(entries: tuple[Entry, ...], routes: frozenset[str], roles: tuple[Role, ...]) -> list[Entry]:
    """Return the entries that have a screen and are for one of these roles."""
    return [entry for entry in entries if entry.route in routes and set(entry.roles) & set(roles)]


def current(path: str) -> str | None:
    """Return the key of the entry under which a page stands, by the segment after the co-op."""
    segment = path.removeprefix("/").partition("/")[2].partition("/")[0]
    # The matrix of a proposal has a path of its own, and what becomes one stands beside them: pages of them all the same.
    segment = "proposals" if segment in {"matrix", "over-quota"} else segment
    return next((entry.key for entry in ENTRIES if entry.path == segment), None)
