"""What is remembered of earlier checks changes nothing but the time that a check takes."""

import gc
import json
import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.folder import files_of
from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.remembered import MOST, Remembered, afresh

COOPS = ("kyoritsusha", "coopdeli")
SUNNET, JCCU = (f"policies/kyoritsusha/agreements/{partner}.yaml" for partner in ("sunnet", "jccu"))
SAID = re.compile(r"(?P<name>[a-z_]+): (?P<value>[^,{}\[\]\n]+)")


@pytest.fixture(scope="module")
def real(root):
    return {coop: dict(files_of(root / "policies", root / "partners", coop)) for coop in COOPS}


@pytest.fixture(scope="module")
def remembering():
    """Two checks that live as long as this module, as a console's live as long as it is served."""
    return {samples: CheckedFiles(samples=samples) for samples in (True, False)}


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(COOPS), st.booleans())
def test_after_any_edits_a_check_finds_what_a_check_afresh_finds(real, remembering, chance, coop, samples):
    files = real[coop]
    for _ in range(4):
        files = edited(files, chance)
        checked = remembering[samples].check(coop, files)
        assert checked == CheckedFiles(samples=samples).check(coop, files, afresh=True)
        # An edit that cannot be read hides what the rules over all files say.
        if checked.policy is None and chance.random() < 0.7:
            files = real[coop]


def edited(files: dict[str, str], chance: random.Random) -> dict[str, str]:
    """Return the files with one of them changed, most often so that it still has its shape."""
    name = chance.choice(sorted(name for name in files if name.endswith(".yaml")))
    text = files[name]
    match chance.choice(["value"] * 8 + ["line", "twice", "gone", "copied"]):
        case "value":
            return {**files, name: valued(files, text, chance)}
        case "line":
            lines = text.splitlines(keepends=True)
            del lines[chance.randrange(len(lines))]
            return {**files, name: "".join(lines)}
        case "twice":
            lines = text.splitlines(keepends=True)
            at = chance.randrange(len(lines))
            return {**files, name: "".join([*lines[:at], lines[at], *lines[at:]])}
        case "gone":
            return {other: said for other, said in files.items() if other != name}
    other = chance.choice(sorted(files))
    return {**files, other: text}


def valued(files: dict[str, str], text: str, chance: random.Random) -> str:
    """Return a text in which one member says what a member of that name says elsewhere."""
    found = list(SAID.finditer(text))
    if not found:
        return text
    at = chance.choice(found)
    among = sorted(
        {one["value"] for other in files.values() for one in SAID.finditer(other) if one["name"] == at["name"]}
    )
    return text[: at.start("value")] + chance.choice(among) + text[at.end("value") :]


CHANGED = {
    "the partner moves abroad": ("partners/sunnet.yaml", "country: JP", "country: US"),
    "a field becomes financial": ("policies/kyoritsusha/fields.yaml", "class: ordinary", "class: financial"),
    "the notice ends": ("policies/kyoritsusha/notices/2022-04-01.yaml", 'joint: "no"', "joint: review"),
    "another agreement begins": (JCCU, "2026-04-01", "2026-05-01"),
    "its own term": (SUNNET, "2026-04-01", "2026-05-01"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_whatever_an_agreement_is_judged_by_is_looked_at_again(real, case):
    file, old, new = CHANGED[case]
    files = real["kyoritsusha"]
    assert old in files[file]
    checking = CheckedFiles(samples=True)
    before = checking.check("kyoritsusha", files)
    changed = {**files, file: files[file].replace(old, new)}
    checked = checking.check("kyoritsusha", changed)
    assert checked == checking.check("kyoritsusha", changed, afresh=True)
    assert checking.check("kyoritsusha", files) == before


def test_a_save_makes_what_it_changed_and_publication_makes_everything(real):
    files = real["kyoritsusha"]
    checking = CheckedFiles(samples=True)
    before = checking.check("kyoritsusha", files).policy
    changed = {**files, SUNNET: files[SUNNET].replace("retention_days: 90", "retention_days: 91", 1)}
    after = checking.check("kyoritsusha", changed).policy
    again = checking.check("kyoritsusha", changed, afresh=True).policy
    assert before is not None
    assert after is not None
    assert again == after
    made = {name for name, one in after.agreements.items() if one is not before.agreements[name]}
    assert made == {"kyoritsusha-sunnet-01"}
    assert after.notices is before.notices
    assert not [name for name, one in again.agreements.items() if one is after.agreements[name]]


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize("coop", COOPS)
def test_the_parts_of_a_document_make_the_bytes_of_the_whole(root, coop, samples):
    document = load(root / "policies", root / "partners", coop, samples=samples).document
    plain = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    whole = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    remembered = Remembered()
    assert document.canonical() == document.canonical(made=remembered) == document.canonical(made=remembered) == whole


class Part:
    """Something that cannot be told from another by what it says."""

    def __init__(self, said: int) -> None:
        self.said = said


def test_parts_are_the_same_objects_and_texts_say_the_same():
    made, calls = Remembered(), []

    def make(name: str, part: Part, more: Part | None) -> list[object]:
        calls.append((name, part.said))
        return [name, part.said]

    one, other = Part(1), Part(1)
    first = made(make, "a", one, None)
    assert made(make, str(b"a", "ascii"), one, None) is first
    assert made(make, "a", other, None) is not first
    assert made(make, "a", one, other) is not first
    assert afresh(make, "a", one, None) is not first
    assert calls == [("a", 1)] * 4


def test_no_later_object_takes_the_place_of_one_that_is_gone():
    made = Remembered()

    def said(part: Part) -> int:
        return part.said

    def asked() -> Iterator[int]:
        for number in range(MOST + MOST // 2):
            yield made(said, Part(number))

    assert list(asked()) == list(range(MOST + MOST // 2))
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, Part)]
    assert len(kept) == MOST
