"""C2SP signed-note: the published notes open, and nothing else does."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from gateway.tlog.note import (
    BadSignature,
    Ed25519Signer,
    MalformedNote,
    NoKnownSignature,
    VerifierKey,
    open_note,
    parse_vkey,
    sign_note,
)
from tests.tlog.exported_log import make_signer

# The example of the specification, and the two keys of the Go package from which the format comes.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

peter, enoch = parse_vkey(PETER_KEY), parse_vkey(ENOCH_KEY)


@pytest.mark.parametrize("vkey", [SPEC_KEY, PETER_KEY, ENOCH_KEY])
def test_a_published_key_is_read_and_written_back(vkey):
    key = parse_vkey(vkey)
    assert key.encode() == vkey
    assert key.key_id.hex() == vkey.split("+")[1]


def test_the_example_of_the_specification_opens():
    opened = open_note(SPEC_NOTE.encode(), [parse_vkey(SPEC_KEY)])
    assert opened.text == "This is an example message.\n"
    assert opened.signed_by == (parse_vkey(SPEC_KEY),)


def test_signing_gives_the_published_note():
    signer = Ed25519Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))
    assert signer.key == peter
    assert sign_note(TEXT, [signer]) == (TEXT + "\n" + PETER).encode()


def test_both_known_signatures_count():
    note = (TEXT + "\n" + PETER + ENOCH).encode()
    assert open_note(note, [enoch, peter]).signed_by == (peter, enoch)


def test_a_signature_of_an_unknown_key_is_ignored():
    note = (TEXT + "\n" + PETER + ENOCH).encode()
    assert open_note(note, [enoch]).signed_by == (enoch,)
    forged = ENOCH[:-10] + "AAAAAAAA=\n"
    assert open_note((TEXT + "\n" + PETER + forged).encode(), [peter]).text == TEXT


def test_a_key_that_shares_only_the_name_is_another_key():
    stranger = make_signer(7, "PeterNeumann").key
    with pytest.raises(NoKnownSignature):
        open_note((TEXT + "\n" + PETER).encode(), [stranger])


def test_a_bad_signature_of_a_known_key_refuses_the_whole_note():
    changed = TEXT.replace("answer", "Answer") + "\n"
    with pytest.raises(BadSignature):
        open_note((changed + PETER).encode(), [peter])
    with pytest.raises(BadSignature):  # even beside a good one
        open_note(
            (TEXT + "\n" + PETER + ENOCH.replace("GLox", "GLoy").replace("WWd1", "WWd2")).encode(), [peter, enoch]
        )


def test_without_a_known_key_nothing_opens():
    with pytest.raises(NoKnownSignature):
        open_note((TEXT + "\n" + PETER).encode(), [])


def test_the_text_may_hold_empty_lines():
    text = "one\n\n\ntwo\n\u2028\n"
    assert open_note(sign_note(text, [make_signer(1)]), [make_signer(1).key]).text == text


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        TEXT + PETER,
        TEXT + "\n" + PETER[:-1],
        TEXT + "\n" + PETER + "\n",
        TEXT + "\n" + PETER.removeprefix("— "),
        TEXT + "\n" + PETER.replace("—", "-"),
        TEXT + "\n" + PETER.replace("PeterNeumann ", ""),
        TEXT + "\n" + PETER.replace("PeterNeumann", ""),
        TEXT + "\n" + PETER.replace("PeterNeumann", "Peter+Neumann"),
        TEXT + "\n" + PETER.replace("PeterNeumann", "Peter\u3000Neumann"),
        TEXT + "\n" + PETER.replace("=\n", "\n"),
        TEXT + "\n" + PETER.replace("nAM=", "nAN="),  # the same bytes, spelled otherwise
        TEXT + "\n" + "— PeterNeumann x08gow==\n",
        TEXT + "\n" + PETER.replace("\n", "\r\n"),
        TEXT.replace(" ", "\t") + "\n" + PETER,
        TEXT + "\n" + PETER + "— é é\n",
        "x" * 1_000_001 + "\n\n" + PETER,
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(MalformedNote):
        open_note(note.encode(), [peter])


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(MalformedNote):
        open_note(b"\xff\n\n" + PETER.encode(), [peter])


@pytest.mark.parametrize("text", ["", "no newline", "bell\a\n", "\ud800\n"])
def test_what_cannot_be_a_note_is_not_signed(text):
    with pytest.raises(ValueError):
        sign_note(text, [make_signer(1)])


def test_a_note_is_signed_by_someone():
    with pytest.raises(ValueError, match="at least one"):
        sign_note("text\n", [])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x7f\x01"])
def test_a_name_that_could_not_be_read_back_is_refused(name):
    with pytest.raises(ValueError, match=r"name|control"):
        VerifierKey(name, bytes(32))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+530d903a",
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("foo", "bar"),
        SPEC_KEY.replace("AekyeR", "BekyeR"),  # type 04
        SPEC_KEY[:-4],
        SPEC_KEY + "=",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_no_key_is_refused(vkey):
    with pytest.raises(ValueError):
        parse_vkey(vkey)


printable = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])).filter(lambda text: "\n" not in text)


@given(st.lists(printable, min_size=1))
def test_whatever_is_signed_opens_as_it_was(lines):
    text = "\n".join(lines) + "\n"
    signers = [make_signer(1), make_signer(2, "other")]
    opened = open_note(sign_note(text, signers), [each.key for each in signers])
    assert opened.text == text
    assert opened.signed_by == tuple(each.key for each in signers)


@given(st.binary())
def test_opening_never_fails_otherwise(data):
    with pytest.raises((MalformedNote, NoKnownSignature)):
        open_note(data, [peter])
