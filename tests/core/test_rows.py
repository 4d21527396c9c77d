"""Reading all records at once gives what reading them one by one would: the same rows, the same refusals."""

from typing import Any

import msgspec
from hypothesis import given, strategies as st

from gateway.core.policy import Field
from gateway.core.rows import field_type, plan_rows
from gateway.core.sources.source_map import SourceMap

common: dict[str, Any] = {"item": "I1", "cls": "ordinary", "ja": "", "en": ""}
FIELDS = (
    Field(id="member_code", type="code", nullable=False, pattern="^[0-9]{3}$", max_length=3, **common),
    Field(id="postal_code", type="digits", nullable=True, length=4, **common),
    Field(id="phone", type="phone", nullable=True, max_length=6, pattern="^[0-9-]{1,6}$", **common),
    Field(id="birth_date", type="date", nullable=True, **common),
)
PLAN = plan_rows(FIELDS, SourceMap(facts={}, columns={}, constants={"stops": [], "subject": "member"}))
FULL_WIDTH, SUPERSCRIPT, ARABIC = "１２３４", "²³⁴⁵", "٠١٢٣"

codes = st.sampled_from(["000", "001", "012", "999", "12", "1234", "00a", "٠١٢", "", "0 1"])
postals = st.sampled_from([None, "9970", "0011", "997", "99700", "997a", FULL_WIDTH, SUPERSCRIPT, ARABIC, "", 9970])
records = st.lists(
    st.fixed_dictionaries(
        {
            "member_code": codes,
            "postal_code": postals,
            "birth_date": st.sampled_from([None, "1984-11-22", "1984-13-01"]),
        },
        optional={"phone": st.sampled_from([None, "0-1", "x", "０１"])},
    ),
    max_size=8,
)


def one_by_one(given_: list[dict[str, Any]]) -> dict[str, Any]:
    """The readable records by code, of those that come once: as each reads alone, every value by its field's own type."""
    rows: dict[str, Any] = {}
    times: dict[str, int] = {}
    for record in given_:
        times[record["member_code"]] = times.get(record["member_code"], 0) + 1
        try:
            for field in FIELDS:
                msgspec.convert(record.get(field.id), field_type(field))
            rows[record["member_code"]] = msgspec.convert(record, PLAN.row)
        except msgspec.ValidationError:
            rows.pop(record["member_code"], None)
    return {code: msgspec.structs.asdict(row) for code, row in rows.items() if times[code] == 1}


@given(records)
def test_all_at_once_reads_as_one_by_one(given_: list[dict[str, Any]]) -> None:
    # A phone is always asked for, so a record without it is malformed.
    expected = one_by_one(given_)
    for rows, refused in (PLAN.read(msgspec.Raw(msgspec.json.encode(given_))), PLAN.take(given_)):
        assert {row.code: msgspec.structs.asdict(row) for row in rows} == expected
        assert {*refused} - {None} == {one["member_code"] for one in given_} - expected.keys()


def test_a_constant_stands_whatever_the_source_sends() -> None:
    sent = {
        "member_code": "001",
        "postal_code": None,
        "phone": None,
        "birth_date": None,
        "stops": None,
        "subject": "staff",
    }
    ((row,), refused) = PLAN.read(msgspec.Raw(msgspec.json.encode([sent])))
    assert (row.fact_stops, row.fact_subject, refused) == ((), "member", [])
    assert "stops" not in PLAN.columns
    assert "\x7f" not in "".join(PLAN.columns)
