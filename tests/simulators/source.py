"""A member system as a port: the demo's synthetic members, without a network; it records what it was asked."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from gateway.core.policy import Predicate
from gateway.demo.member_table import Condition, Table
from gateway.ports import Query, Records, Unavailable


class SimulatedSource:
    """Answers from a table; `down` makes it unavailable, `hold` is awaited before an answer, `bend` changes its bytes."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.asked: list[Query] = []
        self.down: str | None = None
        self.hold: Callable[[Query], Awaitable[None]] | None = None
        self.bend: Callable[[bytes], bytes] | None = None

    async def read(self, query: Query, *, deadline: datetime) -> Records:
        self.asked.append(query)
        if self.hold is not None:
            await self.hold(query)
        if self.down is not None:
            raise Unavailable(self.down)
        if query.codes is not None:
            body = self.table.query(query.codes, query.rows.columns, product=query.product)
        else:
            population = tuple(_condition(one) for one in query.population)
            body = self.table.page(
                query.rows.columns, limit=query.limit, after=query.after, product=query.product, population=population
            )
        if self.bend is not None:
            body = self.bend(body)
        try:
            answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            rows, refused = query.rows.read(answer["records"])
        except (msgspec.DecodeError, KeyError):
            raise Unavailable("the answer is not the JSON it should be") from None
        following = answer.get("next", msgspec.Raw(b"null"))
        mark = answer.get("high_water", msgspec.Raw(b"null"))
        return Records(
            rows=rows,
            refused=refused,
            raw=answer["records"],
            next=msgspec.json.decode(following),
            high_water=msgspec.json.decode(mark),
        )


def _condition(one: Predicate) -> Condition:
    named = {"field": one.field, "in": one.among, "prefix_in": one.prefixes, "from": one.lowest, "to": one.highest}
    return msgspec.convert({name: value for name, value in named.items() if value is not None}, Condition)
