"""The synthetic members in a table of PostgreSQL, for the gateway that reads its member system's database itself."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from gateway.core.days import jst_day
from gateway.demo.people import make_members
from tests.postgres import Server

POLICY: Final[dict[str, Any]] = {"view": "members", "products": {"G1": "uses_delivery"}}
"""As a policy's `source.yaml` has it."""
_COLUMNS: Final = {
    "member_code": 'text COLLATE "C" PRIMARY KEY',
    **dict.fromkeys(("name", "name_kana", "postal_code", "municipality_code", "address_line", "phone"), "text"),
    **dict.fromkeys(("order_course", "delivery_day", "status", "subject", "acquired_under"), "text"),
    "as_of": "timestamptz",
    **dict.fromkeys(("programmes", "consents", "stops"), "jsonb"),
}


async def load_members(server: Server, database: str, count: int) -> None:
    """Make the table, and the same members in it that the member system answers with."""
    made = make_members(count, today=jst_day(datetime.now(UTC)))
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    given = ", ".join(f"{name} {'text' if name == 'as_of' else kind.split()[0]}" for name, kind in _COLUMNS.items())
    taken = ", ".join(f"nullif({name}, '')::timestamptz" if name == "as_of" else name for name in _COLUMNS)
    db = await asyncpg.connect(server.dsn(database))
    try:
        await db.execute(f"CREATE TABLE members ({columns}, uses_delivery boolean)")
        await db.execute(
            f"INSERT INTO members SELECT {taken}, product_classes ? 'G1' "
            f"FROM jsonb_to_recordset($1::jsonb) AS one({given}, product_classes jsonb)",
            json.dumps(made),
        )
        await db.execute("ANALYZE members")
    finally:
        await db.close()
