"""`make demo`: open the stage, tell the story act by act, and leave everything running to be tried."""

import asyncio
import signal
from pathlib import Path

import uvloop

from gateway.demo.acts import (
    cast,
    ceiling,
    change,
    console,
    farewell,
    nightly,
    proof,
    pulls,
    refusals,
    silence,
    stops,
    third_door,
)
from gateway.demo.opening import open_stage
from gateway.demo.screen import Screen
from gateway.demo.stage import Stage
from gateway.demo.state import STATE

ACTS = (
    cast.introduce,
    ceiling.show_ceiling,
    pulls.pull_the_same,
    silence.keep_silent,
    refusals.refuse,
    refusals.refuse_incomplete,
    change.change_policy,
    stops.stop_member,
    stops.suspend_partner,
    third_door.answer_member,
    nightly.deliver_nightly,
    proof.prove,
    console.open_console,
    farewell.bid_farewell,
)


def tell(
    *,
    once: bool,
    members: int,
    state: Path = STATE,
    port: int = 8400,
    console_port: int = 8401,
    member_system_port: int = 8402,
) -> None:
    """Start everything, tell the story, and stay open until SIGINT or SIGTERM unless `once`.

    Raises CannotStart, and Untrue where anything that the story tells did not happen.
    """
    ports = {"port": port, "console_port": console_port, "member_system_port": member_system_port}
    uvloop.run(_tell(once=once, members=members, state=state, ports=ports))


async def _tell(*, once: bool, members: int, state: Path, ports: dict[str, int]) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    screen = Screen()
    async with open_stage(screen, members=members, state=state, **ports) as stage:
        acts = asyncio.create_task(_acts(stage, screen))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({acts, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if acts.done() and acts.exception() is None:
            if once:
                screen.say("ここで閉じます。開いたままにするには `make demo`。", "Closing; `make demo` stays open.")
            else:
                screen.say("開いたままです。Ctrl-C で終わります。", "Everything stays open until Ctrl-C.")
                await stopping
        acts.cancel()
        stopping.cancel()
        (failure,) = await asyncio.gather(acts, return_exceptions=True)
    # Only now: everything is closed in order, whatever befell the story.
    if isinstance(failure, Exception):
        raise failure


async def _acts(stage: Stage, screen: Screen) -> None:
    for act in ACTS:
        await act(stage, screen)
