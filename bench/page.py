"""A page of 1,000 members: steps 4 and 5 alone in this process, and 1,000 codes in a request to every build."""

from dataclasses import dataclass

from bench.inside import desk_of, each, each_of, framed
from bench.machine import Progress
from bench.partner import PAGE, Asked
from bench.rounds import Result, interleaved, spread_over
from bench.world import World
from gateway.core.outcome import Permit, Sealed
from gateway.data_plane.api.inbound import inbound
from gateway.data_plane.authenticate import authenticate
from gateway.data_plane.decide import decide
from gateway.data_plane.desk import Desk
from gateway.data_plane.fetch import fetch
from gateway.data_plane.minimize import minimize
from gateway.data_plane.protect import protect

CONNECTIONS = 4
_TIMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """CPU µs of steps 4 and 5 for one answer, and how many members it releases."""

    what: str
    members: int
    minimize: float
    protect: float

    @property
    def rate(self) -> float:
        """Members a second on one core."""
        return 1e6 * self.members / (self.minimize + self.protect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What a page costs."""

    steps: list[Steps]
    builds: list[Result]


async def pages(world: World, *, rounds: int, seconds: float, progress: Progress) -> Pages:
    """Measure both ways."""
    progress("page: steps 4 and 5")
    page, codes = world.partner.sign(members=[world.codes[:PAGE]], pages=1)[::-1]
    async with desk_of(world.settings) as desk:
        steps = [await _steps(desk, "page of 1,000 records", page), await _steps(desk, "1,000 codes", codes)]
    builds = await interleaved(
        world,
        spread_over(world.codes, PAGE),
        rounds=rounds,
        seconds=seconds,
        connections=CONNECTIONS,
        progress=lambda told: progress(f"page: {told}"),
    )
    return Pages(steps=steps, builds=builds)


async def _steps(desk: Desk, what: str, asked: Asked) -> Steps:
    asking = authenticate(desk, await inbound(framed(asked, 0), desk.resource + "/transfers", desk.proxies))
    standing = await desk.standing(asking.coop, -1, deadline=asking.deadline)
    permit = decide(desk, asking, standing)
    assert isinstance(permit, Permit)
    fetched = await fetch(desk, asking, permit, None)
    least, minimizing = each(lambda _: minimize(desk, asking, fetched, standing), range(_TIMES))
    sealed, protecting = await each_of(lambda one: protect(desk, asking, one, None), least)
    assert isinstance(sealed[0], Sealed)
    return Steps(what=what, members=sealed[0].released, minimize=minimizing, protect=protecting)
