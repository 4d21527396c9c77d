"""A gateway with people who draft and approve, and what they type from a change of the files to a version in force."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.app import storage
from gateway.settings import Settings
from tests.cli.test_retention_commands import COOP, Gateway
from tests.house import ROOT

HERE, ELSEWHERE = "宅配事業部", "共済部"
SET_UP = ("--by", "設置担当", "--reason", "導入")
TWO_NAMES = ("--proposer", "佐藤", "--approver", "鈴木", "--reason", "初版")
SUNNET = f"policies/{COOP}/agreements/sunnet.yaml"
DAY = "          delivery_day: as_is\n"


class Desk(Gateway):
    """A gateway whose files are a copy, and what people do there."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url)
        for name in ("policies", "partners"):
            shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
            self.environment[f"GATEWAY_{name.upper()}"] = str(folder / name)

    def employ(self) -> None:
        """Sato and Kato draft here and Ito approves; Mori approves elsewhere, Abe has no role."""
        for person in ("sato", "kato", "ito", "mori", "abe"):
            self.run("staff", "add", COOP, person, "--name", person, *SET_UP)
        self.run("staff", "role", COOP, "sato", "admin", "--department", HERE, *SET_UP)
        by = ("--by", "sato", "--reason", "着任")
        for person, role, department in (
            ("kato", "admin", HERE),
            ("ito", "manager", HERE),
            ("mori", "manager", ELSEWHERE),
        ):
            self.run("staff", "role", COOP, person, role, "--department", department, *by)

    def write(self, old: str, new: str, file: str = SUNNET) -> None:
        """Change the files; what is not there to be changed is a mistake of the test."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def policy(self, command: str, *arguments: str, by: str | None = None, reason: str | None = None) -> Any:
        about = (*(("--by", by) if by else ()), *(("--reason", reason) if reason else ()))
        return self.facts("policy", command, COOP, *arguments, *about)

    def draft(self, *more: str, title: str = "お届け曜日", by: str = "sato") -> str:
        about = ("--title", title, "--department", HERE)
        done = self.policy("propose", *about, *more, by=by, reason="覚書の改定")
        assert done["state"] == "draft"
        return str(done["proposal"])

    def seen(self, proposal: str) -> str:
        return str(self.policy("preview", proposal)["digest"])

    def submitted(self, *more: str, **words: str) -> tuple[str, str]:
        proposal = self.draft(*more, **words)
        digest = self.seen(proposal)
        done = self.policy("submit", proposal, "--preview", digest, by=words.get("by", "sato"))
        assert (done["state"], done["preview"]) == ("submitted", digest)
        return proposal, digest

    def approved(self, *more: str, **words: str) -> str:
        proposal, digest = self.submitted(*more, **words)
        assert self.policy("approve", proposal, "--preview", digest, by="ito")["approver"] == "ito"
        return proposal

    def published(self, *more: str, **words: str) -> str:
        proposal = self.approved(*more, **words)
        assert self.policy("publish", proposal, by="sato")["state"] == "published"
        return proposal

    def kinds(self) -> list[str]:
        lines = self.run("log", "tail", COOP, "--json", "-n", "1000").splitlines()
        entries = [json.loads(one)["entry"] for one in lines]
        return [one.get("event", one["kind"]) for one in entries if one["kind"] in {"proposal", "publish"}]

    def size(self) -> int:
        return len(self.run("log", "tail", COOP, "--json", "-n", "1000").splitlines())

    def refused(self, rule: str, *arguments: str, mend: str = "") -> str:
        """Run what is refused: rule and mend are said in both languages, and nothing is logged."""
        before = self.size()
        told = self.run("policy", *arguments, code=1)
        [ja, en] = [line for line in told.splitlines() if line.endswith(f"[{rule}]")][-2:]
        assert re.search("[ぁ-ん]", ja)
        assert not re.search("[ぁ-ん]", en)
        assert mend in told
        assert self.size() == before
        return told

    def wrong(self, *arguments: str) -> str:
        """Run what is no sensible command line: exit code 2, and nothing is logged."""
        before = self.size()
        told = self.run("policy", *arguments, code=2)
        assert self.size() == before
        assert "\x1b" not in told
        return told

    def inside(self, work: Any) -> Any:
        """Do some work on the stores themselves."""

        async def opened() -> Any:
            fields: dict[str, Any] = {k.removeprefix("GATEWAY_").lower(): v for k, v in self.environment.items()}
            fields |= {name: json.loads(fields[name]) for name in ("coops", "sources")}
            async with storage.stores(Settings(**fields)) as stores:
                return await work(stores)

        return asyncio.run(opened())


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Desk:
    return Desk(tmp_path, sqlite_url)


@pytest.fixture(scope="module")
def employed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Desk:
    """A gateway with people, which nobody changes any more."""
    folder = tmp_path_factory.mktemp("employed")
    shutil.copy(sqlite_template, folder / "gateway.db")
    desk = Desk(folder, f"sqlite:///{folder}/gateway.db")
    desk.employ()
    return desk


@pytest.fixture
def desk(employed: Desk, tmp_path: Path) -> Desk:
    """A gateway with people, of this test alone."""
    folder = tmp_path / "desk"
    shutil.copytree(employed.folder, folder)
    return Desk(folder, f"sqlite:///{folder}/gateway.db")
