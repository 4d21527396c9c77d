"""Files go out of the folders and back without a byte changed, and nothing beside them is touched."""

import os
import stat

import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.folder import FileRefused, files_of, write_files
from gateway.adapters.policy_files.shelf import belongs

COOPS = ("kyoritsusha", "coopdeli")
FIELDS = "policies/kyoritsusha/fields.yaml"
SOURCE = "policies/kyoritsusha/source.yaml"


def on_disk(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


@pytest.mark.parametrize("coop", COOPS)
def test_every_file_of_a_coop_is_taken_in_as_it_stands(root, coop):
    files = files_of(root / "policies", root / "partners", coop)
    wanted = {f"policies/{coop}/{name}": data for name, data in on_disk(root / "policies" / coop).items()}
    wanted |= {f"partners/{name}": data for name, data in on_disk(root / "partners").items()}
    assert {name: text.encode() for name, text in files.items()} == wanted
    assert any(name.startswith(f"policies/{coop}/source/") for name in files)


def test_out_and_in_again_is_the_identity(root, tmp_path):
    policies, partners = tmp_path / "new" / "policies", tmp_path / "new" / "partners"
    for coop in COOPS:
        files = files_of(root / "policies", root / "partners", coop)
        written = write_files(files, policies, partners)
        assert (written.left, written.pruned) == ((), ())
        assert files_of(policies, partners, coop) == files
    assert on_disk(policies) == on_disk(root / "policies")
    assert on_disk(partners) == on_disk(root / "partners")
    again = write_files(files_of(policies, partners, "coopdeli"), policies, partners)
    assert (again.changed, again.left, again.pruned) == ((), (), ())
    assert sorted(one.name for one in (tmp_path / "new").iterdir()) == ["partners", "policies"]


@settings(deadline=None, max_examples=30)
@given(text=st.text(st.characters(codec="utf-8")))
def test_every_text_comes_back_as_it_was(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("texts")
    files = {"policies/a/README.md": text, "policies/a/notices/x.yaml": f"\ufeff{text}\r\n", "partners/b.yaml": text}
    write_files(files, folder / "policies", folder / "partners")
    assert files_of(folder / "policies", folder / "partners", "a") == files


def test_notes_go_with_the_coop_and_editors_copies_do_not(room):
    room.add("policies/kyoritsusha/README.md", "覚え書き")
    room.add("policies/kyoritsusha/agreements/.sunnet.yaml.swp", "x")
    room.add("policies/kyoritsusha/agreements/sunnet.yaml~", "x")
    room.add("partners/README.md", "x")
    before = on_disk(room.root)
    files = files_of(room.policies, room.partners, "kyoritsusha")
    assert files["policies/kyoritsusha/README.md"] == "覚え書き"
    assert not [name for name in files if "swp" in name or "~" in name or name == "partners/README.md"]
    assert write_files(files, room.policies, room.partners, prune=True).pruned == ()
    assert on_disk(room.root) == before


@pytest.mark.parametrize(
    "name", ["policies/kyoritsusha/decisions/a.yaml", "partners/a.yaml", "policies/kyoritsusha/x.md"]
)
def test_what_is_not_utf_8_or_a_link_is_refused_by_name(room, name):
    file = room.root / name
    file.write_bytes("契約".encode("cp932"))
    with pytest.raises(FileRefused) as refused:
        files_of(room.policies, room.partners, "kyoritsusha")
    assert refused.value.file == name
    assert refused.value.ja != refused.value.en
    file.unlink()
    file.symlink_to("/etc/hostname")
    with pytest.raises(FileRefused) as refused:
        files_of(room.policies, room.partners, "kyoritsusha")
    assert refused.value.file == name


def test_a_coop_that_is_a_link_or_no_name_is_refused(room):
    (room.policies / "other").symlink_to(room.policies / "kyoritsusha")
    for coop in ("other", "..", "", "kyoritsusha/agreements", "/etc"):
        with pytest.raises(FileRefused):
            files_of(room.policies, room.partners, coop)


ELSEWHERE = [
    "/etc/x.yaml", "../x.yaml", "policies/../x.yaml", "policies/kyoritsusha/../../x.yaml", "policies/x.yaml", "x.yaml", "", "policies/kyoritsusha/",
    "policies//x.yaml", "policies/./kyoritsusha/x.yaml", "partners/../x.yaml", "partners/.x.yaml", "policies/kyoritsusha/.git/config", "policies/A/x.yaml",
    "policies/kyoritsusha/a\\b.yaml", "policies/kyoritsusha/a\nb.yaml", "keys/kyoritsusha/log.pem", "policies/kyoritsusha/agreements",
    "policies/kyoritsusha/fields.yaml/x", "policies/kyoritsusha/linked/x.yaml", "policies/kyoritsusha/linked.yaml", "partners/linked.yaml",
    "policies/kyoritsusha/pipe", "policies/linked/x.yaml", "policies/kyoritsusha/\ud800.yaml",
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_nothing_leads_out_of_the_two_folders(room, name):
    outside = room.root / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text("x")
    (room.policies / "kyoritsusha" / "linked").symlink_to(outside)
    (room.policies / "kyoritsusha" / "linked.yaml").symlink_to(outside / "x.yaml")
    (room.partners / "linked.yaml").symlink_to(outside / "x.yaml")
    (room.policies / "linked").symlink_to(outside)
    os.mkfifo(room.policies / "kyoritsusha" / "pipe")
    before = on_disk(room.root)
    with pytest.raises(FileRefused) as refused:
        write_files({SOURCE: "changed", name: "y"}, room.policies, room.partners, prune=True)
    assert refused.value.file == name
    assert on_disk(room.root) == before


def test_a_file_cannot_stand_where_a_folder_shall(room):
    before = on_disk(room.root)
    with pytest.raises(FileRefused):
        write_files({"policies/kyoritsusha/a/b": "x", "policies/kyoritsusha/a": "y"}, room.policies, room.partners)
    with pytest.raises(FileRefused):
        write_files({FIELDS: "changed", "partners/a.yaml": "\ud800"}, room.policies, room.partners)
    assert on_disk(room.root) == before


@given(st.lists(st.sampled_from(["policies", "partners", "kyoritsusha", "..", ".", "", "a", "a~", ".a", "\\", "\x00"]), max_size=5))  # fmt: skip
def test_a_name_that_belongs_stays_within(parts):
    name = "/".join(parts)
    if belongs(name):
        assert os.path.normpath(name) == name
        assert name.startswith(("policies/", "partners/"))


def test_what_the_mapping_does_not_hold_is_told_and_goes_only_when_asked(room):
    files = dict(files_of(room.policies, room.partners, "kyoritsusha"))
    gone = "policies/kyoritsusha/agreements/jccu.yaml"
    del files[gone], files["partners/jccu.yaml"]
    (room.policies / "kyoritsusha" / "link").symlink_to(room.partners / "jccu.yaml")
    link = "policies/kyoritsusha/link"
    before = on_disk(room.root)
    written = write_files(files, room.policies, room.partners)
    assert (written.changed, written.left, written.pruned) == ((), (gone, link), ())
    assert on_disk(room.root) == before
    written = write_files(files, room.policies, room.partners, prune=True)
    assert (written.changed, written.left, written.pruned) == ((), (), (gone, link))
    del before[gone], before[link]
    assert on_disk(room.root) == before


def test_only_what_changed_is_replaced_and_keeps_its_mode(room):
    file = room.root / FIELDS
    file.chmod(0o664)
    other = room.root / "partners/jccu.yaml"
    files = dict(files_of(room.policies, room.partners, "kyoritsusha"))
    files[FIELDS] += "# 追記\n"
    before = (file.stat().st_ino, other.stat().st_ino, other.stat().st_mtime_ns)
    held = file.open()
    written = write_files(files, room.policies, room.partners)
    assert written.changed == (FIELDS,)
    # Whoever reads the old file goes on reading it whole; the new one is another file.
    assert held.read() + "# 追記\n" == file.read_text() == files[FIELDS]
    held.close()
    assert file.stat().st_ino != before[0]
    assert (other.stat().st_ino, other.stat().st_mtime_ns) == before[1:]
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    assert not [name for name in on_disk(room.root) if name.endswith(".new")]


def test_a_disk_that_fails_leaves_the_old_file_whole(room):
    # A hidden folder stands where the copy would be made: nothing can be written there.
    files = files_of(room.policies, room.partners, "kyoritsusha")
    (room.policies / "kyoritsusha" / f".fields.yaml.{os.getpid()}.new").mkdir()
    before = on_disk(room.root)
    with pytest.raises(OSError, match="fields"):
        write_files({**files, FIELDS: "changed"}, room.policies, room.partners)
    assert on_disk(room.root) == before
