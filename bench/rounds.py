"""Interleaved rounds: every build in turn, again and again, so that whatever befalls the machine befalls all alike."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.build import Build, Groups
from bench.load import CONNECTIONS, Failed, fire
from bench.machine import Progress
from bench.world import World

_FEWEST = 4
"""Requests a connection gets at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of one build; CPU in µs per request, of the build's processes, what it asks, and the load itself."""

    rate: float
    p50: float
    p99: float
    server: float
    source: float
    database: float
    load: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All rounds of one build."""

    name: str
    rounds: tuple[Round, ...]

    def median(self, what: str) -> float:
        """Return the median of a figure over the rounds."""
        return median(getattr(one, what) for one in self.rounds)

    @property
    def spread(self) -> float:
        """How far a round's CPU lay from the median at most, as a share of it."""
        middle = self.median("server")
        return max(abs(one.server - middle) for one in self.rounds) / middle


async def interleaved(
    world: World,
    groups: Callable[[int], Groups],
    *,
    rounds: int,
    seconds: float,
    connections: int = CONNECTIONS,
    progress: Progress,
) -> list[Result]:
    """Measure every build; `groups` gives the codes of so many requests. Raises Failed."""
    rates = [await _warm(build, groups, connections) for build in world.builds]
    done: list[list[Round]] = [[] for _ in world.builds]
    for number in range(rounds):
        for build, rate, kept in zip(world.builds, rates, done, strict=True):
            progress(f"round {number + 1} of {rounds}: {build.name}")
            count = max(_FEWEST * connections, int(rate * seconds))
            kept.append(await _round(world, build, groups(count), connections))
    return [Result(name=b.name, rounds=tuple(kept)) for b, kept in zip(world.builds, done, strict=True)]


async def _warm(build: Build, groups: Callable[[int], Groups], connections: int) -> float:
    """Warm a build up and return how many requests a second it may be given."""
    for _ in range(2):
        ready = build.ready(groups(_FEWEST * connections))
        fired = await fire(build.port, ready.requests, connections=connections)
    return len(ready.requests) / fired.seconds


async def _round(world: World, build: Build, groups: Groups, connections: int) -> Round:
    ready = build.ready(groups)
    gc.collect()
    before, mine = world.spent(build), time.process_time()
    fired = await fire(build.port, ready.requests, connections=connections)
    mine = time.process_time() - mine
    spent = {name: after - before[name] for name, after in world.spent(build).items()}
    for sample in fired.samples:
        if ready.opened(sample) != len(groups[sample.request]):
            raise Failed(f"an answer of `{build.name}` does not hold what was asked")
    each = 1e6 / len(groups)
    return Round(
        rate=len(groups) / fired.seconds,
        p50=fired.percentile(0.50),
        p99=fired.percentile(0.99),
        load=mine * each,
        **{name: seconds * each for name, seconds in spent.items()},
    )


def spread_over(codes: Sequence[str], size: int) -> Callable[[int], Groups]:
    """Return what gives so many groups of `size` codes, walking round and round."""

    def groups(count: int) -> Groups:
        starts = (number * size % len(codes) for number in range(count))
        return [tuple(codes[(start + offset) % len(codes)] for offset in range(size)) for start in starts]

    return groups
