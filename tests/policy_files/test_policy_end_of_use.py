"""終了手続: an end of use can only cut a term, and nobody is archived who has not certified what became of the data."""

from datetime import date

import pytest

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve
from gateway.core.changes.comparison import compare
from gateway.core.changes.proposal import owners
from gateway.core.days import Span, days, midnight

SUNNET = "policies/kyoritsusha/agreements/sunnet.yaml"
AGREEMENT = "kyoritsusha-sunnet-01"
ENTITY = "partners/sunnet.yaml"
TERM = "term: {from: 2026-04-01, to: 2027-03-31}"
LIMITS = "    limits: {members_per_day: 20000}"
ERASURE, RETURN = "通則編3-6-3(3)(ウ)", "通則編3-6-3(3)(カ)"


def ended(on="2026-12-31", due="2027-01-31", certificate="null"):
    return f"""    end:
      date: {on}
      procedure: 第12条による終了
      return_erase:
        due: {due}
        certificate: {certificate}
{LIMITS}"""


def certified(on="2027-01-20"):
    return f"{{number: 消去-1, date: {on}, by: 情報管理責任者}}"


def end(room, **how):
    room.edit(SUNNET, LIMITS, ended(**how))


def archive(room, day):
    text = (room.root / ENTITY).read_text()
    room.add(ENTITY, f"{text.rstrip()}\narchived: {day}\n")


def policy_of(room):
    return resolve(load(room.policies, room.partners, "kyoritsusha", samples=True).document)


def errors(room):
    return [one.state for one in room.lint("kyoritsusha") if one.severity == "error"]


@pytest.mark.parametrize(
    ("to", "on", "last"),
    [
        ("2027-03-31", "2026-12-31", date(2026, 12, 31)),
        ("2027-03-31", "2027-03-31", date(2027, 3, 31)),
        ("2027-03-31", "2028-03-31", date(2027, 3, 31)),
        ("null", "2026-12-31", date(2026, 12, 31)),
    ],
    ids=["cut", "the same day", "never longer", "an open term"],
)
def test_the_earlier_of_term_and_end_governs(room, to, on, last):
    room.edit(SUNNET, TERM, TERM.replace("2027-03-31", to))
    before = policy_of(room)
    end(room, on=on, due="2028-04-30")
    assert errors(room) == []
    after = policy_of(room)
    assert after.agreements[AGREEMENT].term == days(date(2026, 4, 1), last)
    assert not any(one.wider for one in compare(before, after))


def test_the_record_of_the_end_is_a_difference_and_its_owners(room):
    end(room)
    before = policy_of(room)
    room.edit(SUNNET, "certificate: null", f"certificate: {certified()}")
    after = policy_of(room)
    (one,) = compare(before, after)
    assert (one.sign, one.path[-1], one.wider) == ("~", "end", False)
    assert "消去-1" in str(one.after)
    assert owners(before, after) == {"宅配事業部": frozenset({AGREEMENT})}


@pytest.mark.parametrize("old", ["secrecy: 第3条", "title: 【見本】共同利用に関する覚書", "result: 適"])
def test_what_the_gates_do_not_read_is_its_owners_too(room, old):
    before = policy_of(room)
    room.edit(SUNNET, old, f"{old}の2")
    after = policy_of(room)
    assert owners(before, after) == {"宅配事業部": frozenset({AGREEMENT})}
    assert [one.wider for one in compare(before, after)] == [False]


def test_an_end_before_its_beginning_is_refused_in_its_place(room, expect):
    end(room, on="2026-03-31")
    expect("end_before_begin", SUNNET, "      date: 2026-03-31", RETURN, says=AGREEMENT)
    assert not policy_of_draft(room)


@pytest.mark.parametrize(
    ("how", "needle"),
    [({"due": "2026-12-30"}, "        due:"), ({"certificate": certified("2026-12-30")}, "certificate:")],
    ids=["due", "certified"],
)
def test_nothing_is_erased_before_the_use_has_ended(room, expect, how, needle):
    end(room, **how)
    expect("erased_before_end", SUNNET, needle, ERASURE, says=AGREEMENT)


def test_erasure_is_due_after_the_term_that_ended_before_the_end_of_use(room):
    end(room, on="2028-03-31", due="2027-04-30")
    assert errors(room) == []


@pytest.mark.parametrize(
    "how",
    [None, {}, {"certificate": certified("2027-02-02")}],
    ids=["no end", "no certificate", "a certificate of a later day"],
)
def test_a_partner_is_not_archived_without_the_certificate_of_each_agreement(room, expect, how):
    if how is not None:
        end(room, **how)
    archive(room, "2027-02-01")
    one = expect("not_erased", ENTITY, "archived:", ERASURE, says="sunnet")
    assert AGREEMENT in one.message_ja
    assert AGREEMENT in one.mend_en


def test_an_archived_partner_receives_nothing_from_that_day_on(room):
    end(room, certificate=certified())
    before = policy_of(room)
    archive(room, "2027-02-01")
    assert errors(room) == []
    after = policy_of(room)
    assert after.partners["sunnet"].receives == Span(None, midnight(date(2027, 2, 1)))
    assert [(one.path, one.wider) for one in compare(before, after)] == [(("partners", "sunnet", "receives"), False)]
    assert all(one.wider for one in compare(after, before))


def test_a_partner_without_an_agreement_is_archived_at_will(room):
    room.edit("partners/coop-kaihatsu.yaml", "clients: [", "archived: 2026-12-01\nclients: [")
    assert errors(room) == []


def test_a_document_without_these_records_has_the_digest_that_it_had(room):
    plain = load(room.policies, room.partners, "kyoritsusha", samples=True).document
    assert b'"end"' not in plain.canonical()
    assert b"archived" not in plain.canonical()


def policy_of_draft(room):
    files = {
        path.relative_to(room.root).as_posix(): path.read_text()
        for path in sorted([*(room.policies / "kyoritsusha").rglob("*.*"), *room.partners.glob("*.yaml")])
    }
    return CheckedFiles(samples=True).check("kyoritsusha", files).policy
