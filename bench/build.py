"""What the benchmarks know of a build: its process, and requests to it that are ready to be sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx2

from bench.load import Answer
from bench.partner import Asked, Partner

Groups = Sequence[tuple[str, ...]]
"""The member codes of each request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Requests as bytes, and what opens an answer to one of them and counts the members in it."""

    requests: list[bytes] = field(repr=False)
    opened: Callable[[Answer], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build of the job, serving."""

    name: str
    pid: int
    port: int
    ready: Callable[[Groups], Ready]


def ready_for(partner: Partner, asked: list[Asked]) -> Ready:
    """Return signed requests to this gateway as they travel."""
    host = partner.config.issuer.removeprefix("http://")

    def opened(answer: Answer) -> int:
        lines = answer.head.decode("latin-1").split("\r\n")[1:]
        headers = [tuple(line.split(": ", 1)) for line in lines]
        response = httpx2.Response(200, headers=headers, content=answer.body)  # type: ignore[arg-type]  # pairs
        return len(partner.open(asked[answer.request], response).released)

    return Ready(requests=[one.on_the_wire(host) for one in asked], opened=opened)
