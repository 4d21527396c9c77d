"""Releases accepted for being like another one: never more than parsing accepts, and with the same meaning."""

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.tlog import entries
from gateway.tlog.alike import MOST_SHAPES, Alike, Run
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


def is_read(known: Alike, data: bytes) -> bool:
    run = known.run([data], 0)
    return run.sound and len(run.likes) == 1


@pytest.fixture
def alike() -> Alike:
    known = Alike()
    known.learn(encode(FIRST), FIRST)
    return known


def test_a_release_that_is_alike_is_read_without_parsing(alike: Alike):
    values = ([each.encode()] for each in (SECOND.time, "1e" * 16, SECOND.valid_until))
    assert alike.run([encode(SECOND)], 0) == Run(True, [FIRST], *values)


def test_a_run_ends_before_what_is_not_alike(alike: Alike):
    bundle = [encode(one) for one in (FIRST, SECOND, like(gov=7), FIRST)]
    assert [len(alike.run(bundle, first).likes) for first in range(5)] == [2, 1, 0, 1, 0]


def test_one_value_outside_its_alphabet_makes_a_run_unsound(alike: Alike):
    odd = encode(SECOND).replace(b"1e1e", b"1e1E")
    run = alike.run([encode(FIRST), odd, encode(SECOND)], 0)
    assert (run.sound, len(run.likes)) == (False, 3)


def test_streams_that_begin_alike_are_told_apart():
    known, streams = Alike(), [like(), like(partner="another"), like(purpose="P5")]
    for one in streams:
        known.learn(encode(one), one)
    assert known.run([encode(one) for one in [*streams, *streams[::-1]]], 0).likes == [*streams, *streams[::-1]]


def test_nothing_is_known_before_it_is_learnt():
    assert not is_read(Alike(), encode(FIRST))


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
        run = known.run([data], 0)
        if run.sound and run.likes:
            [model], [time], [transfer], [valid_until] = run[1:]
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
    if is_read(known, bytes(altered)):
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
    assert is_read(alike, data)
    assert old in data
    assert not is_read(alike, data.replace(old, new))


def test_a_release_too_long_for_an_entry_is_left_to_parsing():
    fields = {f"f{n}": "as_is" for n in range(2_000)}
    data = entries._encoder.encode(like(fields=fields))
    assert len(data) > entries.MAX_ENTRY
    known = Alike()
    known.learn(data, like(fields=fields))
    assert not is_read(known, data)


@pytest.mark.parametrize(
    "odd",
    [{"transfer": "t-1"}, {"body": "short"}, {"commitment": ""}, {"request": TOKEN + "x"}],
    ids=str,
)
def test_what_is_of_no_usual_form_teaches_nothing(odd: dict[str, object]):
    known = Alike()
    known.learn(encode(like(**odd)), like(**odd))
    assert not is_read(known, encode(like(**odd)))


def test_bytes_that_are_not_those_of_the_release_teach_nothing():
    known = Alike()
    known.learn(encode(FIRST), like(partner="another"))
    assert not is_read(known, encode(FIRST))


def test_what_is_remembered_is_bounded(alike: Alike):
    for gov in range(MOST_SHAPES + 2):
        alike.learn(encode(like(gov=gov)), like(gov=gov))
    assert not is_read(alike, encode(FIRST))
    assert is_read(alike, encode(like(gov=MOST_SHAPES + 1)))
