"""The server's folder of files taken over into a draft: by the real pages, for a first version and for a later one."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.policy_files.folder import files_of
from tests.clock import SettableClock
from tests.console.acting_room import (
    HERE,
    JCCU,
    SUNNET,
    WISH,
    Employed,
    Furnishing,
    Furniture,
    Room,
    acting_room,
)
from tests.console.paper_forms import forms_of
from tests.console.simulated import words
from tests.house import COOP, ROOT

DELIVERY = "          delivery_day: as_is\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The server's folders, as a repository was brought there."""
    made = tmp_path / "server"
    shutil.copytree(ROOT / "policies", made / "policies")
    shutil.copytree(ROOT / "partners", made / "partners")
    return made


@pytest.fixture
async def empty(
    furniture: Furniture, tmp_path: Path, clock: SettableClock, gateway_keys: Path, folder: Path
) -> AsyncIterator[Room]:
    """A house where nothing was published, with people and the server's folders."""
    people: tuple[Employed, ...] = (
        (COOP, "sato", "佐藤 起子", "admin", HERE),
        (COOP, "ito", "伊藤 認", "manager", HERE),
    )
    url = await furniture.copy(Furnishing(people, in_force=None), tmp_path, clock)
    folders: dict[str, Any] = {"policies": folder / "policies", "partners": folder / "partners"}
    async with acting_room(url, tmp_path, clock, gateway_keys, **folders) as made:
        yield made


async def test_the_first_version_begins_with_the_servers_files_and_is_published(empty: Room, folder: Path):
    sato, ito = await empty.person("sato"), await empty.person("ito")
    page = await sato.go("proposals/new")
    assert "サーバーの policies/ と partners/ から取り込む" in words(page)
    path = await empty.begun()
    assert await empty.files(path) == files_of(folder / "policies", folder / "partners", COOP)
    assert (await empty.stored(path)).base is None
    page = await sato.go(f"{path}/files")
    assert f"追加 {len(await empty.files(path))}" in words(page)
    await sato.go(path)
    assert (await sato.press("/submit")).status_code == 303
    await ito.go(path)
    assert (await ito.press("/approve")).status_code == 303
    assert (await ito.press("/publish")).status_code == 303
    assert empty.office.in_force.current(COOP).versions
    assert "下書きを作る" in words(await sato.go("proposals/new"))


async def test_errors_in_the_servers_files_are_all_shown_and_nothing_is_kept(empty: Room, folder: Path):
    sato = await empty.person("sato")
    for name in (SUNNET, JCCU):
        file = folder / name
        file.write_text(file.read_text().replace("fields:\n", "fields:\n          no_such_field: as_is\n", 1))
    await sato.go("proposals/new")
    answer = await sato.press("proposals/new", WISH)
    assert answer.status_code == 409
    said = words(sato.page)
    assert re.search(rf"{re.escape(SUNNET)}:\d+ +\[[\w:-]+\] [^[]*no_such_field", said)
    assert re.search(rf"{re.escape(JCCU)}:\d+ +\[[\w:-]+\] [^[]*no_such_field", said)
    assert sato.form("proposals/new").fields["title"] == WISH["title"]
    assert await empty.office.proposals.all(COOP) == []
    assert await empty.house.rows("SELECT count(*) FROM kept") == [(0,)]


async def test_a_file_that_cannot_be_taken_in_is_named(empty: Room, folder: Path):
    sato = await empty.person("sato")
    (folder / SUNNET).write_bytes(b"\xff\xfe")
    page = await sato.go("proposals/new")
    assert SUNNET in words(page)
    assert "UTF-8" in words(page)
    (folder / SUNNET).unlink()
    (folder / SUNNET).symlink_to("/etc/passwd")
    page = await sato.go("proposals/new")
    assert SUNNET in words(page)
    assert "root:" not in page.text


async def test_without_a_version_and_without_files_the_page_says_what_to_do(empty: Room, folder: Path):
    sato = await empty.person("sato")
    await sato.go("proposals/new")
    form = sato.form("proposals/new")
    shutil.rmtree(folder / "policies" / COOP)
    assert (await sato.send(form, WISH)).status_code == 409
    page = await sato.go("proposals/new")
    assert "下書きの元になるファイルがありません" in words(page)
    assert f"policies/{COOP}/" in words(page)
    assert not [one for one in forms_of(page.text) if one.action.endswith("/new")]


async def test_a_draft_takes_over_what_was_looked_at_and_nothing_else(empty: Room, folder: Path):
    sato = await empty.person("sato")
    path = await empty.begun()
    page = await sato.go(f"{path}/files/import")
    assert "同じファイルです" in words(page)
    file = folder / SUNNET
    file.write_text(file.read_text().replace(DELIVERY, ""))
    page = await sato.go(f"{path}/files/import")
    assert SUNNET in words(page)
    file.write_text(file.read_text() + "# もう一度\n")
    assert (await sato.press("/files/import")).status_code == 409
    assert "確かめた後に" in sato.told()
    assert (await sato.press("/files/import")).status_code == 303
    assert "取り込みました" in sato.told()
    assert (await empty.files(path))[SUNNET] == file.read_text()
    file.write_text("a: [")
    await sato.go(f"{path}/files/import")
    assert (await sato.press("/files/import")).status_code == 409
    assert f"{SUNNET}:" in words(sato.page)
    shutil.rmtree(folder / "policies")
    page = await sato.go(f"{path}/files/import")
    assert "取り込むファイルがありません" in words(page)


async def test_where_the_versions_files_were_kept_a_draft_begins_with_them(room: Room):
    sato = await room.person("sato")
    page = await sato.go("proposals/new")
    assert "取り込む" not in words(page)
    assert "source" not in sato.form("proposals/new").fields
