"""The log as a program follows it: in order, none left out, byte for byte; for those alone whose work it is."""

import base64
import json

import pytest

from gateway.tlog.merkle import leaf_hash
from tests.console.api.api_room import Program, Room, made, rule, slug
from tests.console.simulated import OTHER
from tests.house import COOP


async def follow(program: Program, limit: int) -> list[dict[str, object]]:
    """Read to the end, as a watcher does."""
    found: list[dict[str, object]] = []
    query = f"limit={limit}"
    while True:
        read = made(await program.get(f"log?{query}"))
        if not read["entries"]:
            assert read["after"] == read["size"] - 1
            return found
        found += read["entries"]
        query = f"limit={limit}&after={read['after']}"


async def test_every_entry_comes_once_in_its_order_and_byte_for_byte(room_on_both: Room):
    auditor = await room_on_both.signed_in("kansa")
    entries = await room_on_both.house.stores.log.entries(COOP, 0, 1_000)
    for limit in (1, 3, 1_000):
        found = await follow(auditor, limit)
        assert [one["index"] for one in found] == list(range(len(entries)))
        assert [one["entry"] for one in found] == [json.loads(entry) for entry in entries]
    answer = await auditor.get("log?after=1&limit=1")
    assert b'"entry":' + entries[2] + b"}" in answer.content, "as it was hashed"
    assert made(await auditor.get("log"))["entries"] == found
    await room_on_both.give("ito", "auditor")
    assert [one["index"] for one in made(await auditor.get(f"log?after={len(entries) - 1}"))["entries"]] == [
        len(entries)
    ]


async def test_nobody_is_led_past_an_entry_that_is_missing_and_an_altered_one_is_shown_as_it_is(room_on_both: Room):
    auditor = await room_on_both.signed_in("kansa")
    house = room_on_both.house
    before = made(await auditor.get("log"))["size"]
    lifted = (
        ("DROP TRIGGER log_entry_delete", "DROP TRIGGER log_entry_update")
        if house.settings.database_url.startswith("sqlite")
        else ("ALTER TABLE log_entry DISABLE TRIGGER USER",)
    )
    odd = b"\xff{no json"
    literal = f"X'{odd.hex()}'" if len(lifted) == 2 else f"'\\x{odd.hex()}'"
    origin = f"'gw.example.coop/{COOP}'"
    await house.tamper(
        *lifted,
        f"UPDATE log_entry SET entry={literal} WHERE origin={origin} AND idx=3",
        f"DELETE FROM log_entry WHERE origin={origin} AND idx=5",
    )
    (altered,) = made(await auditor.get("log?after=2&limit=1"))["entries"]
    assert altered == {"index": 3, "entry": None, "stored": base64.urlsafe_b64encode(odd).rstrip(b"=").decode()}
    assert leaf_hash(odd) not in [row[0] for row in await house.rows("SELECT leaf_hash FROM log_entry")]
    assert len(made(await auditor.get("log?limit=5"))["entries"]) == 5
    for query in ("log", "log?after=4", "log?after=4&limit=1", "log?limit=6"):
        answer = await auditor.get(query)
        assert slug(answer, 503) == "unavailable", query
        assert int(answer.headers["retry-after"]) > 0
    assert made(await auditor.get("log?after=5"))["after"] == before - 1


async def test_whoever_says_to_have_read_what_is_not_there_is_told(room: Room):
    auditor = await room.signed_in("kansa")
    size = made(await auditor.get("log"))["size"]
    assert rule(await auditor.get(f"log?after={size}"), 409) == "shorter"
    assert made(await auditor.get(f"log?after={size - 1}"))["entries"] == []


@pytest.mark.parametrize(
    "query", ["after=-1", "after=01", "after=x", "after=1&after=2", "limit=0", "limit=1001", "limit=", "from=1"]
)
async def test_a_query_that_is_none_is_refused(room: Room, query: str):
    assert slug(await (await room.signed_in("kansa")).get(f"log?{query}"), 400) == "malformed"


async def test_compliance_and_auditors_read_it_others_are_refused_and_of_another_co_op_there_is_nothing(room: Room):
    await room.give("abe", "compliance")
    people = {person: await room.signed_in(person) for person in ("kansa", "abe", "sato", "ito", "unyo")}
    answers = {person: (await program.get("log")).status_code for person, program in people.items()}
    assert answers == {"kansa": 200, "abe": 200, "sato": 403, "ito": 403, "unyo": 403}
    assert (await room.program().get("log")).status_code == 401
    assert (await people["kansa"].send("GET", f"/{OTHER}/log")).status_code == 404
    assert (await (await room.signed_in("taken", coop=OTHER)).get("log")).status_code == 404


async def test_reading_on_adds_nothing_to_the_log(room: Room):
    auditor = await room.signed_in("kansa")
    sizes = {made(await auditor.get("log"))["size"] for _ in range(3)}
    assert len(sizes) == 1
