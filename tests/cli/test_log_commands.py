"""`gateway log` as auditors and operators type it: what is said, and the exit codes."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.app.storage import stores
from gateway.cli import app
from gateway.cli.log.words import FINDINGS, KINDS
from gateway.core.identity import Subject, commit, member_tag
from gateway.jose import rfc4648
from gateway.ports import Submission
from gateway.settings import Settings
from gateway.tlog import entries
from gateway.tlog.findings import Code
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.tiles import bundle_path
from gateway.tlog.timestamp import ask
from tests.house import environment_of
from tests.simulators.timestamp_authority import SimulatedAuthority, make_authority
from tests.tlog.exported_log import (
    ENTRIES,
    LOG,
    SIGNER,
    make_signer,
    release,
    signed_head,
    write,
)
from tests.tlog.witnesses import NOON, witness

KEY = SIGNER.key.encode()
COOP = "kyoritsusha"


def gateway(*words: str | Path, code: int = 0, env: dict[str, str] | None = None, stdin: str = "") -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], env=env, input=stdin)
    assert result.exit_code == code, (words, result.output, result.exception)
    assert not isinstance(result.exception, Exception)
    return result


def told(*words: str | Path, code: int = 0, env: dict[str, str] | None = None) -> dict[str, object]:
    answer: dict[str, object] = json.loads(gateway(*words, "--json", code=code, env=env).stdout.splitlines()[-1])
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "log", LOG)


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


# verify


def test_a_whole_log_verifies_from_a_folder_and_from_a_url(folder: Path):
    for lang, words in (("ja", "改ざんは見つかりません"), ("en", "verified")):
        assert words in gateway("log", "verify", folder, "--key", KEY, "--lang", lang).stdout
    with served(folder) as url:
        answer = told("log", "verify", url, "--key", KEY)
    assert answer["ok"]
    assert answer["counts"] == {"publish": 1, "partner": 1, "release": 598}
    assert answer["finding"] is None


def test_the_key_may_stand_in_a_file(folder: Path):
    (folder / "log.vkey").write_text(KEY + "\n")
    gateway("log", "verify", folder, "--key", folder / "log.vkey")


def test_a_finding_is_exit_1_with_its_name_and_index(folder: Path):
    bundle = folder / bundle_path(1)
    data = bytearray(bundle.read_bytes())
    data[900] ^= 1
    bundle.write_bytes(data)
    answer = told("log", "verify", folder, "--key", KEY, code=1)
    assert (answer["ok"], answer["finding"], answer["first_bad_index"]) == (False, "entry-altered", 257)
    said = gateway("log", "verify", folder, "--key", KEY, code=1).stdout
    assert "記録が書き換えられています #257" in said
    with served(folder) as url:
        assert told("log", "verify", url, "--key", KEY, code=1)["finding"] == "entry-altered"


def test_the_wrong_key_and_another_origin_are_findings(folder: Path):
    assert told("log", "verify", folder, "--key", make_signer(2).key.encode(), code=1)["finding"] == "key-unknown"
    other = make_signer(1, "gateway.example/other").key.encode()
    assert told("log", "verify", folder, "--key", other, code=1)["finding"] == "key-unknown"


def test_the_auditors_own_earlier_checkpoint(folder: Path, tmp_path: Path):
    earlier = tmp_path / "earlier"
    earlier.write_bytes(signed_head(ENTRIES[:300]))
    gateway("log", "verify", folder, "--key", KEY, "--since", earlier)
    earlier.write_bytes(signed_head([*ENTRIES, release(9_999)]))
    assert told("log", "verify", folder, "--key", KEY, "--since", earlier, code=1)["finding"] == "rolled-back"
    earlier.write_bytes(signed_head([*ENTRIES[:299], release(9_999)]))
    assert told("log", "verify", folder, "--key", KEY, "--since", earlier, code=1)["finding"] == "history-rewritten"
    gateway("log", "verify", folder, "--key", KEY, "--since", tmp_path / "none", code=2)


def test_witnesses_and_their_quorum(folder: Path):
    note = LOG["checkpoint"]
    text = note.partition(b"\n\n")[0].decode() + "\n"
    (folder / "checkpoint").write_bytes(note + "".join(witness(n).cosign(text, at=NOON) for n in (1, 2)).encode())
    known = [word for n in (1, 2, 3) for word in ("--witness", witness(n).key.encode())]
    verify = ("log", "verify", folder, "--key", KEY)
    gateway(*verify, *known[:4])
    gateway(*verify, *known, "--quorum", "2")
    assert told(*verify, *known, code=1)["finding"] == "quorum-missing"
    gateway(*verify, *known, "--quorum", "4", code=2)
    gateway(*verify, "--quorum", "1", code=2)
    gateway(*verify, "--witness", KEY, code=2)


def test_time_stamps(folder: Path, tmp_path: Path):
    made = make_authority(tmp_path / "tsa")
    authority = SimulatedAuthority(folder=made)
    verify = ("log", "verify", folder, "--key", KEY, "--tsa-ca", authority.ca_file)
    assert told(*verify, code=1)["finding"] == "timestamp-missing"

    def stamp(note: bytes, size: int) -> None:
        _, _, answer = asyncio.run(authority.answer("/tsa", "application/timestamp-query", ask(note).der))
        write(folder, {f"timestamps/{size}.checkpoint": note, f"timestamps/{size}.tsr": answer})

    stamp(signed_head(ENTRIES[:300]), 300)
    stamp(LOG["checkpoint"], 600)
    answer = told(*verify)
    assert isinstance(answer["stamped"], dict)
    assert answer["stamped"]["size"] == 600
    with served(folder) as url:
        assert told("log", "verify", url, "--key", KEY, "--tsa-ca", authority.ca_file)["stamped"] == answer["stamped"]
    (folder / "timestamps/300.tsr").write_bytes((folder / "timestamps/600.tsr").read_bytes())
    assert told(*verify, code=1)["finding"] == "timestamp-bad"
    stamp(signed_head([*ENTRIES[:299], release(9_999)]), 300)
    assert told(*verify, code=1)["finding"] == "history-rewritten"
    (folder / "timestamps/300.tsr").unlink()
    assert told(*verify, code=1)["finding"] == "timestamp-missing"
    gateway(*verify[:-1], folder / "checkpoint", code=2)


@pytest.mark.parametrize("words", [(), ("--key", "nowhere"), ("--key", "a+b+c"), ("--key", KEY + "x")])
def test_no_key_is_a_fault_of_the_command_line(folder: Path, words: tuple[str, ...]):
    gateway("log", "verify", folder, *words, code=2)


@pytest.mark.parametrize(
    "where", ["/nowhere", "ftp://x/y", "http://a:b@127.0.0.1/", "http://127.0.0.1/?q", "http:///x"]
)
def test_no_log_is_a_fault_of_the_command_line(where: str):
    gateway("log", "verify", where, "--key", KEY, code=2)


def test_a_file_that_cannot_be_read_is_exit_3_and_never_verified(folder: Path):
    path = folder / "tile/0/001"
    path.unlink()
    path.mkdir()
    answer = told("log", "verify", folder, "--key", KEY, code=3)
    assert (answer["ok"], answer["finding"]) == (False, "unreadable")
    assert "tile/0/001" in str(answer["sentence"])


def test_a_server_that_is_not_there_is_exit_3():
    assert told("log", "verify", "http://127.0.0.1:9", "--key", KEY, code=3)["finding"] == "unreadable"


def test_every_finding_and_every_kind_has_its_words():
    assert set(FINDINGS) == set(Code)
    known = {str(each.__struct_config__.tag) for each in entries.Entry.__args__}
    assert set(KINDS) == known
    page = (Path(__file__).parents[2] / "docs/transfer-log.md").read_text(encoding="utf-8")
    assert [code for code in Code if f"`{code}`" not in page] == []


def test_the_module_as_a_process_of_its_own(folder: Path):
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "log", "verify", str(folder), "--key", KEY],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "600" in done.stdout


# prove, verify-proof, tail: from an exported log


def test_a_proof_out_of_an_exported_log_is_verified_offline(folder: Path, tmp_path: Path):
    with served(folder) as url:
        for where in (str(folder), url):
            made = told("log", "prove", "t-000345", "--where", where, "--to", tmp_path / "proofs")
            assert (made["index"], made["size"]) == (345, 600)
    proof, entry = str(made["proof"]), str(made["entry"])
    assert Path(entry).read_bytes() == ENTRIES[345]
    assert told("log", "verify-proof", proof, entry, "--key", KEY)["ok"]
    assert "#345 / 600" in gateway("log", "verify-proof", proof, entry, "--key", KEY).stdout
    gateway("log", "verify-proof", proof, entry, "--key", make_signer(2).key.encode(), code=1)
    assert told("log", "verify-proof", entry, proof, "--key", KEY, code=1)["ok"] is False
    gateway("log", "verify-proof", proof, entry, "--key", KEY, "--witness", witness(1).key.encode(), code=1)
    gateway("log", "verify-proof", proof, tmp_path / "none", "--key", KEY, code=2)
    Path(entry).write_bytes(ENTRIES[344])
    gateway("log", "verify-proof", proof, entry, "--key", KEY, code=1)


def test_what_cannot_be_proved(folder: Path, tmp_path: Path):
    prove = ("log", "prove", "--where", folder, "--to", tmp_path)
    gateway(*prove, "t-999999", code=1)
    gateway(*prove, "../x", code=2)
    (folder / "tile/0/001").write_bytes(bytes(8_192))
    gateway(*prove, "t-000345", code=1)
    (folder / "tile/entries/001").unlink()
    gateway(*prove, "t-000345", code=1)
    (folder / "checkpoint").write_bytes(b"\xff")
    gateway(*prove, "t-000345", code=1)
    (folder / "checkpoint").unlink()
    gateway(*prove, "t-000345", code=1)


def test_the_newest_entries_of_an_exported_log(folder: Path):
    lines = gateway("log", "tail", "--where", folder, "-n", "300").stdout.splitlines()
    assert len(lines) == 300
    assert lines[-1].startswith("      599  2026-11-22 21:00:00  提供")
    assert "t-000599" in lines[-1]
    assert "release" in gateway("log", "tail", "--where", folder, "-n", "1", "--lang", "en").stdout
    last = json.loads(gateway("log", "tail", "--where", folder, "-n", "1", "--json").stdout)
    assert last == {"index": 599, "entry": json.loads(ENTRIES[599])}
    gateway("log", "tail", code=2)
    gateway("log", "tail", COOP, "--where", folder, code=2)
    (folder / "tile/entries/002.p/88").unlink()
    gateway("log", "tail", "--where", folder, code=1)


def test_an_entry_that_would_move_the_cursor_does_not(tmp_path: Path):
    forged = ENTRIES[2].replace(b'"p03"', b'"\\u001b[2J\\u202e"')
    logged = write(tmp_path, {**LOG, bundle_path(2, width=88): len(forged).to_bytes(2) + forged + b"\0\3\x1b[m"})
    for more in ((), ("--json",)):
        said = gateway("log", "tail", "--where", logged, "-n", "88", *more, code=1).stdout
        assert "\x1b" not in said
        assert len(said.splitlines()) == 2


# Against the gateway's own database

CODES = ["00000101", "00000102", "00000103"]
TRANSFER = "3f" * 16


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A gateway with a policy, an active partner and one release of three members."""
    folder = tmp_path_factory.mktemp("office")
    env = environment_of(folder, f"sqlite:///{folder}/gateway.db", COOP)
    gateway("keys", "init", env=env)
    gateway("migrate", env=env)
    why = ("--reason", "試験")
    gateway("policy", "publish", COOP, "--proposer", "佐藤", "--approver", "鈴木", *why, env=env)
    gateway("partner", "resume", COOP, "jccu", "--by", "運用", *why, env=env)
    policy = json.loads(gateway("policy", "history", COOP, "--json", env=env).stdout)[0]["digest"]
    settings = Settings(**{name.removeprefix("GATEWAY_").lower(): _plain(value) for name, value in env.items()})
    asyncio.run(_release(settings, policy))
    return env


def _plain(value: str) -> Any:
    return json.loads(value) if value[0] in "[{" else value


async def _release(settings: Settings, policy: str) -> None:
    async with stores(settings) as opened:
        secret = opened.keys.coop_secrets(COOP).subject
        tags = [member_tag(secret, COOP, code) for code in CODES]
        salts = [hashlib.sha256(tag).digest() for tag in tags]
        now = opened.clock()
        data = release(
            gov=1,
            time=entries.instant(now),
            until="2099-01-01T00:00:00.000Z",
            policy=policy,
            transfer=TRANSFER,
            purpose="P3",
            counts=entries.Counts(asked=3, released=3),
            commitment=rfc4648.encode(commit(tags, salts)),
        )
        await opened.log.append(
            COOP,
            Submission(
                entry=data,
                leaf=leaf_hash(data),
                kind="release",
                transfer=TRANSFER,
                partner="jccu",
                purpose="P3",
                time=now,
                gov=1,
                subjects=tuple(map(Subject, tags, salts)),
            ),
        )


def test_a_member_is_shown_to_be_in_a_transfer_or_not(office: dict[str, str], tmp_path: Path):
    made = told("log", "prove", TRANSFER, "--to", tmp_path, env=office)
    assert made["index"] == 2
    key = str(told("log", "export", COOP, tmp_path / "log", env=office)["vkey"])
    gateway("log", "verify", tmp_path / "log", "--key", key)
    proof = (str(made["proof"]), str(made["entry"]))
    assert told("log", "verify-proof", *proof, "--key", key)["origin"] == f"gw.example.coop/{COOP}"

    for code, shown in ((CODES[1], "member"), ("00009999", "absent")):
        look = ("member", "prove", COOP, "2", "--codes", "-", "--by", "監査", "--reason", "試験")
        (tmp_path / "member.json").write_text(gateway(*look, env=office, stdin=code).stdout)
        verify = ("log", "verify-member", tmp_path / "member.json", *proof, "--key", key)
        assert told(*verify)["shown"] == shown
        gateway("log", "verify-member", tmp_path / "member.json", *proof, "--key", KEY, code=1)
    member = json.loads((tmp_path / "member.json").read_text())
    (tmp_path / "member.json").write_text(json.dumps(member | {"members": member["members"][:2]}))
    assert told(*verify, code=1)["ok"] is False
    (tmp_path / "member.json").write_text("{}")
    gateway(*verify, code=1)


def test_the_newest_entries_of_the_database(office: dict[str, str]):
    lines = [json.loads(line) for line in gateway("log", "tail", COOP, "--json", env=office).stdout.splitlines()]
    assert [line["index"] for line in lines] == list(range(len(lines)))
    assert [line["entry"]["kind"] for line in lines[:3]] == ["publish", "partner", "release"]
    assert "3/3人" in gateway("log", "tail", COOP, env=office).stdout
    gateway("log", "tail", "nowhere", env=office, code=2)
    gateway("log", "prove", "00" * 16, env=office, code=1)


def test_following_goes_on_until_interrupted(office: dict[str, str]):
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "log", "tail", COOP, "--follow", "--json", "-n", "1"],
        env={**os.environ, **office},
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        seen = json.loads(following.stdout.readline())["index"]
        stop = ("--kind", "stop_provide", "--by", "窓口", "--reason", "申出")
        gateway("member", "restrict", COOP, "--codes", "-", *stop, env=office, stdin=CODES[0])
        more = json.loads(following.stdout.readline())
        assert (more["index"], more["entry"]["kind"]) == (seen + 1, "restrict")
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 0
