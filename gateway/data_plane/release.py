"""Step 7: Sealed + Receipt → answer; Denial → refusal. The first byte leaves here, after the entry is durable."""

from gateway.core.outcome import Denial, Receipt, Sealed
from gateway.data_plane.caller import unauthenticated
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Answer, Asking
from gateway.oauth.rfc6749 import OAuthError
from gateway.ports import Bounced
from gateway.web.problems import Problem

RETRY_S = 5


def release(
    desk: Desk, asking: Asking, decided: Sealed | Denial | None, outcome: Receipt | Denial | Bounced | None
) -> Answer:
    """Return the answer of a release that holds a Receipt. Raises the Problem of everything else."""
    match decided, outcome:
        case Sealed(), Receipt():
            desk.telemetry.count("transfers", coop=asking.coop, outcome="released")
            return Answer(
                coop=asking.coop,
                index=outcome.index,
                body=decided.body,
                receipt=outcome.jws,
                allowance=outcome.allowance,
            )
        case _, Receipt():
            raise refusal(desk, asking, None)
        case _:
            raise refusal(desk, asking, outcome)


def refusal(desk: Desk, asking: Asking, outcome: Denial | Bounced | None) -> Problem:
    """Return the Problem of what is not released."""
    match outcome:
        case Denial():
            desk.telemetry.count("transfers", coop=asking.coop, outcome=outcome.slug)
            if outcome.slug == "invalid-request-object":
                return unauthenticated(desk, OAuthError("invalid_request_object", "request:object"))
            return Problem(
                outcome.slug,
                pointer=outcome.pointer,
                retry_after=RETRY_S if outcome.slug == "unavailable" else None,
            )
        case _:
            # Bounced once too often: the log is open, but the state in force moves faster than this request.
            desk.telemetry.count("transfers", coop=asking.coop, outcome="bounced")
            return Problem("unavailable", retry_after=1)
