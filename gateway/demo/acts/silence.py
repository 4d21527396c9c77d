"""Act 4: not available: many causes, one answer; the co-op alone sees how many, and knows why."""

import json

from gateway.demo.awkward import AWKWARD
from gateway.demo.screen import Screen, inline
from gateway.demo.stage import Stage
from gateway.tlog.entries import Release

UNKNOWN = "00000099"
"""A code that nobody has."""

_CAUSES: dict[str, tuple[str, str]] = {
    "withdrawn": ("脱退した", "withdrew"),
    "restricted": ("提供の停止を求めた", "provision stop"),
    "stop_use": ("利用の停止を求めた", "use stop"),
    "protected": ("保護の対象", "protected"),
    "outside_programme": ("すくすく会員でない", "not enrolled"),
    "programme_ended": ("すくすく会員を終えた", "enrolment ended"),
    "moved": ("県外に転居(範囲は山形県)", "moved away"),
    "no_delivery": ("共同購入を使っていない", "not a user"),
    "stale": ("7日より古い情報", "record too old"),
    "null_name": ("氏名が空欄", "mandatory field empty"),
    "malformed": ("電話番号が数値", "malformed record"),
}
_REFUSED = 2
"""The last two: records that the gateway cannot read as the catalogue says."""


async def keep_silent(stage: Stage, screen: Screen) -> None:
    """Let a partner ask for members whom it may not have, each for another cause, and look at both sides."""
    screen.act("理由は、提供先には言わない", "Why somebody is not available, the partner never learns")
    codes = {AWKWARD[name]: cause for name, cause in _CAUSES.items()}
    codes |= {UNKNOWN: ("そのコードの人はいない", "nobody")}
    marketing = AWKWARD["marketing_stop"]
    transfer = await stage.pull("sunnet", "P4", [*codes, marketing])
    answers = {result.member: {"status": result.status, "data": result.data} for result in transfer}
    table = screen.table(
        ("組合員", "Member"),
        ("生協だけが知っていること", "What the co-op alone knows"),
        ("サンネットが受け取ったもの", "What the partner received"),
        widths=(8, 38, 47),
    )
    everybody = codes | {marketing: ("案内だけの停止を求めた", "marketing stop")}
    for code, cause in everybody.items():
        received = json.dumps({"member": code, "status": answers[code]["status"]}, separators=(",", ":"))
        more = ",…}" if answers[code]["data"] else "}"
        table.add_row(code, inline(*cause), received[:-1] + more)
    screen.show(table)
    alike = {json.dumps(answer) for code, answer in answers.items() if code != marketing}
    screen.claim(
        alike == {'{"status": "not_available", "data": null}'} and marketing in transfer.released,
        f"{len(codes)}の理由に、答えは1通り。いないコードとも見分けがつかない",
        f"{len(codes)} causes, one answer; the same as for a code that nobody has",
    )
    entry = await stage.entry(transfer.receipt.index)
    assert isinstance(entry, Release)
    counts = entry.counts
    screen.claim(
        (counts.asked, counts.released, counts.not_available, counts.refused)
        == (len(codes) + 1, 1, len(codes) - _REFUSED, _REFUSED),
        f"生協のログ #{transfer.receipt.index}: 照会{counts.asked}人、提供{counts.released}人、"
        f"提供できない{counts.not_available}人、基幹システムの不備{counts.refused}人",
        "the co-op's log counts them, and tells its own malformed records apart",
    )
