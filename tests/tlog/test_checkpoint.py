"""C2SP tlog-checkpoint: any is read, only ours is signed and accepted."""

import base64

import pytest
from hypothesis import given, strategies as st

from gateway.tlog.checkpoint import Checkpoint, OtherOrigin, open_ours, ours, parse, sign
from gateway.tlog.note import sign_note
from tests.tlog.exported_log import ORIGIN, SIGNER

EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")


def test_the_example_of_the_specification():
    checkpoint = parse(EXAMPLE)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
    assert checkpoint.text() == EXAMPLE
    assert ours(checkpoint, origin="example.com/behind-the-sofa") is checkpoint


def test_extension_lines_are_read_but_never_ours():
    extended = parse(EXAMPLE + "first\nsecond\n")
    assert extended.extensions == ("first", "second")
    assert extended.text() == EXAMPLE + "first\nsecond\n"
    with pytest.raises(ValueError, match="extension"):
        ours(extended, origin=extended.origin)
    with pytest.raises(ValueError, match="extension"):
        sign(extended, [SIGNER])


def test_another_log_is_another_origin():
    with pytest.raises(OtherOrigin):
        ours(parse(EXAMPLE), origin=ORIGIN)


def test_a_signed_checkpoint_opens():
    checkpoint = Checkpoint(ORIGIN, 5, ROOT)
    assert open_ours(sign(checkpoint, [SIGNER]), [SIGNER.key], origin=ORIGIN) == checkpoint


def test_a_signed_text_that_is_no_checkpoint_does_not_open():
    with pytest.raises(ValueError, match="three whole lines"):
        open_ours(sign_note("hello\n", [SIGNER]), [SIGNER.key], origin=ORIGIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n5\n",
        EXAMPLE[:-1],
        EXAMPLE + "\n",
        EXAMPLE + "a\n\nb\n",
        EXAMPLE.replace("example.com/behind-the-sofa", ""),
        EXAMPLE.replace("20852163", ""),
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "+20852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "２０"),
        EXAMPLE.replace("20852163", "0x10"),
        EXAMPLE.replace("20852163", str(2**63)),
        EXAMPLE.replace("20852163", "9" * 5000),
        EXAMPLE.replace("q2I=", "q2J="),
        EXAMPLE.replace("CsUY", ""),
        EXAMPLE.replace("=", ""),
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(("origin", "size", "root"), [("", 0, ROOT), ("a\nb", 0, ROOT), ("a", -1, ROOT), ("a", 1, b"")])
def test_what_could_not_be_read_back_is_not_made(origin, size, root):
    with pytest.raises(ValueError):
        Checkpoint(origin, size, root)


lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1)


@given(lines, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(lines))
def test_every_checkpoint_is_read_as_it_was_written(origin, size, root, extensions):
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse(checkpoint.text()) == checkpoint
