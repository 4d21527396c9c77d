"""Acts 5 and 6: requests that were refused, and a co-op whose notice is incomplete."""

import json
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import msgspec
from rich.text import Text

from gateway.adapters.policy_files.names import NAMES
from gateway.client import Refused, protocol
from gateway.client.config import Config
from gateway.demo.acts.fields import words
from gateway.demo.awkward import AWKWARD
from gateway.demo.screen import Screen, Untrue, both, inline
from gateway.demo.stage import PartnerSystem, Stage
from gateway.demo.state import COOP, INCOMPLETE
from gateway.tlog.entries import Denial

MORE = "bank_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refused request: what the partner saw, and the entry the log made of it, where it made one."""

    status: int
    problem: dict[str, Any]
    entry: Denial | None
    index: int


async def refused(stage: Stage, system: PartnerSystem, attempt: Awaitable[object], *, coop: str = COOP) -> Refusal:
    """Return how an attempt was refused. Raises Untrue where it was not, or where the log says otherwise."""
    size = len(await stage.entries(coop))
    try:
        await attempt
    except Refused:
        assert system.seen is not None
        new = (await stage.entries(coop))[size:]
        if new and not (len(new) == 1 and isinstance(new[0], Denial)):
            raise Untrue("拒否は1件の記録になる\na refusal becomes one entry") from None
        return Refusal(
            status=system.seen.status_code,
            problem=msgspec.json.decode(system.seen.content),
            entry=new[0] if new and isinstance(new[0], Denial) else None,
            index=size,
        )
    raise Untrue("拒否される\nthe request is refused")


class Greedy(httpx2.AsyncHTTPTransport):
    """A partner's connection that signs for one field more than its access token was issued for."""

    def __init__(self, system: PartnerSystem, purpose: str, codes: list[str]) -> None:
        super().__init__()
        self._system, self._purpose, self._codes = system, purpose, codes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request, a transfer with one more field."""
        if request.url.path.endswith("/transfers"):
            ask = self._system.config.ask(self._purpose)
            ask = replace(ask, fields=(*ask.fields, MORE))
            jws = protocol.signed_request(
                self._system.config, ask, key=self._system.keys.sig, now=int(time.time()), members=tuple(self._codes)
            ).jws
            request = protocol.resource_request(
                "POST",
                str(request.url),
                token=request.headers["Authorization"].removeprefix("DPoP "),
                dpop=request.headers["DPoP"],
                jws=jws,
            )
        return await super().handle_async_request(request)


async def refuse(stage: Stage, screen: Screen) -> None:
    """Let partners ask for too much in three ways; show what each saw beside what the log says."""
    screen.act("拒否", "Refusals: what the partner sees, and what the log says")
    sunnet, jccu, codes = stage.partners["sunnet"], stage.partners["jccu"], [AWKWARD["takasaki"]]
    calls = stage.member_system.state.calls
    wide = _asking_more(sunnet.config, "P4")
    async with sunnet.connection(Greedy(sunnet, "P4", codes)) as greedy:
        refusals = [
            await refused(stage, sunnet, sunnet.with_config(wide).pull("P4", codes)),
            await refused(stage, sunnet, sunnet.with_config(sunnet.config, http=greedy).pull("P4", codes)),
            await refused(stage, jccu, jccu.with_config(_careless(jccu.config, "P12")).pull("P12", codes)),
        ]
    asked = (
        ("サンネットが、口座番号まで求めてアクセストークンを請求する", "asks for a token for one field too many"),
        (
            "サンネットが、手元のトークンで、口座番号まで書いた要求に署名する",
            "signs for one more than its token is for",
        ),
        ("日本生協連が、不具合の連絡(P12)を案件番号なしで求める", "gives no case number where one is due"),
    )
    for number, (what, refusal) in enumerate(zip(asked, refusals, strict=True), 1):
        screen.point(str(number), both(*what), style="bold")
        screen.gap()
        show_refusal(screen, refusal)
    door, beyond, caseless = refusals
    screen.claim(
        door.entry is None and beyond.entry is not None and MORE in beyond.entry.fields,
        "1つ多いだけで、要求全体を断る。許された項目だけを渡すこともしない",
        "one field too many refuses the whole request; nothing is released in part",
    )
    shown = [refusal.problem | {"request_id": ""} for refusal in (beyond, caseless)]
    screen.claim(
        shown[0] == shown[1] and beyond.problem["request_id"] != caseless.problem["request_id"],
        "どの拒否も、提供先には同じ文書に見える。理由は生協のログにだけ残る",
        "every refusal looks the same to the partner; the reasons stand in the co-op's log alone",
    )
    screen.claim(
        stage.member_system.state.calls == calls,
        "断った要求では、基幹システムに1件も問い合わせていない",
        "for what was refused, the member system was not asked at all",
    )


async def refuse_incomplete(stage: Stage, screen: Screen) -> None:
    """Let a partner ask コープデリ, whose notice lacks what the law demands."""
    screen.act("不備のある公表事項: コープデリ", "An incomplete notice: コープデリ")
    system = stage.partners[f"jccu-{INCOMPLETE}"]
    purpose = system.config.purposes[0].purpose
    refusal = await refused(stage, system, system.client.pull(purpose, ["00012345"]), coop=INCOMPLETE)
    notice = (await stage.policy(INCOMPLETE)).notices[-1]
    show_refusal(screen, refusal)
    screen.say(
        f"公表事項 {notice.version} に欠けている事項(法27条5項3号):",
        f"What the notice of {notice.version} lacks of Art. 27(5)(iii):",
    )
    for number, gap in enumerate(notice.gaps, 1):
        ja, en = NAMES[gap]
        screen.point(str(number), inline(ja, en), style="yellow")
    screen.claim(
        refusal.entry is not None
        and f"notice:{notice.version}:incomplete" in refusal.entry.reasons
        and len(notice.gaps) == 5,
        "5つの事項が公表されるまで、契約があっても1件も提供されない。推測で補うこともしない",
        "until the five are published nothing leaves, agreement or not; and nothing is invented to fill them",
    )


def _asking_more(config: Config, purpose: str) -> Config:
    purposes = (replace(one, fields=(*one.fields, MORE)) if one.purpose == purpose else one for one in config.purposes)
    return replace(config, purposes=tuple(purposes))


def _careless(config: Config, purpose: str) -> Config:
    purposes = (replace(one, case_required=False) if one.purpose == purpose else one for one in config.purposes)
    return replace(config, purposes=tuple(purposes))


def show_refusal(screen: Screen, refusal: Refusal) -> None:
    """Show what the partner saw, as it came, beside what the log says, in words."""
    table = screen.table(("提供先が見たもの", "What the partner saw"), ("提供ログ", "The log"), widths=(49, 47))
    seen = json.dumps(refusal.problem, ensure_ascii=False, indent=1)
    table.add_row(Text.assemble((f"HTTP {refusal.status}\n", "bold"), seen), _logged(refusal))
    screen.show(table)
    screen.gap()


def _logged(refusal: Refusal) -> Text:
    if refusal.entry is None:
        return both("記録なし。要求に至っていない", "no entry: it never came to a request")
    lines = [Text(f"#{refusal.index} denial", style="bold")]
    for reason in refusal.entry.reasons:
        ja, en = words(reason)
        lines += [Text(reason, style="yellow"), Text(f" {ja}"), Text(f" {en}", style="dim")]
    if MORE in refusal.entry.fields:
        lines += [Text(f"fields: {', '.join(refusal.entry.fields)}", style="dim")]
    return Text("\n").join(lines)
