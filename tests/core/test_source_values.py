"""How a database's and a file's values are read: strictly, column by column, as the JSON service would have answered."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from gateway.core.rows import CODE, plan_rows
from gateway.core.sources.source_map import SourceMap, ValueForm
from gateway.core.sources.values import reader_of, readers, records, stored_as
from tests import factories as make

DAYS: list[tuple[ValueForm, Any, date]] = [
    (ValueForm(), "2026-11-22", date(2026, 11, 22)),
    (ValueForm(), "2026-11-22 00:00:00", date(2026, 11, 22)),
    (ValueForm(), date(2026, 11, 22), date(2026, 11, 22)),
    (ValueForm(), datetime(2026, 11, 22), date(2026, 11, 22)),  # noqa: DTZ001  # what Oracle's driver gives
    (ValueForm(form="yyyymmdd"), "20261122", date(2026, 11, 22)),
    (ValueForm(form="yyyymmdd"), 20261122, date(2026, 11, 22)),
    (ValueForm(form="yyyymmdd"), Decimal(20261122), date(2026, 11, 22)),
    (ValueForm(form="yyyy/mm/dd"), "2026/11/22", date(2026, 11, 22)),
    (ValueForm(form="wareki_gyymmdd"), "R081122", date(2026, 11, 22)),
    (ValueForm(form="wareki_gyymmdd"), "R010501", date(2019, 5, 1)),
    (ValueForm(form="wareki_gyymmdd"), "H310430", date(2019, 4, 30)),
    (ValueForm(form="wareki_gyymmdd"), "H010108", date(1989, 1, 8)),
    (ValueForm(form="wareki_gyymmdd"), "S640107", date(1989, 1, 7)),
    (ValueForm(form="wareki_gyymmdd"), "S011225", date(1926, 12, 25)),
    (ValueForm(form="wareki_gyymmdd"), "T151225", date(1926, 12, 25)),
    (ValueForm(form="wareki_gyymmdd"), "T010730", date(1912, 7, 30)),
    (ValueForm(form="wareki_gyymmdd"), "M450730", date(1912, 7, 30)),
    (ValueForm(form="wareki_gyymmdd"), "M060101", date(1873, 1, 1)),
    (ValueForm(form="wareki_gyymmdd", eras={"3": "showa", "5": "reiwa"}), "3590522", date(1984, 5, 22)),
    (ValueForm(form="wareki_gyymmdd", eras={"5": "reiwa"}), 5081122, date(2026, 11, 22)),
    (ValueForm(form="wareki_yymmdd", era="showa"), "590229", date(1984, 2, 29)),
    (ValueForm(form="wareki_yymmdd", era="reiwa"), 80503, date(2026, 5, 3)),
]


@pytest.mark.parametrize(("form", "written", "day"), DAYS)
def test_a_day_is_read_as_its_form_has_it(form: ValueForm, written: Any, day: date) -> None:
    assert reader_of("date", form)(written) == day
    assert reader_of("as_of", form)(written) == datetime(
        day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=9))
    )


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (ValueForm(), "20261122"),
        (ValueForm(), "2026-W47-7"),
        (ValueForm(), "2026-11-31"),
        (ValueForm(), "2026-11-22T09:00:00"),
        (ValueForm(), "2026-11-22\n"),
        (ValueForm(), "\uff12\uff10\uff12\uff16-11-22"),
        (ValueForm(), 20261122),
        (ValueForm(), True),
        (ValueForm(), b"2026-11-22"),
        (ValueForm(), datetime(2026, 11, 22, 9)),  # noqa: DTZ001  # a time of day is no day
        (ValueForm(), datetime(2026, 11, 22, tzinfo=UTC)),
        (ValueForm(form="yyyymmdd"), "00000000"),
        (ValueForm(form="yyyymmdd"), -1),
        (ValueForm(form="yyyy/mm/dd"), "2026/1/5"),
        (ValueForm(form="wareki_gyymmdd"), "H310601"),  # 平成31年 ended in April
        (ValueForm(form="wareki_gyymmdd"), "H010107"),
        (ValueForm(form="wareki_gyymmdd"), "S640108"),
        (ValueForm(form="wareki_gyymmdd"), "R010430"),
        (ValueForm(form="wareki_gyymmdd"), "R000501"),
        (ValueForm(form="wareki_gyymmdd"), "M051202"),  # another calendar
        (ValueForm(form="wareki_gyymmdd"), "5081122"),  # no digit stands for an era that is not named
        (ValueForm(form="wareki_gyymmdd"), "081122"),
        (ValueForm(form="wareki_yymmdd", era="showa"), "650101"),
        (ValueForm(form="wareki_yymmdd", era="showa"), "S590229"),
    ],
)
def test_a_day_of_another_form_is_refused_and_never_told(form: ValueForm, written: Any) -> None:
    with pytest.raises(ValueError) as told:
        reader_of("date", form)(written)
    assert str(written) not in str(told.value)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-21T14:30:00Z", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("2026-11-21T23:30:00+09:00", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("2026-11-21 23:30:00", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("2026-11-22 00:00:00", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        (datetime(2026, 11, 21, 23, 30), datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),  # noqa: DTZ001  # a column without zone
        (datetime(2026, 11, 21, 14, 30, tzinfo=UTC), datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        (date(2026, 11, 22), datetime(2026, 11, 21, 15, tzinfo=UTC)),
    ],
)
def test_an_instant_without_a_zone_is_japans(written: Any, instant: datetime) -> None:
    assert reader_of("as_of")(written) == instant


@pytest.mark.parametrize("written", ["2026-11-21 25:00:00", "昨日", 1_763_735_400, b"", "2026-11-21T14Z"])
def test_no_instant_is_refused(written: Any) -> None:
    with pytest.raises(ValueError):
        reader_of("as_of")(written)


def test_yes_and_no() -> None:
    plain, told = reader_of("boolean"), reader_of("boolean", ValueForm(true=("加入", "1"), false=("未加入", "9")))
    assert [plain(one) for one in (True, False, 1, 0, "1", "0", "true", "false", None, "")] == [
        *[True, False] * 4,
        None,
        None,
    ]
    assert [told(one) for one in ("加入", "未加入", 1, 9, True)] == [True, False, True, False, True]
    for reader, wrong in ((plain, "Y"), (plain, 2), (plain, 1.0), (told, "0"), (told, 0), (told, "true")):
        with pytest.raises(ValueError):
            reader(wrong)


def test_whole_numbers() -> None:
    whole = reader_of("integer", ValueForm(nulls=("999999",)))
    written = ["00012000", "-5", 7, Decimal("12.00"), 3.0, "999999", 999999, Decimal(999999)]
    assert [whole(one) for one in written] == [12_000, -5, 7, 12, 3, None, None, None]
    for wrong in (
        "+5",
        "1,000",
        "1.0",
        "\uff11\uff12",
        " 5",
        Decimal("1.5"),
        Decimal("NaN"),
        1.5,
        float(2**60),
        True,
        "9" * 19,
    ):
        with pytest.raises(ValueError):
            whole(wrong)


@pytest.mark.parametrize(
    "text",
    ["髙﨑 花子", "𠮷野", "渡邊", "\ue000外字\uf8ff", "ﾀｶｻｷ ﾊﾅｺ", "00000101", "㈱①", " 前後 ", "〜~−-", "か\u3099"],
)
def test_a_text_stays_what_it_is(text: str) -> None:
    assert reader_of("text")(text) == text
    assert reader_of("code")(text) == text


def test_hyphens_and_spaces_between_digits_are_dropped_where_it_is_said_and_nothing_else_is() -> None:
    digits = reader_of("digits", ValueForm(digits=True))
    for written in ("997-0011", "997\uff0d0011", "997\u20100011", "997\u22120011", "997 0011", "997\u30000011"):
        assert digits(written) == "9970011"
        assert reader_of("digits")(written) == written
    for kept in ("-9970011", "9970011-", "997\u30fc0011", "\uff19-\uff17", "A-1"):
        assert digits(kept) == kept


def test_a_number_is_no_text_and_a_code_is_mapped() -> None:
    mapped = reader_of("enum", ValueForm(codes={"M": "1", "2": "2", "true": "9"}))
    assert [mapped(one) for one in ("M", "F", 2, True, None, "")] == ["1", "F", "2", "9", None, None]
    for kind, wrong in (("text", 235001234), ("code", 101), ("enum", Decimal(1)), ("text", b"x"), ("status", True)):
        with pytest.raises(ValueError):
            reader_of(kind, ValueForm())(wrong)  # type: ignore[arg-type]  # a parameter's type is wider
    with pytest.raises(ValueError):
        mapped(3)
    assert stored_as(ValueForm(codes={"M": "1", "m": "1", "2": "9"}), "1") == ("M", "m", "1")
    assert stored_as(ValueForm(codes={"2": "9"}), "2") == ()


def test_a_list_nested_too_deep_to_be_read_is_no_json() -> None:
    deep = "[" * 20_000 + "]" * 20_000
    with pytest.raises(ValueError, match="not JSON"):
        reader_of("consents")(deep)


def test_lists_of_facts() -> None:
    assert reader_of("stops")('[{"kind": "protected", "from": "2026-04-30T15:00:00Z"}]') == [
        {"kind": "protected", "from": "2026-04-30T15:00:00Z"}
    ]
    assert reader_of("stops")("[]") == []
    assert reader_of("consents")("null") is None
    assert reader_of("consents")("") is None
    assert reader_of("programmes")([{"id": "sukusuku"}]) == [{"id": "sukusuku"}]
    split = reader_of("programmes", ValueForm(split="/", codes={"S": "sukusuku"}))
    assert split("S/other") == [{"id": "sukusuku"}, {"id": "other"}]
    assert split(["S"]) == [{"id": "sukusuku"}]
    for reader, wrong in (
        (reader_of("stops"), "sukusuku"),
        (reader_of("stops"), '{"kind": 1}'),
        (reader_of("stops"), 1),
        (split, "S//other"),
        (split, 1),
    ):
        with pytest.raises(ValueError):
            reader(wrong)


def test_a_notice_version_may_stand_as_a_day() -> None:
    assert reader_of("acquired_under")("2022-04-01") == "2022-04-01"
    assert reader_of("acquired_under")(date(2022, 4, 1)) == "2022-04-01"
    assert reader_of("acquired_under", ValueForm(form="wareki_gyymmdd"))("R040401") == "2022-04-01"


def test_one_value_that_cannot_be_read_refuses_its_record_alone() -> None:
    source = SourceMap(
        facts={},
        columns={"birth_date": "生年月日", CODE: "組合員番号"},
        constants={"status": "active", "consents": [], "stops": []},
        values={"生年月日": ValueForm(form="wareki_gyymmdd"), "programmes": ValueForm(split=",")},
    )
    plan = plan_rows([make.FIELDS["birth_date"], make.FIELDS[CODE]], source)
    assert plan.columns == ("acquired_under", "as_of", "programmes", "subject", "生年月日", "組合員番号")
    rest = ("2022-04-01", "2026-11-21T20:00:00Z", "sukusuku", "member")
    lines: list[tuple[Any, ...]] = [
        (*rest, "S591122", "00000101"),
        (*rest, "S650101", "00000102"),
        (*rest, None, "00000103"),
        (*rest, "S591122", 104),
        (*rest, "S591122", "00000105"),
        (*rest, "S650101", "00000105"),
    ]
    rows, refused = plan.take(records(plan, readers(plan), lines))
    assert [(row.code, row.field_birth_date) for row in rows] == [("00000101", date(1984, 11, 22)), ("00000103", None)]
    assert rows[0].fact_programmes[0].id == "sukusuku"
    assert sorted(refused, key=str) == ["00000102", "00000105", None]
