"""The Proposals port's contract, on both databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.engine import engine_of, writing
from gateway.adapters.instants import stored
from gateway.adapters.proposals import StoredProposals
from gateway.adapters.tables.log import metadata
from gateway.core.changes.proposal import Proposal
from gateway.ports import Unavailable
from tests.clock import NOON

COOP = "kyoritsusha"
ORIGIN = "gw.example.coop/{}".format
FILES = {"policies/kyoritsusha/fields.yaml": "coop: kyoritsusha\n# 髙﨑\n", "partners/sunnet.yaml": "id: sunnet\r\n"}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = engine_of(database_url)
    yield made
    await made.dispose()


@pytest.fixture
def proposals(engine: AsyncEngine) -> StoredProposals:
    return StoredProposals(engine, origin=ORIGIN)


async def put(engine: AsyncEngine, name: str, *, coop: str = COOP, changed: int = 0, **changes: object) -> Proposal:
    """Write a row as the entries of the log do; return what it says."""
    said: dict[str, object] = {
        "state": "draft",
        "revision": 1,
        "title": "電話番号を加える",
        "department": "総務部",
        "author": "sato",
        "editor": "sato",
        "content": "c" * 64,
        "base": None,
        "reason": "契約の更新",
        "created": NOON,
        "changed": NOON + timedelta(minutes=changed),
    }
    said |= changes
    policy = said.pop("policy", None)
    instants = {key: stored(value) for key, value in said.items() if isinstance(value, datetime)}
    row: dict[str, object] = {**said, **instants, "origin": ORIGIN(coop), "id": name, "policy": policy}
    async with writing(engine) as db:
        await db.execute(metadata.tables["proposal"].insert().values(**row))
    return Proposal(id=name, coop=coop, **said)  # type: ignore[arg-type]


async def test_a_proposal_is_read_as_it_was_written(engine: AsyncEngine, proposals: StoredProposals) -> None:
    assert await proposals.get(COOP, "p1") is None
    bare = await put(engine, "p1")
    full = await put(
        engine,
        "p2",
        state="published",
        revision=7,
        editor="suzuki",
        base="b" * 64,
        effective=NOON + timedelta(days=30, milliseconds=7),
        preview="d" * 64,
        approver="tanaka",
        published=12,
        policy="e" * 64,
    )
    assert await proposals.get(COOP, "p1") == bare
    assert await proposals.get(COOP, "p2") == full
    assert await proposals.get("coopdeli", "p1") is None


async def test_the_one_changed_last_comes_first(engine: AsyncEngine, proposals: StoredProposals) -> None:
    assert await proposals.all(COOP) == []
    for name, changed, state in (
        ("p1", 1, "draft"),
        ("p2", 9, "approved"),
        ("p3", 5, "submitted"),
        ("p0", 5, "submitted"),
    ):
        await put(engine, name, changed=changed, state=state)
    await put(engine, "p9", coop="coopdeli")
    assert [one.id for one in await proposals.all(COOP)] == ["p2", "p0", "p3", "p1"]
    assert [one.id for one in await proposals.all(COOP, states=("draft", "approved"))] == ["p2", "p1"]
    assert await proposals.all(COOP, states={"withdrawn"}) == []


async def test_files_are_kept_under_the_digest_of_their_canonical_json(proposals: StoredProposals) -> None:
    digest = await proposals.keep_files(COOP, FILES)
    body = json.dumps(FILES, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert digest == sha256(body).hexdigest()
    assert await proposals.keep_files(COOP, dict(reversed(FILES.items()))) == digest
    assert await proposals.files(COOP, digest) == FILES
    assert await proposals.files(COOP, "0" * 64) is None
    assert await proposals.files("coopdeli", digest) is None, "what one co-op keeps is of no other"
    assert await proposals.keep_files("coopdeli", FILES) == digest
    assert await proposals.files("coopdeli", digest) == FILES


async def test_files_that_several_keep_at_once_are_kept_once(proposals: StoredProposals) -> None:
    digests = await asyncio.gather(*(proposals.keep_files(COOP, FILES) for _ in range(8)))
    assert len(set(digests)) == 1
    assert await proposals.files(COOP, digests[0]) == FILES


async def test_a_preview_is_bytes_and_no_files(proposals: StoredProposals) -> None:
    body = b'{"summary":[1,2]}'
    digest = await proposals.keep_preview(COOP, body)
    assert digest == sha256(body).hexdigest() == await proposals.keep_preview(COOP, body)
    assert await proposals.preview(COOP, digest) == body
    assert await proposals.preview(COOP, "0" * 64) is None
    assert await proposals.files(COOP, digest) is None


async def test_a_version_leads_back_to_the_files_it_was_published_from(
    engine: AsyncEngine, proposals: StoredProposals
) -> None:
    other = {"partners/sunnet.yaml": "id: sunnet # the same policy, other text\n"}
    first, second = await proposals.keep_files(COOP, FILES), await proposals.keep_files(COOP, other)
    assert await proposals.files_of_version(COOP, "e" * 64) is None
    await put(engine, "p1", state="published", content=first, policy="e" * 64, published=5)
    assert await proposals.files_of_version(COOP, "e" * 64) == FILES
    await put(engine, "p0", state="published", content=second, policy="e" * 64, published=40)
    await put(engine, "p2", state="published", policy="f" * 64, published=41)
    assert await proposals.files_of_version(COOP, "e" * 64) == other, "the last time it was published"
    assert await proposals.files_of_version(COOP, "f" * 64) is None, "its files were not kept"
    assert await proposals.files_of_version("coopdeli", "e" * 64) is None


async def test_files_that_were_changed_behind_the_gateway_are_not_shown(
    engine: AsyncEngine, proposals: StoredProposals
) -> None:
    digest = await proposals.keep_files(COOP, FILES)
    async with writing(engine) as db:
        await db.execute(metadata.tables["kept"].update().values(body=b'{"partners/sunnet.yaml":"id: other"}'))
    with pytest.raises(Unavailable, match="digest"):
        await proposals.files(COOP, digest)
