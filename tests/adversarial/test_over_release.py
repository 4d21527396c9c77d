"""Attack: a partner with a good token and good keys asks for more than it was granted, in every spelling.

Fields, purposes, product classes, populations, other partners' and other co-ops' data: nothing beyond the grant leaves,
and the member system is not even asked.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.core.rows import FACTS
from gateway.demo.awkward import AWKWARD
from gateway.demo.people import COLUMNS
from gateway.ports import Query
from tests.answers import assert_oauth_error, assert_problem
from tests.house import COOP, House
from tests.simulators.partner import Answer, Partner

FIELDS = ["member_code", "name"]
MEMBER = [AWKWARD["takasaki"]]


def record(house: House, code: str) -> dict[str, Any]:
    """What the member system holds of a member, all columns."""
    found = json.loads(house.sources[COOP].table.query([code], COLUMNS))["records"]
    one: dict[str, Any] = found[0]
    return one


# The token: nothing is issued that no grant holds, and every reason has the same answer.

DETAILS: dict[str, Callable[[Partner], dict[str, Any]]] = {
    "a field of no grant of this purpose": lambda p: p.detail("P4", [*FIELDS, "email"]),
    "a financial field": lambda p: p.detail("P4", ["bank_account"]),
    "a special-care field": lambda p: p.detail("P4", ["care_level"]),
    "a field in no catalogue": lambda p: p.detail("P4", ["nickname"]),
    "a gate fact": lambda p: p.detail("P4", ["stops"]),
    "a purpose of no grant": lambda p: p.detail("P8", FIELDS),
    "a purpose that is not stated": lambda p: p.detail("P99", FIELDS),
    "employment": lambda p: p.detail("P13", FIELDS),
    "a product class of no grant": lambda p: p.detail("P4", FIELDS, "G2"),
    "another partner's agreement": lambda p: p.detail("P4", FIELDS, agreement="kyoritsusha-jccu-01"),
    "no such agreement": lambda p: p.detail("P4", FIELDS, agreement="kyoritsusha-sunnet-02"),
    "another co-op": lambda p: p.detail("P4", FIELDS, coop="coopdeli"),
    "no such co-op": lambda p: p.detail("P4", FIELDS, coop="elsewhere"),
    "capitals": lambda p: p.detail("P4", ["Name"]),
    "everything": lambda p: p.detail("P4", ["*"]),
    "a dotted path": lambda p: p.detail("P4", ["name.first"]),
    "an attribute of the machine": lambda p: p.detail("P4", ["__class__"]),
    "a column of the machine": lambda p: p.detail("P4", ["field_name"]),
    "a field twice": lambda p: p.detail("P4", ["name", "name"]),
    "no field": lambda p: p.detail("P4", []),
    "fields as one text": lambda p: p.detail("P4", FIELDS, fields="name"),
    "a field that is an object": lambda p: p.detail("P4", FIELDS, fields=[{"name": "as_is"}]),
    "a member that does not belong": lambda p: p.detail("P4", FIELDS, members=MEMBER),
    "another action": lambda p: p.detail("P4", FIELDS, actions=["write"]),
    "two actions": lambda p: p.detail("P4", FIELDS, actions=["read", "read"]),
    "another type": lambda p: p.detail("P4", FIELDS, type="urn:other"),
    "a lower-case purpose": lambda p: p.detail("p4", FIELDS),
    "a purpose with a use": lambda p: p.detail("P4.guide", FIELDS),
    "null": lambda p: p.detail("P4", FIELDS, product=None),
}


@pytest.mark.parametrize("attack", DETAILS)
async def test_no_token_is_issued_for_more_than_is_granted(house: House, sunnet: Partner, attack: str) -> None:
    await sunnet.token("P4", FIELDS)
    before = await house.entries()
    response = await sunnet.ask_token(DETAILS[attack](sunnet))
    assert_oauth_error(response, "invalid_authorization_details")
    assert response.json()["error_description"] == "The authorization_details are not granted."
    assert await house.entries() == before


@pytest.mark.parametrize(
    "details",
    [
        "[]", "{}", "null", "", "[", "[{}]", "[[]]", '["x"]', "[1]",
        '[{"type":"urn:joint-use:member-data","type":"urn:joint-use:member-data"}]',
        "TWICE",
    ],
)  # fmt: skip
async def test_a_token_is_for_exactly_one_detail(sunnet: Partner, details: str) -> None:
    await sunnet.token("P4", FIELDS)
    one = sunnet.detail("P4", FIELDS)
    text = json.dumps([one, one]) if details == "TWICE" else details
    response = await sunnet.ask_token(one, authorization_details=text)
    assert_oauth_error(response, "invalid_authorization_details")


async def test_a_token_without_a_product_class_releases_nothing(house: House, sunnet: Partner) -> None:
    """The notice defines classes, so a request must name one; the refusal is an entry."""
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER, None), "not-permitted")
    assert (await house.denial()).reasons == ["notice:2022-04-01:product_required"]
    token = await sunnet.token("P4", FIELDS, None)
    assert_problem(await sunnet.post(sunnet.request("P4", FIELDS, members=MEMBER), token), "not-permitted")
    assert (await house.denial()).reasons == ["request:product:mismatch"]


# The request: what the token is not for.

SPELLINGS: dict[str, str] = {
    "capitals": "Name",
    "all capitals": "NAME",
    "everything": "*",
    "a pattern": "na*e",
    "a dotted path": "name.kana",
    "a path": "name/kana",
    "an index": "name[0]",
    "an attribute of the machine": "__class__",
    "a method of the machine": "__dict__",
    "a blank before": " name",
    "a blank behind": "name ",
    "a line feed behind": "name\n",
    "a zero byte": "name\0",
    "full width": "ｎａｍｅ",
    "a look-alike": "nаme",  # а is Cyrillic
    "a ligature": "oﬃce",
    "an empty name": "",
    "a statement": "name'; DROP TABLE log_entry; --",
    "a format": "{name}",
    "a path to a file": "../name",
    "too long": "n" * 65,
}


@pytest.mark.parametrize("attack", SPELLINGS)
async def test_a_field_has_one_spelling(house: House, sunnet: Partner, attack: str) -> None:
    token = await sunnet.token("P4", FIELDS)
    request = sunnet.request("P4", ["name", SPELLINGS[attack]], members=MEMBER)
    response = await sunnet.post(request, token)
    assert_problem(response, "malformed", pointer="/fields/1")
    assert SPELLINGS[attack] == "" or SPELLINGS[attack] not in response.text
    assert (await house.denial()).reasons == ["request:fields:malformed"]
    assert (await house.denial()).fields == []
    assert house.sources[COOP].asked == []


@pytest.mark.parametrize(
    "field", [*sorted({*FACTS, "product_classes", "code", "field_name", "fact_status", "nickname"})]
)
async def test_a_field_in_no_catalogue_is_malformed_not_denied(house: House, sunnet: Partner, field: str) -> None:
    """Columns that the gates read are no fields; nor are the names that the gateway gives to columns."""
    token = await sunnet.token("P4", FIELDS)
    response = await sunnet.post(sunnet.request("P4", ["name", field], members=MEMBER), token)
    assert_problem(response, "malformed", pointer="/fields/1")
    assert (await house.denial()).reasons == ["request:fields:unknown"]
    assert house.sources[COOP].asked == []


@pytest.mark.parametrize("field", ["phone", "email", "birth_date", "bank_account", "care_level", "child_birth_date"])
async def test_a_catalogue_field_beyond_the_token_is_denied_whatever_it_is(
    house: House, sunnet: Partner, field: str
) -> None:
    token = await sunnet.token("P4", FIELDS)
    response = await sunnet.post(sunnet.request("P4", [*FIELDS, field], members=MEMBER), token)
    assert_problem(response, "not-permitted")
    assert (await house.denial()).reasons == ["request:fields:mismatch"]
    assert house.sources[COOP].asked == []


async def test_one_ungranted_field_denies_the_whole_request(house: House, sunnet: Partner) -> None:
    """The grant narrows while the token is still good: the next request is decided under what is in force."""
    fields = ["name", "phone", "postal_code"]
    assert (await sunnet.ask("P4", fields, MEMBER)).status_code == 200

    def narrow(document: dict[str, Any]) -> None:
        del document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["delivery"]["fields"]["phone"]

    await house.publish(change=narrow)
    asked = len(house.sources[COOP].asked)
    assert_problem(await sunnet.ask("P4", fields, MEMBER), "not-permitted")
    assert (await house.denial()).reasons == ["grant:phone:not_granted"]
    assert len(house.sources[COOP].asked) == asked


async def test_the_entry_tells_the_transforms_in_force_when_it_was_committed(house: House, sunnet: Partner) -> None:
    """The grant changes in flight to a transform that makes the same of a null: the body stands, the entry does not."""
    source = house.sources[COOP]

    def coarser(document: dict[str, Any]) -> None:
        grant = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["delivery"]
        grant["fields"]["phone"] = "phone_last4"

    async def meanwhile(_: Query) -> None:
        source.hold = None
        await house.publish(change=coarser)

    source.hold = meanwhile
    code = AWKWARD["null_phone"]
    answer = await sunnet.pull("P4", ["phone"], [code])
    assert answer.released == {code: {"phone": None}}
    assert (await house.release()).fields == {"phone": "phone_last4"}
    assert house.signer.signed == 2, "the answer, sealed once, and its receipt"


async def test_a_withdrawn_grant_releases_nothing_under_an_old_token(house: House, sunnet: Partner) -> None:
    assert (await sunnet.ask("P4", FIELDS, MEMBER)).status_code == 200

    def withdraw(document: dict[str, Any]) -> None:
        del document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["delivery"]

    await house.publish(change=withdraw)
    assert_problem(await sunnet.ask("P4", FIELDS, MEMBER), "not-permitted")
    assert (await house.denial()).reasons == ["grant:P4:not_granted"]


async def test_a_wider_grant_does_not_change_the_answer_to_the_same_request(house: House, sunnet: Partner) -> None:
    before = await sunnet.pull("P3", FIELDS, MEMBER)

    def widen(document: dict[str, Any]) -> None:
        grant = document["agreements"]["sunnet"]["kyoritsusha-sunnet-01"]["grants"]["order-taking"]
        grant["fields"] |= {"email": "as_is", "sex": "as_is"}

    await house.publish(change=widen)
    assert (await sunnet.pull("P3", FIELDS, MEMBER)).claims["results"] == before.claims["results"]


@pytest.mark.clause("K-P12")
async def test_a_case_number_is_demanded_where_the_purpose_demands_it(house: House, sunnet: Partner) -> None:
    assert_problem(await sunnet.ask("P12", FIELDS, MEMBER), "not-permitted")
    assert (await house.denial()).reasons == ["grant:P12:case_required"]
    assert (await sunnet.ask("P12", FIELDS, MEMBER, case="K-2026/11")).status_code == 200
    assert (await house.release()).case == "K-2026/11"


@pytest.mark.parametrize("case", ["", " ", "a b", "-1", "K\n", "障害", "x" * 65, 7, None, ["K-1"]])
async def test_a_case_number_of_another_form_is_malformed(house: House, sunnet: Partner, case: object) -> None:
    assert_problem(await sunnet.ask("P12", FIELDS, MEMBER, case=case), "malformed", pointer="/case")
    assert (await house.denial()).case is None


# The answer: nothing but what was asked and granted, as it was granted.


def leaves(value: object) -> list[object]:
    """Every text and number in an answer."""
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def told(answer: Answer) -> list[object]:
    return leaves(answer.claims["results"])


async def test_transformed_fields_leave_nothing_of_what_they_were(house: House, jccu: Partner) -> None:
    raw = record(house, AWKWARD["takasaki"])
    fields = ["member_code", "sex", "birth_date", "municipality_code", "postal_code", "order_course"]
    answer = await jccu.pull("P5", fields, page={"limit": 300})
    text = json.dumps(answer.claims, ensure_ascii=False)
    for column in (
        "name",
        "name_kana",
        "phone",
        "email",
        "address_line",
        "birth_date",
        "municipality_code",
        "bank_account",
    ):
        assert str(raw[column]) not in text, column
    for value in told(answer):
        assert value not in {raw["postal_code"], raw["birth_date"], raw["municipality_code"], raw["member_code"]}
    codes = {row["member_code"] for row in (record(house, code) for code in AWKWARD.values())}
    assert not codes & set(map(str, told(answer))), "a page by pairwise ids shows no code"
    one = next(iter(answer.released.values()))
    assert len(one["birth_date"]) == 4
    assert len(one["postal_code"]) == 3
    assert len(one["municipality_code"]) == 2


async def test_a_dropped_field_has_no_key_in_the_answer(house: House, jccu: Partner) -> None:
    answer = await jccu.pull("P5", ["birth_date", "name"], page={"limit": 5}, product="G4")
    assert answer.released
    for data in answer.released.values():
        assert set(data) == {"birth_date"}
    assert (await house.release()).fields == {"birth_date": "age_band", "name": "drop"}


async def test_a_masked_field_is_a_constant(house: House, jccu: Partner) -> None:
    answer = await jccu.pull("P12", ["email", "phone"], MEMBER, case="K-1")
    raw = record(house, MEMBER[0])
    assert answer.released[MEMBER[0]] == {"email": "***", "phone": raw["phone"][-4:]}


async def test_the_member_system_is_asked_for_no_column_more(house: House, sunnet: Partner) -> None:
    await sunnet.pull("P3", ["name", "phone"], MEMBER)
    (query,) = house.sources[COOP].asked
    assert set(query.rows.columns) == {"member_code", "name", "phone", *FACTS}


async def test_what_a_member_system_sends_beyond_the_question_is_dropped(house: House, sunnet: Partner) -> None:
    everything = {code: record(house, code) for code in MEMBER}

    def generous(_: bytes) -> bytes:
        return msgspec.json.encode({"records": list(everything.values())})

    house.sources[COOP].bend = generous
    answer = await sunnet.pull("P3", ["name"], MEMBER)
    assert answer.released == {MEMBER[0]: {"name": everything[MEMBER[0]]["name"]}}


async def test_members_nobody_asked_about_are_dropped(house: House, sunnet: Partner) -> None:
    def generous(_: bytes) -> bytes:
        table = house.sources[COOP].table
        return table.query([*MEMBER, AWKWARD["yoshino"], AWKWARD["gaiji"]], COLUMNS)

    house.sources[COOP].bend = generous
    answer = await sunnet.pull("P3", ["name"], MEMBER)
    assert [one["member"] for one in answer.claims["results"]] == MEMBER
    assert (await house.release()).counts.asked == 1


async def test_a_page_holds_the_population_whatever_the_member_system_sends(house: House, sunnet: Partner) -> None:
    """The population is the gateway's to hold, not the member system's."""
    table = house.sources[COOP].table

    def generous(_: bytes) -> bytes:
        every = json.loads(table.page(COLUMNS, limit=1_000))
        return msgspec.json.encode({"records": every["records"], "next": None, "high_water": "x"})

    house.sources[COOP].bend = generous
    answer = await sunnet.pull("P4", ["name"], page={"limit": 1_000})
    assert answer.released
    for code in answer.released:
        row = record(house, code)
        assert row["municipality_code"].startswith("06")
        assert row["status"] == "active"
        assert row["stops"] == [] or row["stops"][0]["kind"] == "marketing_stop"


async def test_a_member_outside_the_population_is_no_more_available_by_name_than_by_page(
    house: House, sunnet: Partner
) -> None:
    moved = AWKWARD["moved"]
    by_name = await sunnet.pull("P4", ["name"], [moved, *MEMBER])
    assert by_name.results[moved]["status"] == "not_available"
    assert by_name.results[MEMBER[0]]["status"] == "released"
    by_page = await sunnet.pull("P4", ["name"], page={"limit": 1_000})
    assert moved not in by_page.results
    assert (await sunnet.pull("P3", ["name"], [moved])).released, "the other purpose has no such population"


async def test_a_page_shows_exactly_whom_naming_would(house: House, sunnet: Partner) -> None:
    by_page: set[str] = set()
    page: dict[str, Any] = {"limit": 97}
    while True:
        answer = await sunnet.pull("P4", ["name"], page=page)
        assert not by_page & set(answer.released)
        by_page |= set(answer.released)
        if "next" not in answer.claims:
            break
        page = {"limit": 97, "cursor": answer.claims["next"]}
    codes = [row["member_code"] for row in json.loads(house.sources[COOP].table.page(COLUMNS, limit=1_000))["records"]]
    by_name = await sunnet.pull("P4", ["name"], codes)
    assert set(by_name.released) == by_page
    assert len(by_page) > 100


@pytest.mark.clause("K-G1", "K-G2")
async def test_a_product_class_the_member_does_not_use_is_not_released(house: House, jccu: Partner) -> None:
    answer = await jccu.pull("P5", ["birth_date"], MEMBER, product="G4")
    assert answer.results[MEMBER[0]] == {"member": MEMBER[0], "status": "not_available"}


async def test_another_co_ops_members_are_out_of_reach_with_any_token(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    before = await house.entries("coopdeli")
    request = sunnet.request("P4", FIELDS, coop="coopdeli", agreement="coopdeli-jccu-01", members=MEMBER)
    assert_problem(await sunnet.post(request, token), "not-permitted")
    assert (await house.denial()).reasons == ["request:agreement:mismatch", "request:coop:mismatch"]
    assert await house.entries("coopdeli") == before
    assert house.sources["coopdeli"].asked == []


@pytest.mark.clause("D-U2", "D-U4")
async def test_grants_and_schemas_of_other_partners_do_not_exist(house: House, sunnet: Partner, jccu: Partner) -> None:
    token = await sunnet.token("P4", FIELDS)
    grants = (await sunnet.get("/grants", token)).json()["grants"]
    assert {grant["agreement"] for grant in grants} == {"kyoritsusha-sunnet-01"}
    own = await sunnet.get("/grants/kyoritsusha-sunnet-01.delivery/schema", token)
    assert own.status_code == 200
    theirs = await sunnet.get("/grants/kyoritsusha-jccu-01.introduction/schema", token)
    nobodys = await sunnet.get("/grants/kyoritsusha-jccu-99.introduction/schema", token)
    for response in (theirs, nobodys):
        assert_problem(response, "not-found")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"members": []}, "/members"),
        ({"members": "00000101"}, "/members"),
        ({"members": [101]}, "/members/0"),
        ({"members": ["00000101", "00000101"]}, "/members/1"),
        ({"members": ["*"]}, "/members/0"),
        ({"members": ["0000010%"]}, "/members/0"),
        ({"members": ["00000101\n"]}, "/members/0"),
        ({"members": ["0" * 65]}, "/members/0"),
        ({"members": [f"{n:08d}" for n in range(1001)]}, "/members"),
        ({"members": [["00000101"]]}, "/members/0"),
        ({}, "/members"),
        ({"members": MEMBER, "page": {"limit": 1}}, "/members"),
        ({"page": {}}, "/page/limit"),
        ({"page": {"limit": 0}}, "/page/limit"),
        ({"page": {"limit": 1001}}, "/page/limit"),
        ({"page": {"limit": True}}, "/page/limit"),
        ({"page": {"limit": "10"}}, "/page/limit"),
        ({"page": {"limit": 10, "offset": 5}}, "/page"),
        ({"page": {"limit": 10, "cursor": "a", "since": "b"}}, "/page"),
        ({"page": [10]}, "/page"),
        ({"members": MEMBER, "population": []}, ""),
        ({"members": MEMBER, "filters": {"insurer": "x"}}, ""),
        ({"members": MEMBER, "nbf": 1}, ""),
        ({"members": MEMBER, "sub": "sunnet-demo"}, ""),
        ({"members": MEMBER, "fields": []}, "/fields"),
        ({"members": MEMBER, "fields": ["name"] * 2}, "/fields/1"),
        ({"members": MEMBER, "fields": [f"f{n}" for n in range(501)]}, "/fields"),
        ({"members": MEMBER, "fields": {"name": "as_is"}}, "/fields"),
        ({"members": MEMBER, "product": ""}, "/product"),
        ({"members": MEMBER, "product": None}, "/product"),
        ({"members": MEMBER, "purpose": ["P4"]}, "/purpose"),
        ({"members": MEMBER, "purpose": "P4 OR 1=1"}, "/purpose"),
        ({"members": MEMBER, "coop": ...}, "/coop"),
        ({"members": MEMBER, "agreement": 7}, "/agreement"),
        ({"members": MEMBER, "jti": "short"}, "/jti"),
    ],
)
async def test_a_malformed_request_is_refused_by_place_never_by_value(
    house: House, sunnet: Partner, changes: dict[str, Any], pointer: str
) -> None:
    token = await sunnet.token("P4", FIELDS)
    before = len(await house.entries())
    response = await sunnet.post(sunnet.request("P4", FIELDS, **changes), token)
    assert_problem(response, "malformed", pointer=pointer)
    assert len(await house.entries()) == before + 1
    (reason,) = (await house.denial()).reasons
    assert reason == f"request:{pointer.split('/')[1] if pointer else 'claims'}:malformed"
    assert house.sources[COOP].asked == []
