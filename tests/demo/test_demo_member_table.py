"""The member system's memory: pages neither skip nor repeat, and conditions mean what the gateway's own do."""

import msgspec
import pytest
from hypothesis import given, strategies as st

from gateway.core.policy import Predicate
from gateway.core.population import predicate
from gateway.demo.awkward import AWKWARD
from gateway.demo.member_table import BadPositionError, Condition, Table, UnknownColumnError
from gateway.demo.people import COLUMNS


@pytest.fixture(scope="module")
def few(members):
    return members[:120]


@pytest.fixture(scope="module")
def table(few):
    return Table(few)


def walk(table, columns=(), *, limit, between=lambda: None, **asked):
    codes, after = [], None
    while True:
        page = msgspec.json.decode(table().page(columns, limit=limit, after=after, **asked))
        assert len(page["records"]) <= limit
        codes += [record["member_code"] for record in page["records"]]
        after = page["next"]
        if after is None:
            return codes
        between()


def test_an_answer_holds_the_values_of_the_record(table, few):
    codes = [member["member_code"] for member in few]
    assert msgspec.json.decode(table.query(codes, COLUMNS))["records"] == few


def test_an_answer_holds_the_asked_columns_and_the_code(table):
    (record,) = msgspec.json.decode(table.query([AWKWARD["yoshino"]], ["name", "sex", "name"]))["records"]
    assert record == {"member_code": AWKWARD["yoshino"], "name": "\U00020bb7野 太郎", "sex": "1"}


def test_no_column_at_all_still_tells_whose_record_it_is(table):
    assert msgspec.json.decode(table.query(["00000101"], [])) == {"records": [{"member_code": "00000101"}]}


def test_unknown_codes_are_absent_and_repeated_ones_answered_once(table):
    assert table.query(["00000102", "99999999", "00000102", ""], ["sex"]).count(b"member_code") == 1


@pytest.mark.parametrize("ask", [lambda t: t.query(["0"], ["shoe_size"]), lambda t: t.page(["shoe_size"], limit=1)])
def test_an_unknown_column_is_refused_by_name(table, ask):
    with pytest.raises(UnknownColumnError, match="`shoe_size`") as refused:
        ask(table)
    assert refused.value.column == "shoe_size"


def test_a_condition_on_an_unknown_column_is_refused_by_name(table):
    with pytest.raises(UnknownColumnError, match="`shoe_size`"):
        table.page(["name"], limit=1, population=[Condition(field="shoe_size", among=("1",))])


def test_the_product_class_keeps_out_who_does_not_use_it(table):
    answer = table.query([AWKWARD["no_delivery"], AWKWARD["takasaki"]], ["sex"], product="G1")
    assert [record["member_code"] for record in msgspec.json.decode(answer)["records"]] == [AWKWARD["takasaki"]]


@given(limit=st.integers(1, 130))
def test_pages_of_any_size_walk_everybody_in_order_once(table, few, limit):
    assert walk(lambda: table, limit=limit) == [member["member_code"] for member in few]


@pytest.mark.parametrize("after", ["!", "a", "____", "あ", "MDAw MDAw", "\ud800"])
def test_a_position_that_no_page_gave_is_refused(table, after):
    with pytest.raises(BadPositionError):
        table.page([], limit=1, after=after)


def test_members_who_come_and_go_during_a_walk_move_nobody_else(few):
    staying, coming_and_going = few[::2], few[1::2]
    states = [Table(few), Table(staying), Table(coming_and_going[:30] + staying)]
    now = iter(range(10**6))
    codes = walk(lambda: states[next(now) % 3], limit=7)
    assert codes == sorted(set(codes))
    assert set(codes) >= {member["member_code"] for member in staying}


def test_the_mark_stands_for_the_state_of_every_column(few):
    mark = Table(few).high_water
    assert Table(few).high_water == mark
    assert Table(few[:-1]).high_water != mark
    assert {Table([few[0] | {column: "changed"}, *few[1:]]).high_water for column in COLUMNS}.isdisjoint({mark})


values = st.one_of(
    st.sampled_from(["06", "0620", "062031", "1984-01-01", "2", "A", ""]), st.integers(0, 50_000), st.booleans()
)
texts = st.sampled_from(["06", "0620", "05", "19", "A", ""])
bounds = st.one_of(st.sampled_from(["05", "062031", "1970-01-01", "1990-12-31"]), st.integers(0, 50_000))
conditions = st.builds(
    lambda field, kind: {"field": field, **kind},
    st.sampled_from(["municipality_code", "birth_date", "order_course", "share_yen", "kyosai_enrolled", "phone"]),
    st.one_of(
        st.fixed_dictionaries({"in": st.lists(values, min_size=1, max_size=4)}),
        st.fixed_dictionaries({"prefix_in": st.lists(texts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"from": bounds}, optional={"to": bounds}),
        st.fixed_dictionaries({"to": bounds}),
    ),
)


@given(population=st.lists(conditions, max_size=3), limit=st.integers(1, 60))
def test_a_population_is_the_one_the_gateway_means(table, few, population, limit):
    # The gateway's own reading of a condition is the oracle: what the source filters, gate 4 checks again.
    tests = [
        (
            condition["field"],
            predicate(
                Predicate(
                    field=condition["field"],
                    among=tuple(condition["in"]) if "in" in condition else None,
                    prefixes=tuple(condition["prefix_in"]) if "prefix_in" in condition else None,
                    lowest=condition.get("from"),
                    highest=condition.get("to"),
                )
            ),
        )
        for condition in population
    ]
    meant = [m["member_code"] for m in few if all(holds(m[field]) for field, holds in tests)]
    asked = msgspec.convert(population, tuple[Condition, ...])
    assert walk(lambda: table, ("name",), limit=limit, population=asked) == meant
