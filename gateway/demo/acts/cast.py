"""Act 1: who is who."""

from rich.table import Table

from gateway.app.storage import origin_of
from gateway.demo.screen import Screen, both
from gateway.demo.stage import Stage
from gateway.demo.state import COOP, INCOMPLETE


async def introduce(stage: Stage, screen: Screen) -> None:
    """Show the co-ops, the gateway and the partners, and what each agreement is for."""
    screen.act("登場人物", "Who is who")
    screen.show(await _house(stage, screen))
    screen.gap()
    screen.show(_partners(stage, screen))
    if stage.moved:
        screen.say(
            "見本の契約・決定の日付は、今年度に合わせて移してあります。", "The samples' dates were moved to this year."
        )


async def _house(stage: Stage, screen: Screen) -> Table:
    table = screen.table(("だれ", "Who"), ("役割", "Part"), widths=(30, 66), leading=1)
    notice = stage.documents[COOP].notices[max(stage.documents[COOP].notices)]
    (party,) = notice.joint_use.responsible_parties
    assert party.name is not None
    assert party.representative is not None
    programme = (notice.applies_to.programmes or ())[0]
    other = stage.documents[INCOMPLETE].notices[max(stage.documents[INCOMPLETE].notices)]
    gaps = (await stage.policy(INCOMPLETE)).notices[-1].gaps
    table.add_row(
        both(party.name.text, "co-op, answers for it all"),
        both(
            f"{party.representative.text} ・ 「{programme.label}」の架空の組合員 {len(stage.people):,}人",
            f"{len(stage.people):,} synthetic members; member system {stage.member_system_url}",
        ),
    )
    table.add_row(
        both("共同利用ゲートウェイ", "the gateway"),
        both(
            f"組合員データが外へ出る、ただ一つの出口 ・ {stage.settings.issuer}",
            f"the one door; transfer log {origin_of(stage.settings, COOP)}",
        ),
    )
    table.add_row(
        both(other.policy.controller.name, "another co-op, same gateway"),
        both(
            f"公表事項に欠けがある({len(gaps)}件、6幕) ・ ログも鍵も共立社とは別",
            f"its notice lacks {len(gaps)} matters (act 6); log and keys of its own",
        ),
    )
    return table


def _partners(stage: Stage, screen: Screen) -> Table:
    table = screen.table(
        ("提供先 (共同利用者)", "Partner, a joint user"),
        ("契約・覚書", "Agreement"),
        ("目的 × 商品の範囲", "Purposes × products"),
        widths=(30, 42, 21),
    )
    document = stage.documents[COOP]
    for partner, agreements in document.agreements.items():
        for agreement in agreements.values():
            granted = "  ".join(f"{grant.purpose}×{'/'.join(grant.products)}" for grant in agreement.grants.values())
            table.add_row(
                both(document.partners[partner].short_name, partner),
                both(agreement.contract.title, f"{agreement.term.start} – {agreement.term.end}"),
                both(granted),
            )
    return table
