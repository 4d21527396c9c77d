"""What Python would write as cp932 as another character is not in cp932: refused by its place, or marked and counted."""

from pathlib import Path

import pytest

from gateway.client import Shape, Unencodable
from gateway.client.formats import GETA
from tests.client.export_peer import ExportPeer, people
from tests.client.test_download import pull, table

ELSEWHERE = {
    "CENT": "\xa2",
    "POUND": "\xa3",
    "NOT": "\xac",
    "DOUBLE BAR": "\u2016",
    "MINUS": "\u2212",
    "WAVE": "\u301c",
}
NOWHERE = {"C1": "\x80", "F8F0": "\uf8f0", "F8F3": "\uf8f3"}
CP932 = Shape(encoding="cp932")


def with_name(name: str) -> ExportPeer:
    members = people(3)
    members["00000001"]["name"] = name
    return ExportPeer(members=members)


@pytest.mark.parametrize("sign", [*ELSEWHERE.values(), *NOWHERE.values()], ids=[*ELSEWHERE, *NOWHERE])
def test_a_sign_that_would_arrive_as_another_stops_the_pull(tmp_path: Path, sign: str) -> None:
    target = tmp_path / "members.csv"
    with pytest.raises(Unencodable) as caught:
        pull(with_name(f"1{sign}3").client(), target, fields=["name"], shape=CP932)
    assert (caught.value.record, caught.value.field) == (2, "name")
    assert not target.exists()


@pytest.mark.parametrize("sign", [*ELSEWHERE.values(), *NOWHERE.values()], ids=[*ELSEWHERE, *NOWHERE])
def test_or_a_mark_stands_for_it_and_is_counted(tmp_path: Path, sign: str) -> None:
    target = tmp_path / "members.csv"
    geta = Shape(encoding="cp932", on_unencodable="geta")
    done = pull(with_name(f"{sign}1{sign}").client(), target, fields=["name"], shape=geta)
    assert done.replaced == 2
    assert target.read_bytes().decode("cp932").splitlines()[2] == f"00000001,{GETA}1{GETA}"


def test_everything_else_that_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    had, lost = [], {*ELSEWHERE.values(), *NOWHERE.values()}
    for point in (*range(0x20, 0xD800), *range(0xE000, 0x10000)):
        try:
            chr(point).encode("cp932")
        except UnicodeEncodeError:
            continue
        had.append(chr(point))
    name = "".join(one for one in had if one not in lost and one not in "\uf8f1\uf8f2")
    assert {"\uff5e", "\uff0d", "\ue000", "\ue757", "髙", "﨑", "㈱", "ｶ"} <= {*name}
    target = tmp_path / "members.csv"
    pull(with_name(name).client(), target, fields=["name"], shape=CP932)
    target.write_bytes(target.read_bytes().decode("cp932").encode())
    assert table(target)[2] == ["00000001", name]
