"""What may be wrong with a file of member events: the whole of it, or a row; told by place, never by what stands there."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gateway.control_plane.members.faults import WORDS, RowFault
from gateway.control_plane.members.reading import COLUMNS, LARGEST, MOST, Encoding, Form, read
from gateway.control_plane.members.rules import check
from gateway.core.members.events import MemberEvent, effects_of
from gateway.core.members.masters import EVENT_KINDS, check_staff, imports
from gateway.core.members.restriction_grounds import GROUND_IDS
from gateway.core.refused import Refused
from gateway.core.state import Snapshot, apply
from tests.clock import SettableClock
from tests.control_plane.events_told import csv_of, event
from tests.factories import NOON as NOW, snapshot

SNAPSHOT = snapshot()
PARTNER = next(iter(SNAPSHOT.versions[0].policy.partners))
CODE = "00000101"


def faults(*rows: dict[str, str], **more: Any) -> list[tuple[int, str, str]]:
    told = read(csv_of(rows), form="csv")
    found: tuple[RowFault, ...] = check(told.rows, **{"snapshot": SNAPSHOT, "masters": {}, "now": NOW, **more}).faults
    return [(one.row, one.field, one.rule) for one in found]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"event_id": ""}, ("event_id", "event_id")),
        ({"event_id": "a b"}, ("event_id", "event_id")),
        ({"event_id": "a" * 65}, ("event_id", "event_id")),
        ({"member_code": ""}, ("member_code", "member_code")),
        ({"member_code": "０００１"}, ("member_code", "member_code")),
        ({"event": "stopped"}, ("event", "event")),
        ({"kind": ""}, ("kind", "kind")),
        ({"kind": "withdrawal"}, ("kind", "kind")),
        ({"partner": "nobody"}, ("partner", "partner")),
        ({"purpose": "P999"}, ("purpose", "purpose")),
        ({"ground": "art35_3"}, ("ground", "ground")),
        ({"at": "22/11/2026"}, ("at", "at")),
        ({"at": "2026-13-01"}, ("at", "at")),
        ({"at": "2026-11-22T10:00:00+99:00"}, ("at", "at")),
        ({"at": (NOW + timedelta(seconds=1)).isoformat()}, ("at", "future")),
        ({"event": "withdrawal"}, ("kind", "no_kind")),
        ({"event": "correction", "kind": "", "ground": "offer"}, ("ground", "no_ground")),
        ({"event": "withdrawal", "kind": "", "partner": PARTNER}, ("partner", "no_scope")),
        ({"event": "withdrawal", "kind": "", "ground": "art22"}, ("ground", "ground")),
    ],
)
def test_what_is_wrong_with_a_row_is_told_by_its_number_and_field(row: dict[str, str], told: tuple[str, str]):
    good = event(1, CODE, "stop", "stop_use")
    assert faults(event(0, CODE, "correction"), {**good, **row}) == [(2, *told)]


@pytest.mark.parametrize(
    "row",
    [
        {"at": "2026-11-21"},
        {"at": "2026-11-21 10:00"},
        {"at": "2026-11-21T10:00:00.5+09:00"},
        {"at": "2026-11-21T01:00:00Z"},
        {"partner": PARTNER},
        {"ground": "art35_5"},
        {"event": "lift"},
        {"event": "withdrawal", "kind": "", "ground": "art35_3"},
        {"event": "correction", "kind": ""},
    ],
)
def test_what_is_right_is_taken(row: dict[str, str]):
    assert faults({**event(1, CODE, "stop", "stop_use"), **row}) == []


def test_everything_that_is_wrong_with_a_row_is_told_at_once():
    assert faults(event("", "", "stop", partner="nobody", at="x")) == [
        (1, "member_code", "member_code"),
        (1, "kind", "kind"),
        (1, "at", "at"),
    ]


def test_an_id_that_is_told_twice_counts_once_and_may_not_say_two_things():
    one, other = event(1, CODE, "stop", "stop_use"), event(1, CODE, "lift", "stop_use")
    told = read(csv_of([one, one, other]), form="csv")
    found = check(told.rows, snapshot=SNAPSHOT, masters={}, now=NOW)
    assert (len(found.events), found.repeated) == (1, 1)
    assert [(one.row, one.field, one.rule) for one in found.faults] == [(3, "event_id", "other_content")]


def test_a_kind_that_staff_are_masters_of_is_refused_row_by_row():
    rows = (event(1, CODE, "stop", "stop_use"), event(2, CODE, "withdrawal"), event(3, CODE, "lift", "stop_use"))
    masters = {"stop_use": "gateway", "correction": "gateway"}
    assert faults(*rows, masters=masters) == [(1, "event", "master"), (3, "event", "master")]


def test_a_kind_that_the_core_system_is_master_of_is_refused_to_staff():
    for kind in EVENT_KINDS:
        check_staff({}, kind)
        check_staff({kind: "gateway"}, kind)
        with pytest.raises(Refused) as refused:
            check_staff({kind: "core"}, kind)
        assert refused.value.rule == "master"
        assert imports({kind: "core"}, kind)


HEADING = ",".join(COLUMNS)
GOOD = csv_of([event(1, CODE, "stop", "stop_use")])


@pytest.mark.parametrize(
    ("data", "form", "encoding", "rule"),
    [
        (b"", "csv", "utf-8", "file:columns"),
        (GOOD.partition(b"#total")[0], "csv", "utf-8", "file:total"),
        (GOOD.replace(b"#total,1", b"#total,2"), "csv", "utf-8", "file:total"),
        (GOOD.replace(b"#total,1", b"#total,one"), "csv", "utf-8", "file:total"),
        (GOOD + b"ev-2,00000102,correction,,,,,\r\n", "csv", "utf-8", "file:total"),
        (GOOD.replace(b"member_code", b"code"), "csv", "utf-8", "file:columns"),
        (GOOD.replace(b"member_code", b"event"), "csv", "utf-8", "file:columns"),
        (b"event_id,event\r\n#total,0\r\n", "csv", "utf-8", "file:columns"),
        (GOOD.partition(b"\r\n")[2], "csv", "utf-8", "file:columns"),
        (GOOD.replace(b"stop_use", b'"stop_use'), "csv", "utf-8", "file:form"),
        (GOOD.replace(b"stop_use", "停止".encode("cp932")), "csv", "utf-8", "file:encoding"),
        (GOOD.replace(b"stop_use", b"\x81\x20"), "csv", "cp932", "file:encoding"),
        (GOOD.replace(b"#total", "#reason,夜間\r\n#total".encode()), "csv", "cp932", "file:encoding"),
        (GOOD.replace(b"#total", b"#reason,a\r\n#reason,b\r\n#total"), "csv", "utf-8", "file:reason"),
        (GOOD.replace(b"#total", b"#reason,\r\n#reason,b\r\n#total"), "csv", "utf-8", "file:reason"),
        (b"x" * (LARGEST + 1), "csv", "utf-8", "file:size"),
        ((HEADING + "\n" + f"e,{CODE},correction,,,,,\n" * (MOST + 1)).encode(), "csv", "utf-8", "file:size"),
        (b"[]", "json", "utf-8", "file:form"),
        (b'{"events":[],"events":[],"total":0}', "json", "utf-8", "file:form"),
        (b'{"events":[]}', "json", "utf-8", "file:total"),
        (b'{"events":[{}],"total":2}', "json", "utf-8", "file:total"),
        (b'{"events":[],"total":true}', "json", "utf-8", "file:total"),
        (b'{"events":{},"total":0}', "json", "utf-8", "file:columns"),
        (b'{"events":[],"total":0,"by":"x"}', "json", "utf-8", "file:columns"),
        (b'{"events":[],"total":0,"reason":1}', "json", "utf-8", "file:columns"),
    ],
)
def test_a_file_that_is_cut_or_of_another_form_is_refused_whole(data: bytes, form: Form, encoding: Encoding, rule: str):
    with pytest.raises(Refused) as refused:
        read(data, form=form, encoding=encoding)
    assert refused.value.rule == rule
    assert CODE not in str(refused.value)


def test_mixed_encodings_are_told_by_the_line():
    data = GOOD.replace(b"#total", "髙".encode("cp932") + b",,,,,,,\r\n#total")
    with pytest.raises(Refused, match="line 3 is not utf-8"):
        read(data, form="csv")


def test_a_second_reason_is_told_by_its_line():
    data = GOOD.replace(b"#total", b"#reason,a\r\n#reason,b\r\n#total")
    with pytest.raises(Refused, match="line 4: there is a reason already") as refused:
        read(data, form="csv")
    assert "4行目: 理由の行が2つあります" in refused.value.ja


def test_rows_of_other_shapes_are_told_and_the_others_read():
    data = f"{HEADING}\r\nev-1,{CODE}\r\n\r\nev-2,{CODE},correction,,,,,\r\n#total,2,,,,,,\r\n".encode("utf-8-sig")
    found = check(read(data, form="csv").rows, snapshot=SNAPSHOT, masters={}, now=NOW)
    assert ([one.id for one in found.events], [(one.row, one.rule) for one in found.faults]) == (
        ["ev-2"],
        [(1, "cells")],
    )
    events = [
        5,
        {"event_id": 1},
        {"name": "x"},
        {"event_id": "a", "member_code": CODE, "event": "correction", "at": None},
    ]
    told = read(json.dumps({"events": events, "total": 4}).encode(), form="json")
    found = check(told.rows, snapshot=SNAPSHOT, masters={}, now=NOW)
    assert [(one.row, one.rule) for one in found.faults] == [(1, "object"), (2, "text"), (3, "column")]
    assert [one.id for one in found.events] == ["a"]


def test_the_control_total_may_be_told_beside_the_file_and_must_agree():
    without = GOOD.partition(b"#total")[0]
    assert len(read(without, form="csv", count=1).rows) == 1
    for data, count in ((without, 2), (GOOD, 2)):
        with pytest.raises(Refused, match="control total"):
            read(data, form="csv", count=count)


def test_both_forms_and_encodings_tell_the_same():
    one = event(1, CODE, "stop", "stop_use", ground="offer")
    plain = {name: value or None for name, value in one.items()}
    told = read(json.dumps({"events": [plain], "total": 1, "reason": "夜間"}).encode(), form="json")
    assert told.rows == read(csv_of([one]), form="csv").rows
    text = csv_of([one]).decode().replace("#total", "#reason,夜間の連携、臨時\r\n#total").encode("cp932")
    again = read(text, form="csv", encoding="cp932")
    assert (again.rows, again.reason, told.reason) == (told.rows, "夜間の連携、臨時", "夜間")


def test_every_fault_has_its_mend_in_both_languages():
    assert all(ja and en and ja != en for ja, en in WORDS.values())


EVENTS = st.builds(
    MemberEvent,
    id=st.just("e"),
    code=st.sampled_from("abc"),
    happening=st.sampled_from(("stop", "lift", "withdrawal", "correction")),
    kind=st.sampled_from(("stop_use", "stop_provide")),
    partner=st.sampled_from((None, "p")),
    ground=st.sampled_from((None, *GROUND_IDS[:2])),
).map(
    lambda one: (
        one if one.happening in {"stop", "lift"} else MemberEvent(id="e", code=one.code, happening=one.happening)
    )
)


@given(st.lists(EVENTS, max_size=12), st.lists(EVENTS, max_size=12))
def test_one_import_leaves_what_its_events_leave_one_by_one(before: list[MemberEvent], events: list[MemberEvent]):
    """However events are put together in a file, the same stops stand after it as if each had come alone."""
    clock, tags = SettableClock(), {code: code.encode() for code in "abc"}

    def after(*portions: list[MemberEvent]) -> dict[bytes, set[tuple[str, str | None]]]:
        snapshot = Snapshot(coop="c")
        for index, portion in enumerate(portions):
            for effect in effects_of(portion, tags, clock()):
                snapshot = apply(snapshot, index, effect, _no_policy)
        return {tag: {(one.kind, one.partner) for one in stops} for tag, stops in snapshot.restrictions.items()}

    assert after(before, events) == after(*([one] for one in (*before, *events)))


def _no_policy(document: bytes, digest: str) -> Any:
    raise AssertionError
