"""Cases in every state, and a look at a member whose data was provided, for the pages of both to be looked at."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gateway.app.oversight import oversight_of
from gateway.core.members.rights import Agent, Answer, Case, Decision, Identity
from gateway.oversight.members import cases
from gateway.oversight.members.look_ups import look
from tests.house import COOP

if TYPE_CHECKING:
    from tests.console.furnished import Furnished


async def furnish_members(made: "Furnished") -> None:
    """Take requests in and leave them where they are; let 法務 look one member up for one of them."""
    desk = oversight_of(made.house.settings, made.house.stores)
    today = cases.today_of(desk)
    identity = Identity(method="document", result="confirmed", on=today)
    sunnet = made.house.partners["sunnet"]
    sunnet.tokens.clear()
    member = [*(await sunnet.pull("P4", ["member_code", "name"], page={"limit": 30})).released][3]
    agent = Agent(kind="appointed", name="代理 太郎", mandate="委-7", sealed=True, identity="document")

    async def taken(**changes: Any) -> cases.Kept:
        values: dict[str, Any] = {
            "kind": "disclose",
            "subject": "member",
            "member": member,
            "name": "髙﨑 𠮷邊",
            "asked": "自分の情報を渡した先を知りたい",
            "form": "pdf",
            "received": today - timedelta(days=2),
            "office": "C-01",
            "channel": "delivery",
        }
        return await cases.open_case(desk, COOP, Case(**{**values, **changes}), by="homu")

    await taken(kind="notify_purpose", subject="staff", member=None, received=today - timedelta(days=20))
    checked = await taken(agent=agent, received=today - timedelta(days=12))
    checked = await cases.identify(desk, checked, identity, revision=1, by="homu")
    checked = await cases.answer(desk, checked, Answer(form="pdf", on=today, digest="d" * 43), by="homu")
    stopped = await taken(kind="stop_provide", received=today - timedelta(days=10))
    stopped = await cases.identify(desk, stopped, identity, revision=1, by="homu")
    partly = Decision(outcome="partly", reason="共済の引受に必要な範囲は停止できないため", on=today)
    await cases.decide(desk, stopped, partly, revision=2, by="homu")
    over = await taken(kind="complain", channel="telephone")
    over = await cases.identify(desk, over, identity, revision=1, by="homu")
    over = await cases.decide(desk, over, Decision(outcome="granted", reason="", on=today), revision=2, by="homu")
    await cases.close(desk, over, revision=3, by="homu")
    await made.house.stop(member, kind="marketing_stop")
    await made.house.stores.snapshots.refresh(COOP)
    token = await look(desk, COOP, member, by="homu", reason="開示の請求への回答", case=checked.id)
    made.starts.setdefault("homu", []).append(f"/{COOP}/members/{token}")
