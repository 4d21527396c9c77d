"""Entries: closed, canonical as RFC 8785 demands, and nothing else is read back."""

import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from gateway.tlog import entries
from gateway.tlog.jcs import canonical
from tests.tlog.every_kind import KINDS, entries_of_every_kind, of
from tests.tlog.exported_log import denial, publish, release

TIME = "2026-11-22T03:00:00.000Z"

# As first written: whatever becomes of the schemas, these are read, and read as the same bytes.
LOGGED = {
    "release": (
        b'{"agreement":"G1","article":"27(5)(iii)","basis":"joint_use","body":"aGVsbG8","client":"sunnet-1",'
        b'"commitment":"Y29tbWl0","coop":"kyoritsusha","counts":{"asked":1,"not_available":0,"refused":0,"released":1},'
        b'"encryption":{"alg":"ECDH-ES","enc":"A256GCM","jkt":"a2V5","kid":"enc-1"},"fields":{"name":"keep"},"gov":5,'
        b'"grant":"g-1","kind":"release","notice":"2026-04-01","page":true,"partner":"sunnet","policy":"cG9saWN5",'
        b'"product":"c12","proof":"cHJvb2Y","purpose":"P3","request":"cmVxdWVzdA","time":"2026-11-22T12:00:00.000Z",'
        b'"transfer":"0123456789abcdef0123456789abcdef","valid_until":"2027-03-31T15:00:00.000Z"}'
    ),
    "denial": (
        b'{"agreement":"G1","client":"sunnet-1","coop":"kyoritsusha","counts":{"asked":2,"not_available":0,"refused":0,'
        b'"released":0},"fields":["name","phone"],"gov":5,"kind":"denial","purpose":"P3",'
        b'"reasons":["grant:field:not_granted"],"time":"2026-11-22T12:00:00.000Z","transfer":"ffff"}'
    ),
    "summary": (
        b'{"client":"sunnet-1","coop":"kyoritsusha","kind":"denial","partner":"sunnet",'
        b'"summary":{"minute":29912345,"rate_limited":70},"time":"2026-11-22T12:00:00.000Z"}'
    ),
    "publish": (
        b'{"approver":"staff-2","coop":"kyoritsusha","effective":"2026-12-01T00:00:00.000Z","gov":-1,"kind":"publish",'
        b'"policy":"9f86d081","proposer":"staff-1","reason":"\xe6\x94\xb9\xe5\xae\x9a","time":"2026-11-22T12:00:00.000Z"}'
    ),
    "partner": (
        b'{"by":"staff-1","client":"sunnet-1","coop":"kyoritsusha","end":"2027-12-01T00:00:00.000Z","event":"key_added",'
        b'"gov":0,"jwk":{"crv":"P-256","kty":"EC"},"kind":"partner","partner":"sunnet","reason":"new key",'
        b'"start":"2026-11-22T12:00:00.000Z","thumbprint":"dGh1bWI","time":"2026-11-22T12:00:00.000Z"}'
    ),
    "restrict": (
        b'{"by":"staff-1","commitment":"Y29tbWl0","coop":"kyoritsusha","event":"set","gov":1,"kind":"restrict",'
        b'"members":1,"reason":"asked for","restriction":"stop_use","time":"2026-11-22T12:00:00.000Z"}'
    ),
    "key": (
        b'{"by":"gateway","coop":"kyoritsusha","event":"added","jwk":{"kty":"OKP"},"kind":"key",'
        b'"time":"2026-11-22T12:00:00.000Z","use":"log"}'
    ),
}


def test_there_is_a_kind_for_everything_that_is_logged():
    kinds = {"release", "denial", "publish", "partner", "restrict", "key"}
    kinds |= {"follow_up", "ack", "review", "access", "erase", "proposal", "staff", "dossier", "export"}
    assert {kind.__struct_config__.tag for kind in KINDS} == kinds
    assert kinds > entries.GOVERNANCE
    assert all(kind.__struct_config__.forbid_unknown_fields for kind in KINDS)
    assert entries.Counts.__struct_config__.forbid_unknown_fields


@given(entries_of_every_kind)
def test_an_entry_is_canonical_json_and_reads_back(entry):
    data = entries.encode(entry)
    assert data == canonical(msgspec.to_builtins(entry))
    assert entries.decode(data) == entry
    assert entry.kind == msgspec.json.decode(data)["kind"]


def test_keys_stand_in_the_order_of_rfc_8785_and_no_other():
    """UTF-16 puts an emoji before a full-width letter; bytes and code points put it after."""
    summary = entries.encode(entries.Denial(coop="c", time=TIME, summary={"ａ": 1, "\U0001f600": 2}))
    assert '{"\U0001f600":2,"ａ":1}'.encode() in summary
    with pytest.raises(ValueError, match="canonical"):
        entries.decode(summary.replace('"\U0001f600":2,"ａ":1'.encode(), '"ａ":1,"\U0001f600":2'.encode()))


@pytest.mark.parametrize("data", LOGGED.values(), ids=LOGGED)
def test_what_was_logged_stays_readable(data):
    assert entries.encode(entries.decode(data)) == data


@settings(max_examples=50)
@given(entries_of_every_kind, st.data())
def test_no_key_is_read_twice(entry, data):
    written = entries.encode(entry)
    key, value = data.draw(st.sampled_from(sorted(msgspec.json.decode(written).items())))
    pair = canonical({key: value})[1:-1]
    for doubled in (b"{" + pair + b"," + written[1:], written[:-1] + b"," + pair + b"}"):
        assert msgspec.json.decode(doubled)[key] is not None
        with pytest.raises(ValueError):
            entries.decode(doubled)


@settings(max_examples=50)
@given(entries_of_every_kind, st.sampled_from(["name", "member", "x", "Time", "tag", ""]), st.none() | st.text())
def test_an_unknown_key_is_refused_in_every_kind(entry, key, value):
    plain = msgspec.to_builtins(entry)
    if key not in {field.name for field in msgspec.structs.fields(entry)}:
        with pytest.raises(ValueError):
            entries.decode(canonical({**plain, key: value}))


@pytest.mark.parametrize(
    ("logged", "old", "new"),
    [
        ("release", b'"asked":1', b'"asked":1,"asked":1'),
        ("release", b'"name":"keep"', b'"name":"keep","name":"keep"'),
        ("release", b'"refused":0', b'"refused":0,"surname":0'),
        ("release", b'"asked":1', b'"asked": 1'),
        ("release", b'"asked":1', b'"asked":01'),
        ("release", b'"asked":1', b'"asked":1.0'),
        ("release", b'"asked":1', b'"asked":1e0'),
        ("release", b'"asked":1', b'"asked":true'),
        ("release", b'"asked":1', b'"asked":-1'),
        ("release", b'"asked":1', b'"asked":9007199254740992'),
        ("release", b'"asked":1,"not_available":0', b'"not_available":0,"asked":1'),
        ("release", b'"refused":0,', b""),
        ("release", b'"sunnet-1"', b'"\\u0073unnet-1"'),
        ("release", b'"sunnet-1"', b'"sunnet\\u002d1"'),
        ("release", b'"27(5)', b'"27\\/(5)'),
        ("release", b'"page":true', b'"page":false'),
        ("release", b'"product":"c12"', b'"product":null'),
        ("release", b'"gov":5', b'"gov":null'),
        ("release", b'"gov":5', b'"gov":-2'),
        ("release", b'"gov":5,', b""),
        ("release", b'{"name":', '{"氏名":1,"name":'.encode()),
        ("release", b'"kind":"release"', b'"kind":"gift"'),
        ("release", b'"kind":"release",', b""),
        ("release", b"12:00:00.000Z", b"12:00:00Z"),
        ("release", b"12:00:00.000Z", b"12:00:00.000z"),
        ("release", b"12:00:00.000Z", b"12:00:00,000Z"),
        ("release", b"2026-11-22T12", b"2026-11-22 12"),
        ("release", b'{"agreement"', b' {"agreement"'),
        ("release", b'000Z"}', b'000Z"}\n'),
        ("release", b'000Z"}', b'000Z"}{}'),
        ("release", b'{"agreement"', b'\xef\xbb\xbf{"agreement"'),
        ("publish", "改定".encode(), b"\\u6539\\u5b9a"),
        ("publish", "改定".encode(), b"\xe6\x94"),
        ("publish", "改定".encode(), b"\\ud800"),
        ("partner", b'"key_added"', b'"deleted"'),
        ("denial", b'["name","phone"]', b'["name", "phone"]'),
        ("denial", b'["name","phone"]', b"[]"),
        ("summary", b'"minute":29912345,"rate_limited":70', b'"rate_limited":70,"minute":29912345'),
        ("summary", b'"rate_limited":70', b'"rate_limited":"70"'),
    ],
)
def test_what_is_not_canonical_or_not_allowed_is_refused(logged, old, new):
    assert LOGGED[logged].count(old) >= 1
    with pytest.raises(ValueError):
        entries.decode(LOGGED[logged].replace(old, new, 1))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'"release"', b"\x00", b'{"kind":"release"}', b"[" * 9000]
)
def test_what_is_no_entry_is_refused(data):
    with pytest.raises((ValueError, RecursionError)):
        entries.decode(data)


@given(st.data())
def test_a_byte_that_differs_is_another_entry_or_none(data):
    written = bytearray(data.draw(st.sampled_from([*LOGGED.values(), release(), denial(), publish(gov=-1)])))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] = data.draw(st.integers(0, 255))
    try:
        entry = entries.decode(bytes(written))
    except ValueError:
        return
    assert entries.encode(entry) == canonical(msgspec.to_builtins(entry)) == bytes(written)


def test_no_kind_has_room_for_a_member():
    """Members stand in entries as counts and commitments alone: no key is a code, a name or a list of them."""
    keys = {field.name for kind in KINDS for field in msgspec.structs.fields(kind)}
    assert keys.isdisjoint({"member", "code", "codes", "tag", "tags", "values", "records", "name"})
    assert {kind.__name__ for kind in KINDS if "members" in kind.__struct_fields__} == {
        "Restrict",
        "FollowUp",
        "Access",
    }
    for kind in ("Restrict", "FollowUp", "Access"):
        assert "commitment" in getattr(entries, kind).__struct_fields__


def test_an_entry_beyond_16_kib_is_refused():
    big = entries.Denial(coop="c", time=TIME, reasons=["x" * 17_000])
    with pytest.raises(ValueError, match="longer than"):
        entries.encode(big)
    with pytest.raises(ValueError, match="longer than"):
        entries.decode(b" " * 17_000)


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_cut_to_milliseconds_and_sort_as_they_are(moment):
    written = entries.instant(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)
    cut = datetime.fromisoformat(written)
    assert 0 <= (moment - cut).total_seconds() < 0.001


@given(of(entries.Erase), of(entries.Access))
def test_text_sorts_as_time_does(erase, access):
    earlier = datetime.fromisoformat(erase.time) < datetime.fromisoformat(access.time)
    assert (erase.time < access.time) is earlier
