"""What a locked head decides about a batch, in the order of transfer-log.md "Append" step 2, without storage."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from gateway.core.state import Effect
from gateway.ports import MAX_SKEW, Bounced, Committed, OverQuota, Replayed, Submission, Unavailable, Verdict
from gateway.tlog.merkle import Frontier

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

effect_encoder = msgspec.json.Encoder()
effect_decoder = msgspec.json.Decoder(Effect)


def ms(instant: datetime) -> int:
    """Return an instant as milliseconds since 1970 UTC, cut off."""
    return (instant - _EPOCH) // _MS


class HeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """The head as read under its lock."""

    next_index: int
    frontier: Frontier
    gov: int
    last_ts: int

    def timestamp(self, now: int) -> int:
        """Return the batch's time: never before the last one's. Raises Unavailable where the clock lags too far."""
        if self.last_ts > now + MAX_SKEW // _MS:
            raise Unavailable("this machine's clock is behind the log's last entry")
        return max(self.last_ts, now)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A batch decided: a verdict each, and what to write."""

    verdicts: list[Verdict]
    accepted: list[tuple[int, Submission]]
    """(index, submission), ascending."""
    unused: list[bytes]
    """Replay keys that were taken for submissions which then failed a later check; they must not stay."""
    quotas: dict[tuple[str, str], int]
    """(grant, day) → members counted after this batch, only where it changed."""
    frontier: Frontier
    gov: int

    def head(self, ts: int) -> HeadRow:
        """Return the head as it is once this is committed."""
        return HeadRow(next_index=self.frontier.size, frontier=self.frontier, gov=self.gov, last_ts=ts)


def stale(submission: Submission, gov: int, ts: int) -> bool:
    """Tell whether a decision no longer stands: decided under another governance entry, ended, or too old."""
    return (
        (submission.gov is not None and submission.gov != gov)
        or (submission.valid_until is not None and ts >= ms(submission.valid_until))
        or (submission.deadline is not None and ts >= ms(submission.deadline))
    )


def settle(
    head: HeadRow,
    batch: Sequence[Submission],
    *,
    ts: int,
    fresh: Collection[bytes],
    used: Mapping[tuple[str, str], int],
) -> Settled:
    """Decide each submission in turn: (a) stale, (b) replayed, (c) over quota; survivors get the next index.

    `fresh` are the replay keys that had not been seen before this batch, `used` the members counted so far.
    """
    verdicts: list[Verdict] = []
    accepted: list[tuple[int, Submission]] = []
    taken: set[bytes] = set()
    members = dict(used)
    changed: set[tuple[str, str]] = set()
    gov, index = head.gov, head.next_index
    for submission in batch:
        key = submission.replay[0] if submission.replay else None
        quota = submission.quota
        if stale(submission, gov, ts):
            verdicts.append(Bounced(gov))
        elif key is not None and (key not in fresh or key in taken):
            verdicts.append(Replayed())
        elif quota is not None and members.get((quota.grant, quota.day), 0) + quota.members > quota.most:
            verdicts.append(OverQuota())
        else:
            if key is not None:
                taken.add(key)
            counted: int | None = None
            if quota is not None:
                counter = (quota.grant, quota.day)
                counted = members[counter] = members.get(counter, 0) + quota.members
                changed.add(counter)
            verdicts.append(Committed(index, counted))
            accepted.append((index, submission))
            if submission.governs:
                gov = index
            index += 1
    return Settled(
        verdicts=verdicts,
        accepted=accepted,
        unused=[key for key in fresh if key not in taken],
        quotas={counter: members[counter] for counter in changed},
        frontier=head.frontier.extend(submission.leaf for _, submission in accepted),
        gov=gov,
    )


def replay_rows(batch: Sequence[Submission]) -> dict[bytes, int]:
    """Return the distinct replay keys of a batch with their expiry; one INSERT returns a key it meets twice only once."""
    return {submission.replay[0]: ms(submission.replay[1]) for submission in batch if submission.replay}
