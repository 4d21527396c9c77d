"""What a proposed version would change: real entries of a real log asked again, and the same inputs make the same bytes."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway.adapters.log.sqlite import SqliteLog
from gateway.adapters.policy_files.resolve import resolve_bytes
from gateway.control_plane.changes.asked import AT_ONCE, look_back
from gateway.control_plane.changes.preview import Preview, preview
from gateway.control_plane.changes.synthetic import Sampled, Shown, sampled
from gateway.core.identity import pairwise_id
from gateway.core.policy import Policy
from gateway.core.state import Version
from gateway.ports import Told, Unavailable
from gateway.tlog.entries import Counts, Denial, instant
from gateway.tlog.jcs import canonical
from tests import factories as make
from tests.control_plane.asking import COOP, ago, denied, open_log, other_kind, released, say
from tests.house import document_of
from tests.simulators.log import SimulatedLog

EXAMPLES = {
    "member_code": "00012345",
    "name": "髙﨑 花子",
    "birth_date": "1984-11-22",
    "phone": "0235-22-5115",
    "postal_code": "9970011",
    "delivery_day": "2",
}
FIELDS = {name: replace(field, example=EXAMPLES.get(name)) for name, field in make.FIELDS.items()}
BASE = make.policy(fields=FIELDS)
ASKED = {"name": "as_is", "phone": "phone_last4"}
SINCE = ago(days=30)


def proposing(**changes: Any) -> Policy:
    agreement = make.agreement(grants=(make.grant(**changes),))
    return make.policy(fields=FIELDS, agreements={"a-1": agreement}, digest="1" * 64)


WIDER = proposing(fields={**make.grant().fields, "phone": "as_is", "postal_code": "postal_3", "name": "drop"})


class Holding:
    """How many members' data each partner holds, and what was asked about it."""

    def __init__(self, number: int = 1234) -> None:
        self.number = number
        self.asked: list[tuple[str, str, str]] = []

    async def __call__(self, partner: str, agreement: str, purpose: str) -> int:
        self.asked.append((partner, agreement, purpose))
        return self.number


@pytest.fixture
async def log(sqlite_url: str) -> AsyncIterator[SqliteLog]:
    async with open_log(sqlite_url) as made:
        yield made


async def previewed(log: Any, policy: Policy = WIDER, **changes: Any) -> Preview:
    values: dict[str, Any] = {"findings": (), "held": Holding(), "now": make.NOON, **changes}
    return await preview(log, values.pop("snapshot", make.snapshot(BASE)), policy, **values)


# ── what was asked ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_requests_of_the_period_become_distinct_questions(log: SqliteLog) -> None:
    await say(
        log,
        released(ASKED, at=ago(days=31)),
        released(ASKED, at=ago(days=29)),
        other_kind(),
        released(ASKED, counts=Counts(asked=5, released=5)),
        released(ASKED, case="C-1"),
        denied(["phone", "name"], "agreement:a-1:overdue"),
    )
    looked, asked = await look_back(log, COOP, since=SINCE)
    assert (looked.size, looked.entries, looked.cut, looked.questions, looked.left_out) == (6, 6, False, 2, 0)
    assert looked.since == looked.reached == instant(SINCE)
    assert [(q.fields, q.case, q.requests, q.asked, q.released) for q in asked] == [
        (("name", "phone"), False, 3, 25, 13),
        (("name", "phone"), True, 1, 10, 8),
    ]


async def test_what_the_log_tells_too_little_of_is_no_question(log: SqliteLog) -> None:
    summary = Denial(coop=COOP, time=instant(make.NOON), partner="sunnet", client="c-1", summary={"rate-limited": 9})
    await say(
        log,
        summary,
        denied([], "request:fields:unknown"),
        denied(["name"], "request:purpose:mismatch"),
        denied(["name"], "notice:P4:not_stated", counts=None),
    )
    assert (await look_back(log, COOP, since=SINCE))[1] == ()


async def test_a_page_that_gave_the_code_as_it_is_may_not_have_asked_for_it(log: SqliteLog) -> None:
    await say(
        log,
        released({"member_code": "as_is", "name": "as_is"}, page=True),
        released({"member_code": "as_is"}, page=True),
        released({"member_code": "pairwise_id", "name": "as_is"}, page=True),
        denied(["name"], "grant:name:not_granted", counts=Counts(asked=0)),
    )
    _, asked = await look_back(log, COOP, since=SINCE)
    assert all(one.page for one in asked)
    assert sorted((one.fields, one.requests) for one in asked) == [
        (("member_code",), 1),
        (("member_code", "name"), 1),
        (("name",), 2),
    ]


async def test_reading_ends_where_the_period_begins(log: SqliteLog) -> None:
    await say(log, *(released(ASKED, at=ago(days=40)) for _ in range(AT_ONCE + 5)))
    await say(log, released(ASKED))
    looked, asked = await look_back(log, COOP, since=SINCE)
    assert (looked.size, looked.entries, looked.cut) == (AT_ONCE + 6, AT_ONCE, False)
    assert [one.requests for one in asked] == [1]


async def test_what_was_cut_short_is_said(log: SqliteLog) -> None:
    await say(log, *(released(ASKED, at=ago(hours=9 - hour)) for hour in range(9)))
    looked, asked = await look_back(log, COOP, since=SINCE, most=4)
    assert (looked.entries, looked.cut) == (4, True)
    # An entry may be dated 30 seconds before an earlier one: only after that is the period surely whole.
    assert looked.reached == instant(ago(hours=4) + timedelta(seconds=30))
    assert [one.requests for one in asked] == [4]


async def test_the_questions_asked_least_are_left_out(log: SqliteLog) -> None:
    await say(log, released({"name": "as_is"}), released(ASKED), released(ASKED))
    looked, asked = await look_back(log, COOP, since=SINCE, most_questions=1)
    assert (looked.questions, looked.left_out) == (2, 1)
    assert [one.fields for one in asked] == [("name", "phone")]


async def test_nothing_is_read_of_no_entry_and_nothing_is_made_up(log: SqliteLog) -> None:
    looked, asked = await look_back(log, COOP, since=SINCE)
    assert (looked.size, looked.entries, looked.cut, asked) == (0, 0, False, ())
    with pytest.raises(ValueError, match="at least one"):
        await look_back(log, COOP, since=SINCE, most=0)


# ── the preview ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_it_tells_who_would_newly_receive_what(log: SqliteLog) -> None:
    await say(log, released(ASKED), denied(["name", "postal_code"], "grant:postal_code:not_granted"))
    held = Holding()
    made = await previewed(log, held=held)
    assert [(d.sign, d.path[-1], d.before, d.after, d.wider) for d in made.differences] == [
        ("~", "name", "as_is", "drop", False),
        ("~", "phone", "phone_last4", "as_is", True),
        ("+", "postal_code", None, "postal_3", True),
    ]
    assert [(r.partner, r.agreement, r.purpose, r.fields, r.held) for r in made.receives] == [
        ("sunnet", "a-1", "P4", ("phone", "postal_code"), 1234)
    ]
    assert held.asked == [("sunnet", "a-1", "P4")]
    assert [(e.field, e.outcome, e.before, e.after, e.members) for e in made.replayed.fields] == [
        ("name", "withheld", "as_is", None, 8),
        ("phone", "changed", "phone_last4", "as_is", 8),
        ("postal_code", "released", None, "postal_3", 10),
    ]
    assert [(t.allowed, t.reasons) for t in made.replayed.turned] == [(True, ("grant:postal_code:not_granted",))]
    assert (made.policy, made.base, made.before, made.gov) == ("1" * 64, "0" * 64, "0" * 64, 5)


async def test_the_same_inputs_make_the_same_bytes(log: SqliteLog) -> None:
    told = [
        Told(file=file, line=1, severity="warning", rule="r", ja="注意", en="note") for file in ("b.yaml", "a.yaml")
    ]
    await say(log, released(ASKED), released({"name": "as_is"}), denied(["phone"], "grant:phone:not_granted"))
    one = await previewed(log, findings=told)
    turned = replace(
        WIDER,
        fields=dict(reversed([*FIELDS.items()])),
        decisions=tuple(reversed(WIDER.decisions)),
    )
    two = await previewed(log, turned, findings=[*reversed(told)])
    assert one.canonical() == two.canonical()
    assert one.digest == hashlib.sha256(one.canonical()).hexdigest()
    assert Preview.from_bytes(one.canonical()) == one
    assert one.canonical() == canonical(json.loads(one.canonical()))
    assert [finding.file for finding in one.findings] == ["a.yaml", "b.yaml"]
    await say(log, released(ASKED))
    assert (await previewed(log, findings=told)).digest != one.digest


async def test_the_version_in_force_changes_nothing(log: SqliteLog) -> None:
    await say(log, released(ASKED))
    held = Holding()
    made = await previewed(log, BASE, held=held)
    assert (made.differences, made.receives, made.grants, held.asked) == ((), (), (), [])
    assert {one.outcome for one in made.replayed.fields} == {"unchanged"}


async def test_the_first_version_is_compared_with_nothing(log: SqliteLog) -> None:
    made = await previewed(log, snapshot=make.snapshot(versions=(), partners={}), held=Holding(0))
    assert (made.base, made.before) == (None, None)
    assert {one.sign for one in made.differences} == {"+"}
    assert [(one.before, one.after is None) for one in made.grants] == [(None, False)]


async def test_a_later_version_is_compared_with_what_would_be_in_force_then(log: SqliteLog) -> None:
    await say(log, released(ASKED))
    begins = make.NOON + timedelta(days=2)
    between = Version(effective=make.NOON + timedelta(days=1), index=6, policy=replace(WIDER, digest="2" * 64))
    snapshot = make.snapshot(BASE, versions=(*make.snapshot(BASE).versions, between))
    made = await previewed(log, snapshot=snapshot, effective=begins)
    assert (made.before, made.base, made.differences) == ("2" * 64, "2" * 64, ())
    assert (made.made, made.at) == (instant(make.NOON), instant(begins))
    now = await previewed(log, snapshot=snapshot, effective=ago(days=1))
    assert (now.before, now.base, now.at) == ("0" * 64, "2" * 64, instant(make.NOON))
    assert now.differences


async def test_the_policy_of_another_coop_is_refused(log: SqliteLog) -> None:
    with pytest.raises(ValueError, match="propose it there"):
        await previewed(log, make.policy(coop="coopdeli"))


async def test_without_the_log_there_is_no_preview(log: SqliteLog) -> None:
    simulated = SimulatedLog(log)
    simulated.down = "the database is away"
    with pytest.raises(Unavailable):
        await previewed(simulated)


async def test_nothing_is_written(log: SqliteLog) -> None:
    await say(log, released(ASKED))
    simulated = SimulatedLog(log)
    await previewed(simulated)
    assert set(simulated.calls) == {"head", "entries"}


# ── the made-up member ────────────────────────────────────────────────────────────────────────────────────────────


def shown(transform: str, value: object) -> Shown:
    return msgspec.convert({"transform": transform, "value": value}, Shown)


async def test_a_made_up_member_is_shown_before_and_after(log: SqliteLog) -> None:
    (changed,) = (await previewed(log)).grants
    assert (changed.partner, changed.agreement, changed.grant) == ("sunnet", "a-1", "delivery")
    assert changed.before is not None
    assert changed.after is not None
    assert "name" not in changed.after[0].split("渡す。")[0]
    member = {one.field: (one.before, one.after) for one in changed.member}
    assert member == {
        "birth_date": (shown("age_band", "40-49"), shown("age_band", "40-49")),
        "delivery_day": (shown("as_is", "2"), shown("as_is", "2")),
        "member_code": (shown("as_is", "00012345"), shown("as_is", "00012345")),
        "name": (shown("as_is", "髙﨑 花子"), shown("drop", None)),
        "phone": (shown("phone_last4", "5115"), shown("as_is", "0235-22-5115")),
        "postal_code": (None, shown("postal_3", "997")),
    }


async def test_a_new_and_a_gone_grant_are_shown_on_one_side(log: SqliteLog) -> None:
    other = make.grant(id="other", purpose="P6", fields={"name": "mask", "birth_date": "as_is"})
    policy = make.policy(fields=FIELDS, agreements={"a-1": make.agreement(grants=(other,))}, digest="1" * 64)
    gone, new = (await previewed(log, policy)).grants
    assert (gone.grant, gone.after, {one.after for one in gone.member}) == ("delivery", None, {None})
    assert (new.grant, new.before, {one.before for one in new.member}) == ("other", None, {None})
    assert [one.after for one in new.member] == [shown("as_is", "1984-11-22"), shown("mask", "***")]


def test_no_key_of_the_coop_makes_the_identifier_that_is_shown() -> None:
    grant = make.grant(fields={"member_code": "pairwise_id"})
    today = make.NOON.date()
    (one,) = sampled(BASE, grant, BASE, None, partner="sunnet", today=today)
    assert one == Sampled(
        field="member_code",
        ja="member_code",
        en="member_code",
        before=shown("pairwise_id", pairwise_id(bytes(32), COOP, "sunnet", "00012345")),
        after=None,
    )


def test_an_example_of_another_type_shows_nothing() -> None:
    fields = {**FIELDS, "birth_date": replace(FIELDS["birth_date"], example="昭和")}
    grant = make.grant(fields={"birth_date": "birth_year", "phone": "phone_last4"})
    policy = replace(BASE, fields=fields)
    told = sampled(None, None, policy, grant, partner="sunnet", today=make.NOON.date())
    assert [one.after for one in told] == [shown("birth_year", None), shown("phone_last4", "5115")]


async def test_the_published_files_can_be_previewed(log: SqliteLog) -> None:
    document = document_of(COOP)
    real = resolve_bytes(document, hashlib.sha256(document).hexdigest())
    made = await previewed(log, real, snapshot=make.snapshot(versions=()), purposes={"P4": ("お届け", "delivery")})
    assert len(made.grants) == sum(len(agreement.grants) for agreement in real.agreements.values())
    assert all(value.after is not None for grant in made.grants for value in grant.member)
    missing = [
        (grant.grant, value.field)
        for grant in made.grants
        for value in grant.member
        if value.after is not None and value.after.value is None and value.after.transform != "drop"
    ]
    assert missing == []
    said = [grant.after[0] for grant in made.grants if grant.after]
    assert any("コープ東北サンネット事業連合に、お届け(P4)のため、G1の" in text for text in said)
    assert Preview.from_bytes(made.canonical()) == made
