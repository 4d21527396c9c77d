"""Laying one walk against another: whatever the cuts, the client ends with what there is now."""

from hypothesis import given, strategies as st

from gateway.core.walk import DIGEST, Earlier, Given, ascending, digester, laid

KEY = bytes(32)
digest = digester(KEY)
populations = st.dictionaries(st.integers(0, 40).map(lambda n: f"{n:03d}"), st.binary(max_size=2), max_size=30)


def answers(population: dict[str, bytes], size: int) -> list[tuple[int, Given]]:
    codes = sorted(population)
    cuts = [codes[n : n + size] for n in range(0, len(codes), size)] or [[]]
    return [
        (nth, Given(some, b"".join(digest(population[code]) for code in some), [])) for nth, some in enumerate(cuts)
    ]


@given(populations, populations, st.integers(1, 9), st.integers(1, 9))
def test_what_changed_and_who_is_gone_make_the_one_walk_out_of_the_other(
    old: dict[str, bytes], new: dict[str, bytes], earlier_size: int, size: int
) -> None:
    before = laid(answers(old, earlier_size), following=99, lost=False)
    client, after = dict(old), ""
    codes = sorted(new)
    cuts = [codes[n : n + size] for n in range(0, len(codes), size)] or [[]]
    for nth, some in enumerate(cuts):
        ends = nth == len(cuts) - 1
        upto = None if ends else some[-1]
        client |= {code: new[code] for code in some if before.given.get(code) != digest(new[code])}
        for code in before.gone(set(some), after=after, upto=upto):
            del client[code]
        after = some[-1] if some else after
    assert client == new


@given(populations, st.integers(1, 9), st.integers(0, 45).map(lambda n: f"{n:03d}"))
def test_reading_goes_on_where_codes_are_left(population: dict[str, bytes], size: int, upto: str) -> None:
    cut = answers(population, size)
    before = laid(cut, following=len(cut), lost=False)
    at = before.at(upto)
    assert all(code <= upto for nth, one in cut[:at] for code in one.codes)
    assert at == len(cut) or cut[at][1].codes[-1] > upto


def test_of_a_member_in_two_answers_nobody_knows_which_was_kept() -> None:
    before = laid(
        [(0, Given(["1", "2"], b"a" * 2 * DIGEST, [])), (1, Given(["2", "3"], b"b" * 2 * DIGEST, []))],
        following=2,
        lost=False,
    )
    assert before.given["2"] == b""
    assert before.gone({"1"}, after="", upto=None) == ["2", "3"]


def test_an_earlier_walk_that_is_lost_gave_nothing_that_is_known() -> None:
    assert laid([], following=0, lost=True) == Earlier(given={}, ends=(), following=0, lost=True)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_digest_is_of_the_record_and_of_the_key(one: bytes, other: bytes) -> None:
    assert (digest(one) == digest(other)) == (one == other)
    assert len(digest(one)) == DIGEST
    assert digester(bytes([1] * 32))(one) != digest(one)


def test_what_holds_codes_prints_none() -> None:
    assert "00000101" not in repr(Given(["00000101"], bytes(8), ["00000101"]))
    assert "00000101" not in repr(laid([(0, Given(["00000101"], bytes(8), []))], following=1, lost=False))


def test_codes_ascend_strictly_from_where_the_walk_stands() -> None:
    assert ascending(["2", "3"], after="1")
    assert not ascending(["2", "2"], after="1")
    assert not ascending(["1", "2"], after="1")
    assert ascending([], after="9")
