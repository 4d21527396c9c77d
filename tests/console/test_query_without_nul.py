"""A character that no database takes for text is refused in a query as it is in a form: nobody is told to come again."""

from pathlib import Path

import pytest

from tests.clock import SettableClock
from tests.console.api.api_room import ORIGIN, running_room
from tests.house import COOP


@pytest.mark.parametrize(
    "target",
    [
        "grants?proposal=%00",
        "grants?proposal=1%0023",
        "proposals/{draft}/reach?counted=%00",
        "transfers?partner=%00",
        "?%00",
    ],
)
async def test_a_nul_in_a_query_is_a_bad_request(
    database_url: str, tmp_path: Path, clock: SettableClock, target: str
) -> None:
    async with running_room(database_url, tmp_path, clock) as room:
        sato = await room.signed_in("sato")
        draft = (await sato.begun())["id"]
        sato.http.cookies.set("__Host-session", str(sato.token), domain="console.example.coop")
        path = f"{ORIGIN}/{COOP}/{target.format(draft=draft)}"
        assert (await sato.http.get(path)).status_code == 400
        assert (await sato.http.get(path.replace("%00", "%2500"))).status_code in {200, 403, 404}
