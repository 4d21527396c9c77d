"""Reports on screen: the tables that their files hold, with a link wherever a list stands behind a figure."""

from urllib.parse import urlencode

from starlette.requests import Request

from gateway.console.navigation import ENTRIES, shown
from gateway.console.visit import Visit
from gateway.oversight.reviews.periods import Period
from gateway.sheets.tables import Cell, Said, Table

Row = dict[str, Cell]


def coop_name(visit: Visit) -> str:
    """Return what the co-op is called."""
    return visit.desk.coops.get(visit.coop, visit.coop)


def rows_of(table: Table) -> list[Row]:
    """Return a table's rows by column, for templates."""
    return [dict(zip((column.key for column in table.columns), row, strict=True)) for row in table.rows]


def code_of(cell: Cell) -> str:
    """Return what programs know a cell by."""
    return cell.code if isinstance(cell, Said) else str(cell or "")


class Lists:
    """Where the lists behind figures are, for whoever may read them."""

    def __init__(self, request: Request, visit: Visit) -> None:
        self._routes: frozenset[str] = request.app.state.routes
        self._visit = visit
        policy = visit.policy
        self._agreements = {} if policy is None else {one.id: one.partner for one in policy.agreements.values()}
        self._partners = {
            name for version in visit.desk.current(visit.coop).versions for name in version.policy.partners
        }

    def readable(self, path: str) -> str:
        """Return the address of a main screen; empty where the console has none or the reader may not read it."""
        found = {one.path for one in shown(ENTRIES, self._routes, self._visit.roles_now)}
        return f"/{self._visit.coop}/{path}" if path in found else ""

    def entry(self, index: Cell) -> str:
        """Return the address of one entry."""
        there = self.readable("transfers") if "/{coop}/transfers/{index:int}" in self._routes else ""
        return f"{there}/{index}" if there else ""

    def partner(self, partner: str) -> str:
        """Return the address of a partner's page."""
        return f"/{self._visit.coop}/partners/{partner}" if partner in self._partners else ""

    def agreement(self, agreement: str) -> str:
        """Return the address of what an agreement grants, where it is in force."""
        partner = self._agreements.get(agreement)
        return "" if partner is None else f"/{self._visit.coop}/grants/{partner}/{agreement}"

    def transfers(self, period: Period, **names: str) -> str:
        """Return the address of the entries of a period that have these names; empty for whoever may not read them."""
        if not self.readable("transfers"):
            return ""
        asked = {"from": period.first.isoformat(), "to": period.last.isoformat(), **names}
        return f"/{self._visit.coop}/transfers?" + urlencode({name: value for name, value in asked.items() if value})
