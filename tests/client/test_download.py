"""A population in one file: what is written, what stands beside it, and what a wrong manifest or an earlier end makes of it."""

import csv
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.client import (
    Advance,
    AnswerRejected,
    Client,
    Downloaded,
    ExportEnded,
    ExportStalled,
    FileError,
    NotPermitted,
    Refused,
    Shape,
    Unencodable,
    UsageError,
    pull_to_file,
)
from gateway.client.disk import Disk
from gateway.client.download import since_of
from gateway.client.results import Result
from gateway.client.staging import Staging, State
from tests.client.export_peer import EXPORT, NAME, ExportPeer, people
from tests.client.gateway_peer import b64u, problem


class Killed(BaseException):
    """The end of a process: nothing of ours is run after it."""


def pull(client: Client, target: Path, **more: Any) -> Downloaded:
    told: dict[str, Any] = {"sleep": lambda _: None, "sync": lambda _: None}
    return pull_to_file(client, target, "P4", **told | more)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_population_becomes_one_file(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    done = pull(peer.client(), target, fields=["postal_code", "name"])
    assert table(target) == [
        ["member", "postal_code", "name"],
        *([code, "", f"{NAME}{n}"] for n, code in enumerate(peer.members)),
    ]
    assert beside(target) == ["members.csv", "members.csv.receipts.jsonl", "members.csv.sha256", "members.csv.since"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())
    assert (done.records, done.parts, done.removals_file, done.resync, done.ended) == (5, 3, None, False, True)
    assert since_of(done.since_file) == "mark-2"
    receipts = [json.loads(line) for line in done.receipts_file.read_text().splitlines()]
    assert [(one["part"], one["transfer"]) for one in receipts] == [(1, "tr-0"), (2, "tr-1"), (3, "tr-2")]
    assert peer.exports[EXPORT].state == "confirmed"


def test_an_empty_population_is_a_header(tmp_path: Path):
    peer, target = ExportPeer(members={}), tmp_path / "members.csv"
    assert pull(peer.client(), target, fields=["name"]).records == 0
    assert table(target) == [["member", "name"]]


def test_whoever_watches_sees_parts_and_records_grow(tmp_path: Path):
    seen: list[Advance] = []
    pull(ExportPeer().client(), tmp_path / "members.csv", watch=seen.append)
    assert [(one.parts, one.records) for one in seen] == [(0, 0), (1, 2), (2, 4), (3, 5)]
    assert seen[-1].final


def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    target.write_text("of yesterday")
    peer.queued[f"/v1/exports/{EXPORT}/parts/3"] = [problem("not-permitted", 403)]
    with pytest.raises(NotPermitted):
        pull(peer.client(), target)
    assert target.read_text() == "of yesterday"
    pull(peer.client(), target)
    assert len(table(target)) == 6
    assert peer.handed == [(EXPORT, 1), (EXPORT, 2), (EXPORT, 3)]


def test_the_state_names_nobody(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    peer.queued[f"/v1/exports/{EXPORT}/parts/3"] = [problem("not-permitted", 403)]
    with pytest.raises(NotPermitted):
        pull(peer.client(), target, since="mark-secret")
    state = (tmp_path / "members.csv.export.json").read_text()
    assert NAME not in state
    assert "mark-secret" not in state
    assert not any(f'"{code}"' in state for code in peer.members)
    assert (tmp_path / "members.csv.part").stat().st_mode & 0o777 == 0o700


def ends_at(steps: int) -> Any:
    """A disk under a process that ends at its nth step."""
    left = iter(range(steps))

    def sync(_: int) -> None:
        if next(left, None) is None:
            raise Killed

    return sync


@pytest.mark.parametrize("apply", [False, True])
def test_whenever_it_ends_it_goes_on_to_the_same_file(tmp_path: Path, apply: bool):
    expected = None
    for steps in range(200):
        folder = tmp_path / f"{steps}"
        folder.mkdir()
        peer, target = (
            ExportPeer(removals=[{"member": "gone", "duty": "delete", "due": "2027-02-01"}]),
            folder / "m.csv",
        )
        target.write_text("member,name\r\ngone,a\r\n00000003,old\r\n", newline="")
        (folder / "m.csv.since").write_text("mark-0\n")
        (folder / "m.csv.sha256").write_text(f"{sha256(target.read_bytes()).hexdigest()}  m.csv\n")
        asked: dict[str, Any] = {"fields": ["name"], "since": "mark-0", "apply": apply}
        killed, complete = True, False
        try:
            pull(peer.client(), target, sync=ends_at(steps), **asked)
            killed = False
        except Killed:
            if (folder / "m.csv.since").exists():
                asked["since"] = since_of(folder / "m.csv.since")  # as a nightly job would ask
                complete = not (folder / "m.csv.export.json").exists()
            done = pull(peer.client(), target, **asked)
            assert done.records == 5
        outcome = (
            target.read_bytes(),
            (folder / "m.csv.removals.csv").read_bytes(),
            (folder / "m.csv.since").read_bytes(),
        )
        expected = expected or outcome
        assert outcome == expected
        assert beside(target) == ["m.csv", "m.csv.receipts.jsonl", "m.csv.removals.csv", "m.csv.sha256", "m.csv.since"]
        # Of the order, and of each part, at most the step that was under way is repeated; what was complete is begun anew.
        assert complete or len(peer.exports) + len(peer.handed) <= 5
        receipts = (folder / "m.csv.receipts.jsonl").read_text().splitlines()
        assert len(receipts) >= 3
        assert all(json.loads(line) for line in receipts)
        if not killed:
            break
    else:
        pytest.fail("it never came to its end")
    assert steps > 20


def test_a_part_that_was_handed_out_anew_is_fetched_again(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    client = peer.client()
    manifest = f"/v1/exports/{EXPORT}/manifest"
    peer.queued[manifest] = [problem("unavailable", 503)] * 6
    with pytest.raises(Refused):
        pull(client, target, fields=["name"])
    assert len(peer.handed) == 3
    del peer.queued[manifest], peer.members["00000002"]  # stopped meanwhile
    other = peer.client()
    other.export_part(other.export("P4"), 1)  # in another process: the second export's parts are nothing to this one
    ordered = peer.exports[EXPORT]
    ordered.taken[2] = (b64u(bytes(32)), 999, 1)  # handed out since to another process of ours
    done = pull(client, target, fields=["name"])
    assert done.records == 4
    assert [row[0] for row in table(target)] == ["member", "00000000", "00000001", "00000003", "00000004"]
    assert peer.handed[-1] == (EXPORT, 2)
    assert [n for one, n in peer.handed if one == EXPORT] == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("bend", "check"),
    [
        (lambda parts: parts[1].update(sha256=b64u(bytes(32))), "manifest-sha256"),
        (lambda parts: parts[1].update(bytes=7), "manifest-records"),
        (lambda parts: (parts[1].update(records=3), parts[2].update(records=0)), "manifest-records"),
        (lambda parts: parts.pop(), "manifest-final"),
        (lambda parts: parts.append(parts[2] | {"n": 4}), "manifest-final"),
    ],
)
def test_a_manifest_that_lies_about_the_parts_leaves_no_file(tmp_path: Path, bend: Any, check: str):
    def bent(claims: dict[str, Any]) -> None:
        bend(claims["parts"])
        claims["total"] = sum(one["records"] for one in claims["parts"])

    peer, target = ExportPeer(bend_manifest=bent), tmp_path / "members.csv"
    with pytest.raises(AnswerRejected) as caught:
        pull(peer.client(), target)
    assert caught.value.check == check
    assert not target.exists()


def test_a_manifest_that_is_not_final_leaves_no_file(tmp_path: Path):
    peer, target = ExportPeer(bend_manifest=lambda claims: claims.update(final=False)), tmp_path / "members.csv"
    with pytest.raises(AnswerRejected) as caught:
        pull(peer.client(), target)
    assert caught.value.check == "manifest-final"
    assert not target.exists()


@pytest.mark.parametrize("codes", [["00000001", "00000003", "00000002", "00000001"], ["b", "a", "c", "b"]])
def test_a_member_in_two_parts_leaves_no_file(tmp_path: Path, codes: list[str]):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    peer.members = {code: people(1)["00000000"] for code in codes}

    def bent(claims: dict[str, Any]) -> None:
        claims["results"] = [{"member": code, "data": {}} for code in codes[2 * claims["n"] - 2 : 2 * claims["n"]]]

    peer.members["x"] = peer.members["y"] = people(1)["00000000"]
    peer.members = dict(list(peer.members.items())[:4])
    peer.bend_part = bent
    with pytest.raises(AnswerRejected, match="two parts"):
        pull(peer.client(), target)
    assert not target.exists()


def test_half_a_character_is_no_value_of_a_member(tmp_path: Path):
    client = ExportPeer().client()
    part = client.export_part(export := client.export("P4"), 1)
    assert part is not None
    spoilt = replace(part, results=(Result("1", "released", {"name": "\ud800"}),))
    with pytest.raises(AnswerRejected, match="no Unicode text"):
        Staging(tmp_path / "m.csv", Disk()).keep(State(export, None), spoilt)


def test_a_lost_connection_is_tried_again(tmp_path: Path):
    peer = ExportPeer()
    peer.queued[f"/v1/exports/{EXPORT}/parts/2"] = [problem("unavailable", 503), problem("internal", 500)]
    waits: list[float] = []
    done = pull(peer.client(), tmp_path / "members.csv", sleep=waits.append)
    assert (done.records, waits) == (5, [1, 2])


def test_an_export_that_expired_is_ordered_anew(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    peer.queued[f"/v1/exports/{EXPORT}/parts/3"] = [problem("not-permitted", 403)]
    with pytest.raises(NotPermitted):
        pull(peer.client(), target)
    peer.exports[EXPORT].state = "expired"
    done = pull(peer.client(), target)
    assert (done.export, done.records) == ("ex-00000002", 5)
    assert [one for one, _ in peer.handed] == [EXPORT] * 2 + ["ex-00000002"] * 3


def test_an_export_that_fails_is_told_and_one_that_stands_still_is_left(tmp_path: Path):
    peer = ExportPeer(not_yet=10_000, retry=30)
    client = peer.client(retry_budget=60)
    with pytest.raises(ExportStalled) as stalled:
        pull(client, tmp_path / "members.csv", patience=300, clock=lambda: peer.now)
    assert stalled.value.seconds > 300
    original = peer.status

    def failed(export: Any) -> dict[str, Any]:
        return original(export) | {"state": "failed" if peer.now > 1_800_000_900 else "running", "parts": 0}

    peer.status = failed  # type: ignore[method-assign]  # the gateway gives up half-way
    with pytest.raises(ExportEnded) as ended:
        pull(client, tmp_path / "members.csv", patience=3_000, clock=lambda: peer.now)
    assert ended.value.state == "failed"


def test_another_pull_to_the_same_file_is_not_begun_over_an_unfinished_one(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    peer.queued[f"/v1/exports/{EXPORT}/parts/3"] = [problem("not-permitted", 403)]
    client = peer.client()
    with pytest.raises(NotPermitted):
        pull(client, target)
    for other in ({"fields": ["name"]}, {"since": "mark-1"}):
        with pytest.raises(FileError, match="another pull was begun"):
            pull(client, target, **other)
    assert len(peer.exports) == 1
    (tmp_path / "members.csv.export.json").write_text("{}")
    with pytest.raises(FileError, match="remove it"):
        pull(client, target)


def test_two_processes_do_not_write_one_file(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"

    def at_once(_: Advance) -> None:
        with pytest.raises(FileError, match="another process"):
            pull(peer.client(), target)

    assert pull(peer.client(), target, watch=at_once).records == 5
    assert len(peer.exports) == 1


def test_what_cp932_does_not_have_is_refused_by_record_and_field_before_more_is_fetched(tmp_path: Path):
    peer, target = ExportPeer(), tmp_path / "members.csv"
    peer.members["00000002"]["name"] = "𠮷野 太郎"
    cp932 = Shape(encoding="cp932")
    for _ in range(2):
        with pytest.raises(Unencodable) as caught:
            pull(peer.client(), target, shape=cp932)
        assert (caught.value.record, caught.value.field) == (3, "name")
        assert "野" not in str(caught.value)
    assert peer.handed == [(EXPORT, 1), (EXPORT, 2)]
    done = pull(peer.client(), target, shape=Shape(encoding="cp932", on_unencodable="geta"))
    assert done.replaced == 1
    assert "00000002,00000002,〓野 太郎,\r\n".encode("cp932") in target.read_bytes()
    assert b"?" not in target.read_bytes()
    assert peer.handed == [(EXPORT, 1), (EXPORT, 2), (EXPORT, 3)]


def test_parquet_has_the_types_of_the_grants_schema(tmp_path: Path):
    import pyarrow.parquet as pq

    peer, target = ExportPeer(), tmp_path / "members.parquet"
    peer.grants = [{"id": "delivery", "coop": "kyoritsusha", "agreement": "kyoritsusha-sunnet-01", "purpose": "P4"}]
    peer.grants[0] |= {
        "fields": {"name": "as_is", "postal_code": "as_is"},
        "case_required": False,
        "terms": {},
        "state": "active",
    }
    done = pull(peer.client(), target, shape=Shape("parquet"), fields=["name", "postal_code"])
    read = pq.read_table(target)
    assert read.column_names == ["member", "name", "postal_code"]
    assert read.to_pylist()[1] == {"member": "00000001", "name": f"{NAME}1", "postal_code": None}
    assert done.records == read.num_rows == 5
    with pytest.raises(UsageError, match="no grant"):
        pull(peer.client(), target, shape=Shape("parquet"))


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"apply": True}, UsageError, "since which walk"),
        ({"apply": True, "since": "m"}, FileError, "earlier pull"),
        ({"shape": Shape("ndjson", "cp932")}, UsageError, "only CSV"),
        ({"fields": ["bank_account"]}, UsageError, "not configured"),
    ],
)
def test_a_call_that_makes_no_sense_sends_nothing(
    tmp_path: Path, asked: dict[str, Any], error: type[Exception], told: str
):
    peer = ExportPeer()
    with pytest.raises(error, match=told):
        pull(peer.client(), tmp_path / "members.csv", **asked)
    assert peer.seen == []
    assert beside(tmp_path / "members.csv") == []


def test_a_token_file_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(FileError, match="whole population first"):
        since_of(tmp_path / "members.csv.since")
    for content in (b"", b"two words", b"\xff"):
        (tmp_path / "since").write_bytes(content)
        with pytest.raises(FileError, match="not the token"):
            since_of(tmp_path / "since")
