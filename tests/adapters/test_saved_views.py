"""Saved views on both databases: own and shared ones, one name once, so many and no more, nobody else's deleted."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.adapters.engine import engine_of
from gateway.adapters.search.saved_views import StoredViews
from gateway.ports.saved_views import MOST_VIEWS, SavedView
from tests.clock import NOON

COOP, OTHER = "kyoritsusha", "coopdeli"


@pytest.fixture
async def views(database_url: str) -> AsyncIterator[StoredViews]:
    engine = engine_of(database_url)
    yield StoredViews(engine, origin="gateway.example/{}".format)
    await engine.dispose()


def view(identifier: str, name: str, **changes: Any) -> SavedView:
    values: dict[str, Any] = {"coop": COOP, "person": "homu", "screen": "transfers", "query": "kind=denial"}
    return SavedView(id=identifier, name=name, **{**values, "shared": False, "made": NOON, **changes})


async def test_own_views_and_shared_ones_are_found_by_name(views: StoredViews):
    own, shared = view("v1", "拒否"), view("v2", "サンネット", person="kansa", shared=True)
    hidden = view("v3", "監査の下書き", person="kansa")
    elsewhere = view("v4", "別の生協", coop=OTHER, shared=True)
    for one in (own, shared, hidden, elsewhere):
        assert await views.keep(one)
    assert sorted(await views.of(COOP, "homu"), key=lambda one: one.id) == [own, shared]
    assert [one.id for one in sorted(await views.of(COOP, "kansa"), key=lambda one: one.id)] == ["v2", "v3"]
    assert await views.of(OTHER, "homu") == [elsewhere]


async def test_a_name_is_kept_once_of_several_at_once_too(views: StoredViews):
    kept = await asyncio.gather(*(views.keep(view(f"v{nth}", "拒否")) for nth in range(8)))
    assert sum(kept) == 1
    assert not await views.keep(view("w", "拒否", shared=True))
    assert await views.keep(view("x", "拒否", person="kansa"))


async def test_nobody_keeps_more_than_so_many(views: StoredViews):
    for nth in range(MOST_VIEWS):
        assert await views.keep(view(f"v{nth}", f"名前{nth}"))
    assert not await views.keep(view("more", "もう一つ"))
    assert await views.drop(COOP, "v0", person="homu")
    assert await views.keep(view("more", "もう一つ"))


async def test_only_its_person_deletes_a_view_and_a_shared_one_whoever_may_speak_for_all(views: StoredViews):
    await views.keep(view("own", "自分の"))
    await views.keep(view("shared", "共有の", shared=True))
    assert not await views.drop(COOP, "own", person="kansa")
    assert not await views.drop(OTHER, "own", person="homu")
    assert not await views.drop(COOP, "own", person=None)
    assert await views.drop(COOP, "own", person="homu")
    assert not await views.drop(COOP, "own", person="homu")
    assert await views.drop(COOP, "shared", person=None)
    assert await views.of(COOP, "homu") == []
