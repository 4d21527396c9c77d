"""The synthetic members: the same from the same seed, consistent in themselves, and nobody who could exist."""

import re
import unicodedata
from datetime import date, datetime, timedelta

import pytest

from gateway.core.days import JST, jst_day
from gateway.demo.awkward import AWKWARD, CHANGES
from gateway.demo.names import FEMALE, MALE, SURNAMES, half_width
from gateway.demo.people import COLUMNS, NOTICE_VERSIONS, make_members
from gateway.demo.places import PLACES, landline, mobile, with_check_digit


@pytest.fixture(scope="module")
def ordinary(members):
    return [member for member in members if member["member_code"] not in CHANGES]


@pytest.fixture(scope="module")
def awkward(members):
    by_code = {member["member_code"]: member for member in members}
    return {label: by_code[code] for label, code in AWKWARD.items()}


def without_as_of(members):
    return [{column: value for column, value in member.items() if column != "as_of"} for member in members]


def test_the_same_seed_and_day_make_the_same_members(members, today):
    assert make_members(today=today) == members


def test_another_seed_makes_other_people_under_the_same_codes(members, today):
    others = make_members(200, seed=1, today=today)
    assert [other["member_code"] for other in others] == [member["member_code"] for member in members[:200]]
    houses = {member["address_line"] for member in members[:200]}
    assert houses.isdisjoint(other["address_line"] for other in others if other["member_code"] != AWKWARD["moved"])


def test_a_larger_population_changes_nobody(members, today):
    assert make_members(300, today=today) == members[:300]


def test_the_calendar_changes_nothing_but_the_confirmation(members, today):
    later = make_members(400, today=today + timedelta(days=400))
    assert without_as_of(later) == without_as_of(members[:400])


def test_there_are_as_many_members_as_asked(members, today):
    assert len(members) == 5000
    assert len(make_members(len(AWKWARD), today=today)) == len(AWKWARD)


@pytest.mark.parametrize("count", [0, len(AWKWARD) - 1, 2_000_000])
def test_a_population_that_cannot_be_made_is_refused(count, today):
    with pytest.raises(ValueError, match="cannot make"):
        make_members(count, today=today)


def test_every_member_has_every_column(members):
    assert {tuple(member) for member in members} == {COLUMNS}


def test_codes_are_eight_digits_in_order_with_leading_zeros_and_gaps(members):
    codes = [member["member_code"] for member in members]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"0[0-9]{7}", code) for code in codes)
    assert "00012345" in codes
    assert "00012346" not in codes


@pytest.mark.parametrize(
    "column", ["member_code", "name", "address_line", "phone", "email", "bank_account", "inquiry_text"]
)
def test_values_that_serve_as_canaries_belong_to_one_member(members, column):
    values = [member[column] for member in members if member[column] is not None]
    assert len(values) == len(set(values))


# ── consistent ──


# JIS X 0402, as published with their check digit
@pytest.mark.parametrize(
    "code",
    ["062031", "131016", "062014", "062049", "064262", "064289", "064611", "011002", "271004", "052141", "042064"],
)
def test_check_digits_are_the_published_ones(code):
    assert with_check_digit(code[:5]) == code


def test_postal_code_municipality_prefecture_and_address_agree(members):
    towns = {
        postal_code: (place.code, f"{place.prefecture}{place.name}{town}")
        for place in PLACES
        for postal_code, town in place.towns
    }
    for member in members:
        code, address = towns[member["postal_code"]]
        assert member["municipality_code"] == code
        assert member["address_line"].startswith(f"{address}0番地 ")


def test_municipality_codes_begin_with_their_prefecture():
    prefectures = {"山形県": "06", "秋田県": "05", "宮城県": "04", "新潟県": "15"}
    assert {place.prefecture for place in PLACES} == set(prefectures)
    assert all(place.code.startswith(prefectures[place.prefecture]) for place in PLACES)


def test_postal_codes_belong_to_one_town():
    codes = [postal_code for place in PLACES for postal_code, _ in place.towns]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch("[0-9]{7}", code) for code in codes)


def test_most_live_in_yamagata_and_some_beyond(members):
    yamagata = sum(member["municipality_code"].startswith("06") for member in members)
    assert 0.9 < yamagata / len(members) < 0.97
    assert {member["municipality_code"] for member in members} == {place.code for place in PLACES}


def test_landlines_have_the_area_code_of_the_home(ordinary):
    area = {place.code: place.area for place in PLACES}
    landlines = [member for member in ordinary if member["phone"] and not re.match("0[789]0", member["phone"])]
    assert len(landlines) > 1000
    assert all(member["phone"].startswith(area[member["municipality_code"]]) for member in landlines)


def test_names_have_the_reading_of_their_parts(ordinary):
    surnames, given = dict(SURNAMES), dict(FEMALE + MALE)
    for member in ordinary:
        family, own = member["name"].split(" ")
        reading = f"{surnames[family]} {given[own]}"
        assert member["name_kana"] in {reading, half_width(reading)}


def test_sex_goes_with_the_given_name_where_it_is_told(ordinary):
    female = {name for name, _ in FEMALE}
    for member in ordinary:
        told = "2" if member["name"].split(" ")[1] in female else "1"
        assert member["sex"] in {told, "9"}
    assert {member["sex"] for member in ordinary} == {"1", "2", "9"}


@pytest.mark.parametrize(
    ("kana", "half"),
    [("タカサキ ハナコ", "ﾀｶｻｷ ﾊﾅｺ"), ("ガッパ ー", "ｶﾞｯﾊﾟ ｰ"), ("ヴ", "ｳﾞ"), ("ジュンイチ", "ｼﾞｭﾝｲﾁ")],
)
def test_half_width_kana_keeps_the_reading(kana, half):
    assert half_width(kana) == half
    assert unicodedata.normalize("NFKC", half) == kana


def test_members_joined_under_the_notice_version_they_carry(members):
    for member in members:
        if member["programmes"] and isinstance(member["programmes"], list):
            joined = member["programmes"][0]["from"]
            assert member["acquired_under"] == max(version for version in NOTICE_VERSIONS if version <= joined)


def test_product_classes_go_with_what_is_used(ordinary):
    for member in ordinary:
        classes = member["product_classes"]
        assert ("G1" in classes) == (member["order_course"] is not None) == (member["delivery_day"] is not None)
        assert ("G2" in classes) == member["kyosai_enrolled"]
        assert ("G3" in classes) == (member["care_level"] is not None)


def test_records_were_confirmed_before_the_day_and_mostly_the_night_before(members, today):
    confirmed = [jst_day(datetime.fromisoformat(member["as_of"])) for member in members]
    assert max(confirmed) == today - timedelta(days=1)
    assert confirmed.count(max(confirmed)) / len(members) > 0.9


def test_every_gate_keeps_some_ordinary_member_back(ordinary):
    assert {member["status"] for member in ordinary} == {"active", "withdrawn", "suspended"}
    assert {stop["kind"] for member in ordinary for stop in member["stops"]} == {
        "stop_use",
        "stop_provide",
        "marketing_stop",
        "protected",
    }
    assert any(not member["programmes"] for member in ordinary)
    assert any(member["acquired_under"] < "2022-04-01" for member in ordinary)
    assert any(member["care_level"] and member["consents"] for member in ordinary)
    assert any(member["care_level"] and not member["consents"] for member in ordinary)


# ── nobody who could exist ──


def test_every_record_says_that_it_is_made_up(members):
    assert all("0番地 見本住宅" in member["address_line"] for member in members)
    assert all(member["email"].endswith("@example.jp") for member in members if member["email"])
    assert all(member["inquiry_text"].startswith("【見本】") for member in members if member["inquiry_text"])


def test_no_telephone_number_can_be_assigned_to_anyone(ordinary):
    # 電気通信番号計画: 070/080/090 are never followed by 0; an exchange never begins with 0.
    for member in ordinary:
        if member["phone"] is not None:
            digits = re.sub(r"[\u2010-]", "", member["phone"])
            assert re.fullmatch(r"0[789]00[0-9]{7}|(0184|0224|0233|0234|0235|0237|0238|0254|023)0[0-9]{5,6}", digits)
            assert len(digits) in {10, 11}


def test_some_telephone_numbers_carry_hyphens_that_look_like_hyphens(ordinary):
    phones = "".join(member["phone"] or "" for member in ordinary)
    assert "\u2010" in phones
    assert "-" in phones


def test_telephone_numbers_are_grouped_as_they_are_written():
    assert landline("0235", number=1234, hyphen="\u2010") == "0235\u201000\u20101234"
    assert landline("023", number=1234, hyphen="-") == "023-000-1234"
    assert mobile("090", number=1234, hyphen="-") == "090-0000-1234"


# ── awkward ──


def test_awkward_members_are_unusual_in_their_own_way_only(awkward):
    for label, member in awkward.items():
        usual = {
            "status": "active",
            "stops": [],
            "acquired_under": "2022-04-01",
            "municipality_code": "062031",
        }
        kept = {column: member[column] for column in usual if column not in CHANGES[AWKWARD[label]]}
        assert kept.items() <= usual.items(), label


@pytest.mark.parametrize(
    ("label", "characters"),
    [("takasaki", "髙﨑"), ("yoshino", "\U00020bb7野"), ("watanabe", "渡\u908a"), ("gaiji", "\ue000")],
)
def test_names_keep_the_characters_that_encodings_lose(awkward, label, characters):
    assert characters in awkward[label]["name"]


def test_awkward_members_are_what_their_label_says(awkward, today):
    assert awkward["leading_zeros"]["member_code"] == "00000007"
    assert awkward["half_width_kana"]["name_kana"] == "ﾃﾞﾜ ﾂｷｺ"
    assert awkward["withdrawn"]["status"] == "withdrawn"
    assert awkward["suspended"]["status"] == "suspended"
    assert awkward["moved"]["status"] == "active"
    assert awkward["moved"]["municipality_code"].startswith("05")
    assert awkward["outside_programme"]["programmes"] == []
    assert awkward["programme_ended"]["programmes"][0]["to"] < today.isoformat()
    assert awkward["notice_2018"]["acquired_under"] == "2018-03-08"
    assert awkward["notice_2021"]["acquired_under"] == "2021-06-01"
    assert awkward["null_phone"]["phone"] is None
    assert awkward["null_name"]["name"] is None
    assert isinstance(awkward["malformed"]["phone"], int)
    assert isinstance(awkward["malformed_fact"]["programmes"], str)
    assert awkward["leap_day"]["birth_date"].endswith("-02-29")
    assert today.year - date.fromisoformat(awkward["over_90"]["birth_date"]).year > 90
    assert awkward["child_household"]["child_birth_date"] is not None
    assert awkward["care_consent"]["consents"][0]["fields"] == ["care_level"]
    assert awkward["no_delivery"]["product_classes"] == []


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("restricted", "stop_provide"),
        ("stop_use", "stop_use"),
        ("marketing_stop", "marketing_stop"),
        ("protected", "protected"),
    ],
)
def test_stops_stand_in_the_record_and_have_begun(awkward, today, label, kind):
    (stop,) = awkward[label]["stops"]
    assert stop["kind"] == kind
    assert datetime.fromisoformat(stop["from"]) < datetime(today.year, today.month, today.day, tzinfo=JST)
    assert stop["to"] is None


def test_the_stale_member_stays_stale_whatever_the_day(today):
    (stale,) = (m for m in make_members(len(AWKWARD), today=today) if m["member_code"] == AWKWARD["stale"])
    assert jst_day(datetime.fromisoformat(stale["as_of"])) == date(2024, 3, 1)
