"""Act 12: the log, exported and verified by somebody who trusts nobody; then with one byte changed."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway.app.keys import checkpoint_signers
from gateway.demo.people import Member
from gateway.demo.screen import Screen, both
from gateway.demo.stage import Stage
from gateway.demo.state import COOP
from gateway.oversight.log.checkpoints import publish_checkpoint
from gateway.oversight.log.export import export
from gateway.tlog.entries import Release, decode
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.note import parse_vkey
from gateway.tlog.tiles import WIDTH, bundle_path, parse_bundle
from gateway.tlog.verify import Report, verify

VALUES = ("member_code", "name", "name_kana", "birth_date", "address_line", "phone", "email", "bank_account")


async def prove(stage: Stage, screen: Screen) -> None:
    """Export the log, verify it, hold the partners' receipts against it, and verify a copy with one byte changed."""
    screen.act("提供ログを、だれも信用せずに検証する", "The log, verified by somebody who trusts nobody")
    signer = checkpoint_signers(stage.settings, stage.office.keys)[COOP]
    folder, key_file = stage.state / "log", stage.state / "log.vkey"
    office = stage.office
    await publish_checkpoint(office.log, office.publications, COOP, signer)
    checkpoint = await export(office.log, office.publications, COOP, folder)
    key_file.write_text(signer.key.encode() + "\n", encoding="utf-8")
    report = _verify(screen, folder, key_file)
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(report.counts.items()))
    screen.claim(
        report.ok and report.size == checkpoint.size,
        f"{checkpoint.size}件の記録: 署名、ハッシュ木、根、書式、順序、そのとき有効だった決定。改ざんは見つからない",
        f"signature, entries, tiles, root, schema, time, gov: {kinds}",
    )
    entries = list(_entries(folder, checkpoint.size))
    held = [one for one in stage.receipts if entries[one.index : one.index + 1]]
    screen.claim(
        len(held) == len(stage.receipts) == sum(isinstance(decode(entry), Release) for entry in entries)
        and all(leaf_hash(entries[one.index]) == one.leaf_hash for one in held),
        f"提供先の手元にある受領証{len(held)}通は、1通残らずログの記録と一致し、ログの提供の数とも等しい",
        f"all {len(held)} receipts the partners hold match their entries, and there is no release without one",
    )
    screen.claim(
        not _told(entries) & _known(stage.people.values()),
        f"ログには、{len(stage.people):,}人のだれの氏名・組合員コード・住所・電話番号も書かれていない",
        "no member's name, code, address or telephone number stands in the log",
    )
    _tamper(stage, screen, entries, folder, key_file)


def _verify(screen: Screen, folder: Path, key_file: Path) -> Report:
    key = parse_vkey(key_file.read_text(encoding="utf-8").strip())

    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    with screen.progress() as bars:
        task = bars.add_task("検証 / verify", total=None)
        return verify(
            read,
            known=[key],
            origin=key.name,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )


def _tamper(stage: Stage, screen: Screen, entries: list[bytes], folder: Path, key_file: Path) -> None:
    """Change one digit of one release in a copy of the log, and verify that."""
    released = b'"released":'
    index = max(number for number, entry in enumerate(entries) if b'"page":true' in entry and released in entry)
    copy = stage.state / "log-altered"
    shutil.copytree(folder, copy)
    first = index // WIDTH * WIDTH
    file = copy / bundle_path(index // WIDTH, width=min(WIDTH, len(entries) - first))
    # Each entry stands after its length in two bytes.
    at = sum(2 + len(entry) for entry in entries[first:index]) + 2 + entries[index].index(released) + len(released)
    data = bytearray(file.read_bytes())
    before = data[at : at + 1].decode()
    data[at] ^= 1
    file.write_bytes(data)
    report = _verify(screen, copy, key_file)
    screen.gap()
    screen.say(
        f"写しの1バイトだけを書き換える。#{index}の提供人数の1桁を「{before}」から「{data[at : at + 1].decode()}」に。",
        f"Now one byte of a copy is changed, a digit of the number of members released in entry {index}:",
    )
    finding = report.finding
    if finding is not None:
        screen.point("✘", both(f"{finding.code}: 最初の誤りは#{report.first_bad_index}", finding.sentence), style="red")
    screen.claim(
        not report.ok and report.first_bad_index == index,
        "たった1バイトの書き換えも見つかり、場所まで言い当てられる",
        "one byte is found, and the first bad index named",
    )


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for first in range(0, size, WIDTH):
        yield from parse_bundle((folder / bundle_path(first // WIDTH, width=min(WIDTH, size - first))).read_bytes())


def _told(entries: Iterable[bytes]) -> set[str]:
    """Return every text and key that stands in the entries."""
    told: set[str] = set()

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                told.add(key)
                gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)
        elif isinstance(value, str):
            told.add(value)

    for entry in entries:
        gather(msgspec.json.decode(entry))
    return told


def _known(people: Iterable[Member]) -> set[str]:
    return {member[column] for member in people for column in VALUES if isinstance(member[column], str)}
