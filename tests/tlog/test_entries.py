"""Entries: closed, canonical as RFC 8785 demands, and nothing else is read back."""

import msgspec
import pytest
from hypothesis import given, strategies as st

from gateway.tlog import entries
from gateway.tlog.jcs import canonical

TIME = "2026-11-22T03:00:00.000Z"
texts = st.text(st.characters(codec="utf-8"), max_size=40)


@given(
    st.builds(
        entries.Publish,
        coop=texts,
        time=st.just(TIME),
        gov=st.integers(-1, 2**53 - 1),
        policy=texts,
        base=st.none() | texts,
        effective=st.just(TIME),
        proposer=texts,
        approver=texts,
        reason=texts,
    )
    | st.builds(
        entries.Denial,
        coop=texts,
        time=st.just(TIME),
        gov=st.none() | st.integers(-1, 10**9),
        reasons=st.lists(texts, max_size=3),
        summary=st.dictionaries(st.from_regex(r"\A[a-z-]{1,20}\Z"), st.integers(0, 10**6), max_size=4),
    )
)
def test_an_entry_is_canonical_json_and_reads_back(entry: entries.Entry) -> None:
    data = entries.encode(entry)
    assert data == canonical(msgspec.to_builtins(entry))
    assert entries.decode(data) == entry
    assert entry.kind == msgspec.json.decode(data)["kind"]


def test_an_unknown_key_is_refused() -> None:
    data = msgspec.json.decode(entries.encode(entries.Denial(coop="c", time=TIME)))
    for extra in ({"name": "髙﨑 花子"}, {"kind": "gift"}, {"time": "2026-11-22T03:00:00Z"}):
        with pytest.raises(ValueError, match=r".+"):
            entries.decode(msgspec.json.encode({**data, **extra}))


def test_an_entry_beyond_16_kib_is_refused() -> None:
    big = entries.Denial(coop="c", time=TIME, reasons=["x" * 17_000])
    with pytest.raises(ValueError, match="longer than"):
        entries.encode(big)
    with pytest.raises(ValueError, match="longer than"):
        entries.decode(b" " * 17_000)
