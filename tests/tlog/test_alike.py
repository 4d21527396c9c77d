"""Releases accepted for being like another one: never more than parsing accepts, and with the same meaning."""

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.tlog import entries
from gateway.tlog.alike import MOST, Alike
from gateway.tlog.entries import Counts, Release, decode, encode
from tests.tlog.exported_log import DIGEST, release

TOKEN = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"


def like(**changes: object) -> Release:
    known = decode(release())
    assert isinstance(known, Release)
    tokens = dict.fromkeys(["body", "commitment", "request", "proof"], TOKEN)
    return replace(known, **{"transfer": "0f" * 16, "policy": DIGEST, **tokens, **changes})


FIRST = like()
SECOND = like(transfer="1e" * 16, body=TOKEN[::-1], commitment=TOKEN[::-1], request=TOKEN[::-1])


@pytest.fixture
def alike() -> Alike:
    known = Alike()
    known.learn(encode(FIRST), FIRST)
    return known


def test_a_release_that_is_alike_is_read_without_parsing(alike: Alike):
    assert alike.read(encode(SECOND)) == (
        FIRST,
        *(each.encode() for each in (SECOND.time, "1e" * 16, SECOND.valid_until)),
    )


def test_nothing_is_known_before_it_is_learnt():
    assert Alike().read(encode(FIRST)) is None


texts = st.text('ABCxyz019-_.:"\\{}é', max_size=6)
changes = st.fixed_dictionaries(
    {},
    optional={
        "time": st.sampled_from(["2026-11-22T12:00:00.001Z", "2026-11-23T00:00:00.000Z", "2026-02-30T00:00:00.000Z"]),
        "valid_until": st.sampled_from(["2027-04-01T00:00:00.001Z", "2026-11-22T12:00:00.000Z"]),
        "transfer": texts | st.just("2d" * 16) | st.just("2D" * 16),
        "body": texts | st.just("A" * 43) | st.just('A"' + "A" * 41),
        "commitment": texts | st.just("é" + "A" * 41),
        "request": texts | st.just("A" * 43) | st.just("A" * 42 + "\\"),
        "counts": st.builds(Counts, asked=st.integers(0, 2_000), released=st.integers(0, 2_000)),
        "agreement": texts,
        "partner": texts,
        "purpose": texts | st.just('","time":"'),
        "product": st.none() | texts,
        "case": st.none() | texts,
        "client": texts | st.just('","commitment":"'),
        "coop": texts,
        "gov": st.integers(-1, 3),
        "page": st.booleans(),
        "fields": st.dictionaries(st.sampled_from(["name", "body", "time", "counts", "encryption"]), texts, max_size=2),
        "encryption": st.dictionaries(st.sampled_from(["alg", "kid", "body"]), texts, max_size=2),
    },
)


@given(st.lists(changes, min_size=1, max_size=6))
def test_what_is_read_means_what_parsing_says(several: list[dict[str, object]]):
    known = Alike()
    for one in [*several, *several]:
        entry = like(**one)
        data = encode(entry)
        read = known.read(data)
        if read is not None:
            model, time, transfer, valid_until = read
            said = replace(
                model,
                time=time.decode(),
                transfer=transfer.decode(),
                valid_until=valid_until.decode(),
                **{name: getattr(entry, name) for name in ("body", "commitment", "request", "counts")},
            )
            assert said == entry == decode(data)
        else:
            known.learn(data, entry)


@given(st.data())
def test_no_changed_bytes_are_read_that_parsing_refuses(data: st.DataObject):
    known = Alike()
    known.learn(encode(FIRST), FIRST)
    altered = bytearray(encode(SECOND))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(altered) - 1))
        altered[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b'"', b"\\", b"0", b"9", b"a", b"A", b"{", b"}", b":", b",", b"\n", b"\0", b"\xff", b"{}", b""]
            )
        )
    if known.read(bytes(altered)) is not None:
        assert isinstance(decode(bytes(altered)), Release)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"asked":1', b'"asked":x'),
        (b'"asked":1', b'"asked":2'),
        (b'"counts":{', b'"counts":['),
        (b"12:00:00.000Z", b"24:00:00.000Z"),
        (b"12:00:00.000Z", b"12:60:00.000Z"),
        (b"12:00:00.000Z", b"12:00:60.000Z"),
        (b"2026-11-22", b"2026-13-22"),
        (b"1e1e", b'1e"e'),
        (b'"kind":"release"', b'"kind":"denials"'),
        (b'"}', b'"} '),
    ],
)
def test_a_value_outside_its_alphabet_is_left_to_parsing(alike: Alike, old: bytes, new: bytes):
    data = encode(SECOND)
    assert alike.read(data) is not None
    assert old in data
    assert alike.read(data.replace(old, new)) is None


def test_a_release_too_long_for_an_entry_is_left_to_parsing():
    fields = {f"f{n}": "as_is" for n in range(2_000)}
    data = entries._encoder.encode(like(fields=fields))
    assert len(data) > entries.MAX_ENTRY
    known = Alike()
    known.learn(data, like(fields=fields))
    assert known.read(data) is None


@pytest.mark.parametrize(
    "odd",
    [{"transfer": "t-1"}, {"body": "short"}, {"commitment": ""}, {"request": TOKEN + "x"}],
    ids=str,
)
def test_what_is_of_no_usual_form_teaches_nothing(odd: dict[str, object]):
    known = Alike()
    known.learn(encode(like(**odd)), like(**odd))
    assert known.read(encode(like(**odd))) is None


def test_bytes_that_are_not_those_of_the_release_teach_nothing():
    known = Alike()
    known.learn(encode(FIRST), like(partner="another"))
    assert known.read(encode(FIRST)) is None


def test_what_is_remembered_is_bounded(alike: Alike):
    for gov in range(MOST + 2):
        alike.learn(encode(like(gov=gov)), like(gov=gov))
    assert alike.read(encode(FIRST)) is None
    assert alike.read(encode(like(gov=MOST + 1))) is not None
