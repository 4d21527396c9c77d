"""What a database says of its logs before anything is appended: their names, and whether they hold what was signed."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gateway.adapters.anchors.signer_state import last_stated
from gateway.adapters.engine import engine_of
from gateway.adapters.log.names import holds, names_of
from gateway.ports import Unavailable
from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.merkle import leaf_hash, root_of
from tests.clock import SettableClock
from tests.oversight.press import COOP, Press, press
from tests.tlog.exported_log import ORIGIN


@pytest.fixture
async def one(database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Press]:
    async with press(database_url, tmp_path / "signer-state", clock) as opened:
        yield opened


def head_of(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root_of(leaf_hash(b'{"n":%d}' % n) for n in range(size)))


async def test_a_log_holds_what_was_signed_after_one_of_its_batches(one: Press) -> None:
    await one.append(*range(3))
    await one.append(*range(3, 10))
    engine = engine_of(one.url)
    for size in (0, 3, 10):
        assert await holds(engine, head_of(size))
    assert not await holds(engine, head_of(7)), "no batch ends there"
    assert not await holds(engine, head_of(11)), "it is older"
    assert not await holds(engine, msgspec.structs.replace(head_of(10), root=head_of(3).root)), "it is another"
    assert not await holds(engine, msgspec.structs.replace(head_of(3), origin="gateway.example/another"))
    await engine.dispose()


async def test_a_log_without_an_entry_has_no_name_and_one_of_another_coop_is_not_meant(one: Press) -> None:
    engine = engine_of(one.url)
    assert await names_of(engine, COOP) == []
    await one.append(1)
    assert await names_of(engine, COOP) == ["gateway.example"]
    for other in ("sha", "%", "another", "gateway.example/kyoritsusha"):
        assert await names_of(engine, other) == []
    await engine.dispose()


async def test_what_was_signed_is_read_without_a_key(one: Press, tmp_path: Path) -> None:
    folder = tmp_path / "signer-state"
    assert last_stated(folder, ORIGIN) is None
    await one.append(1)
    assert last_stated(folder, ORIGIN) is None
    done = await one.publish()
    assert last_stated(folder, ORIGIN) == done
    one.signer.path.write_bytes(b"\xff")
    assert last_stated(folder, ORIGIN) is None


async def test_nothing_is_appended_to_a_log_that_is_refused(one: Press) -> None:
    await one.append(1)
    one.log.refused.add(COOP)
    with pytest.raises(Unavailable, match="not the one that was signed"):
        await one.append(2)
    one.log.refused.discard(COOP)
    await one.append(2)
    assert (await one.log.head(COOP)).next_index == 2
