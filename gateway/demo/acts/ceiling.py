"""Act 2: the published notice is the ceiling; a grant wider than it cannot even be loaded."""

from collections import defaultdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from gateway.adapters.policy_files.finding import PolicyRefused
from gateway.core.policy import Policy
from gateway.demo.enrol import read
from gateway.demo.screen import Screen, both
from gateway.demo.stage import Stage
from gateway.demo.state import COOP

_JOINT = {
    "yes": ("含む", "yes", "green"),
    "review": ("未決定", "review", "yellow"),
    "no": ("含まない", "no", "red"),
}


async def show_ceiling(stage: Stage, screen: Screen) -> None:
    """Show purposes and items of the notice, and try to grant more than it says."""
    screen.act("公表事項は、提供の上限", "The published notice is the ceiling of every release")
    policy = await stage.policy()
    notice, document = policy.notices[-1], stage.documents[COOP]
    published = document.notices[notice.version]
    assert published.joint_use.purpose is not None
    screen.say(
        f"{notice.version}の公表事項。共同利用の目的は「{published.joint_use.purpose.text}」",
        "The purpose of joint use is narrower than the 13 purposes of use; who read each yes, and when, is on record.",
    )
    screen.gap()
    screen.show(_purposes(stage, screen, policy))
    screen.gap()
    screen.say("商品・サービスの範囲", "Product classes, the third axis")
    for product, text in (published.products or {}).items():
        screen.point(product, Text(text))
    screen.gap()
    screen.show(_items(stage, screen, policy))
    screen.gap()
    within = {purpose.id for purpose in notice.purposes.values() if purpose.joint == "yes"}
    asked = {grant.purpose for one in policy.agreements.values() for grant in one.grants}
    screen.claim(
        asked <= within,
        f"提供範囲は、共同利用に含むと判断された{len(within)}つの目的にしかない",
        f"grants exist for the {len(within)} purposes alone that were read as joint use",
    )
    users = {user.partner for user in notice.users}
    screen.claim(
        not notice.gaps and {one.partner for one in policy.agreements.values()} <= users,
        "公表事項には法27条5項3号の事項がそろい、"
        f"契約のある提供先はどれも、公表された共同利用者{len(users)}者の中にある",
        "the notice is complete, and every partner with an agreement is among its joint users",
    )
    too_wide(stage, screen)


def _purposes(stage: Stage, screen: Screen, policy: Policy) -> Table:
    table = screen.table(
        ("番号", "No."),
        ("利用目的 (公表の文言)", "Purpose of use, as published"),
        ("共同利用", "Joint use"),
        ("提供範囲", "Granted to"),
        widths=(4, 60, 14, 12),
    )
    texts = stage.documents[COOP].notices[policy.notices[-1].version].purposes
    granted: dict[str, list[str]] = defaultdict(list)
    for agreement in policy.agreements.values():
        for code in {grant.purpose for grant in agreement.grants}:
            granted[code].append(agreement.partner)
    for purpose in policy.notices[-1].purposes.values():
        ja, en, colour = _JOINT[purpose.joint]
        table.add_row(
            purpose.id,
            texts[purpose.id].text,
            Text.assemble((ja, colour), (f" {en}", "dim")),
            "\n".join(sorted(granted[purpose.id])),
        )
    return table


def _items(stage: Stage, screen: Screen, policy: Policy) -> Table:
    table = screen.table(
        ("項目", "Item"),
        ("公表の項目名", "Label, as published"),
        ("当たるデータ項目", "Fields that stand under it"),
        widths=(4, 32, 57),
    )
    labels = stage.documents[COOP].notices[policy.notices[-1].version].joint_use.items or {}
    for item in policy.notices[-1].items.values():
        decided = {
            field: decision.id for decision in policy.decisions if decision.item == item.id for field in decision.fields
        }
        inside = [f"{policy.fields[name].ja} {name}" for name in sorted(item.fields)]
        inside += [f"{policy.fields[name].ja} {name} (決定 {decided[name]})" for name in sorted(decided)]
        empty = Text("空: 決定があるまで、何も入らない / open-ended and empty", style="yellow")
        table.add_row(item.id, labels[item.id].label, "\n".join(inside) or empty)
    return table


def too_wide(stage: Stage, screen: Screen) -> None:
    """Write a grant wider than the notice into the office's files; it is refused, and the file put back."""
    file = stage.state / "office" / "policies" / COOP / "agreements" / "sunnet.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(
        before.replace("          phone: as_is\n", "          phone: as_is\n          bank_account: as_is\n", 1)
    )
    screen.gap()
    screen.say(
        "ためしに、サンネットの提供範囲に「口座番号」を書き足して読み込むと、",
        "Add the bank account number to a grant's file, and load it:",
    )
    try:
        read(stage.settings, COOP)
    except PolicyRefused as refused:
        errors = [finding for finding in refused.findings if finding.severity == "error"]
    else:
        errors = []
    finally:
        file.write_text(before, encoding="utf-8")
    for finding in errors:
        where = f"{Path(finding.file).name}:{finding.line}"
        screen.point(
            "✘",
            both(
                f"{where} {finding.message_ja} → {finding.mend_ja} [{finding.rule}]",
                f"{finding.message_en}; {finding.mend_en}",
            ),
            style="red",
        )
    screen.claim(
        errors and all(finding.subject == "bank_account" for finding in errors),
        "上限を超える提供範囲は、提案も承認も公布もできない。ファイルから読み込むこともできない",
        "a wider grant can be neither proposed, approved, published nor loaded",
    )
