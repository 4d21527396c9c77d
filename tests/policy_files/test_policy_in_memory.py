"""Files in a mapping mean what the same files on a disk mean, and whatever they say, the check answers."""

import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.edit import set_value
from gateway.adapters.policy_files.finding import PolicyRefused
from gateway.adapters.policy_files.folder import files_of
from gateway.adapters.policy_files.in_memory import CheckedFiles, grant_path
from gateway.adapters.policy_files.lint import lint
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve, resolve_bytes
from gateway.ports.proposals import PolicyFiles

COOPS = ("kyoritsusha", "coopdeli")
SUNNET = "policies/kyoritsusha/agreements/sunnet.yaml"
NOTICE = "policies/kyoritsusha/notices/2022-04-01.yaml"
ARCHIVE = "policies/kyoritsusha/source/2022-04-01.txt"

BROKEN = {
    "nothing": (None, None, None),
    "an unknown key": (SUNNET, "retention_days: 90", "retain_days: 90"),
    "no yaml": (SUNNET, "products: [G1]", "products: [G1"),
    "a bare no": (NOTICE, 'joint: "no"', "joint: no"),
    "an altered archive": (ARCHIVE, "共立社", "共同社"),
    "a breach of the ceiling": (SUNNET, "purpose: P4", "purpose: P13"),
    "no notice": (NOTICE, None, None),
    "no archive": (ARCHIVE, None, None),
    "a partner without name": ("partners/sunnet.yaml", "name:", "nom:"),
    "two of one number": ("partners/jccu.yaml", "corporate_number: null", 'corporate_number: "7000012050002"'),
    "a grant that stands twice": ("policies/kyoritsusha/agreements/jccu.yaml", "kyoritsusha-jccu-01", "kyoritsusha-sunnet-01"),
    "a file nobody reads": ("policies/kyoritsusha/agreements/old.yml", "", "x"),
    "a partner file nobody reads": ("partners/old/x.yaml", "", "x"),
    "a note": ("policies/kyoritsusha/README.md", "", "覚え書き"),
}  # fmt: skip


def told(findings, root):
    """Return the findings of a disk as a proposal tells them."""
    return [
        (f.file.removeprefix(f"{root}/"), f.line, f.severity, f.rule, f"{f.message_ja} → {f.mend_ja}", f"{f.message_en}; {f.mend_en}")
        for f in findings
    ]  # fmt: skip


def said(checked):
    return [(one.file, one.line, one.severity, one.rule, one.ja, one.en) for one in checked.findings]


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize("coop", COOPS)
def test_a_mapping_makes_the_document_of_the_folders(root, coop, samples):
    files = files_of(root / "policies", root / "partners", coop)
    checking: PolicyFiles = CheckedFiles(samples=samples)
    checked = checking.check(coop, files)
    document = load(root / "policies", root / "partners", coop, samples=samples).document
    assert checked.document == document.canonical()
    assert checked.digest == document.digest
    assert checked.policy == resolve(document) == resolve_bytes(checked.document, checked.digest)
    assert said(checked) == told(lint(root / "policies" / coop, samples=samples), root)


@pytest.mark.parametrize("case", BROKEN)
def test_a_mapping_has_the_findings_of_the_folders(room, case):
    file, old, new = BROKEN[case]
    if file is not None and old is None:
        (room.root / file).unlink()
    elif old == "":
        room.add(file, new)
    elif file is not None:
        room.edit(file, old, new)
    for coop in COOPS:
        checked = CheckedFiles(samples=True).check(coop, files_of(room.policies, room.partners, coop))
        assert said(checked) == told(room.lint(coop), room.root)
        try:
            assert checked.digest == load(room.policies, room.partners, coop, samples=True).document.digest
        except PolicyRefused:
            assert (checked.document, checked.digest, checked.policy) == (None, None, None)
            assert all(one.ja != one.en for one in checked.findings)


@pytest.mark.parametrize(
    "name",
    ["policies/coopdeli/fields.yaml", "/etc/fields.yaml", "policies/kyoritsusha/../coopdeli/fields.yaml", "policies/kyoritsusha//fields.yaml",
     "policies/kyoritsusha/./fields.yaml", "policies/kyoritsusha/.hidden.yaml", "policies/kyoritsusha/agreements/x.yaml~", "fields.yaml", "",
     "partners", "policies/kyoritsusha", "policies\\kyoritsusha\\x.yaml", "policies/kyoritsusha/agreements/\u202ex.yaml", "partners/\x00.yaml"],
)  # fmt: skip
def test_a_name_that_does_not_belong_is_a_finding(root, name):
    files = files_of(root / "policies", root / "partners", "kyoritsusha")
    checked = CheckedFiles(samples=True).check("kyoritsusha", {**files, name: "x: 1\n"})
    assert checked.document is None
    (error,) = (one for one in checked.findings if one.severity == "error")
    assert (error.file, error.line) == (name, 1)


def test_nothing_is_a_document_of_no_files():
    for coop in ("kyoritsusha", "..", "", "a/b"):
        checked = CheckedFiles(samples=True).check(coop, {})
        assert checked.document is None
        assert [one.severity for one in checked.findings] == ["error"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_finding_stands_at_its_line_of_the_edited_text(root, newline):
    files = dict(files_of(root / "policies", root / "partners", "kyoritsusha"))
    checking = CheckedFiles(samples=True)
    before = checking.check("kyoritsusha", files)
    file, path = grant_path(files, "kyoritsusha-sunnet-01", "delivery")
    text = checking.set(files[file].replace("\n", newline), (*path, "care_level"), "as_is")
    text = "# 𠮷野\u3000髙﨑" + newline + text
    checked = checking.check("kyoritsusha", {**files, file: text})
    assert checked.document is None
    errors = [one for one in checked.findings if one.severity == "error"]
    assert errors
    for error in errors:
        assert error.file == file
        assert text.split(newline)[error.line - 1].strip() == "care_level: as_is"
    taken = checking.set(text, (*path, "care_level"), None)
    after = checking.check("kyoritsusha", {**files, file: taken})
    assert after.digest == before.digest
    assert taken == ("# 𠮷野\u3000髙﨑\n" + files[file]).replace("\n", newline)


def test_every_grant_of_the_policy_is_found_under_its_keys(root):
    files = files_of(root / "policies", root / "partners", "kyoritsusha")
    policy = CheckedFiles(samples=True).check("kyoritsusha", files).policy
    assert policy is not None
    for agreement in policy.agreements.values():
        for grant in agreement.grants:
            name = grant.id.removeprefix(f"{agreement.id}.")
            wanted = (f"policies/kyoritsusha/agreements/{agreement.partner}.yaml", ("agreements", agreement.id, "grants", name, "fields"))  # fmt: skip
            assert grant_path(files, agreement.id, name) == grant_path(files, agreement.id, grant.id) == wanted
            file, path = wanted
            for field, transform in grant.fields.items():
                assert set_value(files[file], (*path, field), str(transform)) == files[file]


def test_a_grant_that_no_file_has_is_not_found(root):
    files = dict(files_of(root / "policies", root / "partners", "kyoritsusha"))
    for agreement, grant in (("kyoritsusha-sunnet-02", "delivery"), ("kyoritsusha-sunnet-01", "nothing")):
        with pytest.raises(KeyError):
            grant_path(files, agreement, grant)
    twice = {**files, "policies/kyoritsusha/agreements/x.yaml": files[SUNNET]}
    with pytest.raises(KeyError):
        grant_path(twice, "kyoritsusha-sunnet-01", "delivery")
    with pytest.raises(KeyError):
        grant_path({**files, SUNNET: "a: [1"}, "kyoritsusha-sunnet-01", "delivery")


EXTREMES = ["9999-12-31", "0001-01-01", "-1", "0", "999999999999999", "null", "[]", "{}", '""', '"(((("', "true", "[[]]", "見本", '"a{99999999999}"', '"\\x00"']  # fmt: skip


@pytest.fixture(scope="module")
def real(root):
    return {coop: files_of(root / "policies", root / "partners", coop) for coop in COOPS}


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_one_value_says_the_check_answers(real, data):
    coop = data.draw(st.sampled_from(COOPS))
    files = dict(real[coop])
    file = data.draw(st.sampled_from(sorted(files)))
    lines = files[file].split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    head, colon, _ = lines[at].partition(": ")
    lines[at] = head + colon + data.draw(st.sampled_from(EXTREMES) | st.text(max_size=5))
    files[file] = "\n".join(lines)
    checked = CheckedFiles(samples=True).check(coop, files)
    assert (checked.document is None) == any(one.severity == "error" for one in checked.findings)
    assert all(one.file in files and one.line >= 1 for one in checked.findings)


@pytest.mark.parametrize(
    ("file", "old", "new", "refused"),
    [
        (SUNNET, "due: 2027-03-10", "due: 9999-12-31", False),
        (SUNNET, "basis: joint_use", 'basis: joint_use\n    evidence: {from: "0001-01-01T00:00+09:00"}', False),
        (SUNNET, "basis: joint_use", 'basis: joint_use\n    evidence: {expires: "9999-12-31T23:00-09:00"}', False),
        ("policies/kyoritsusha/fields.yaml", '"^[0-9]{8}$"', '"a{99999999999999}"', True),
        ("policies/kyoritsusha/fields.yaml", '"^[0-9]{8}$"', f'"{"(" * 1900}{")" * 1900}"', True),
        ("policies/kyoritsusha/fields.yaml", "example: 髙﨑 花子", 'example: "\\ud800"', True),
        (SUNNET, "coop: kyoritsusha", "coop: \ud800", True),
    ],
)
def test_the_ends_of_the_calendar_and_monstrous_patterns_are_answered_too(real, file, old, new, refused):
    files = dict(real["kyoritsusha"])
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    checked = CheckedFiles(samples=True).check("kyoritsusha", files)
    assert (checked.document is None) == refused
    assert refused == any(one.severity == "error" and one.file == file for one in checked.findings)
