"""Whether entries that are proved to be in the log keep its rules: steps 7 to 9 of the verifier, and 10 along with them.

7. Every entry is one that the closed schema allows, with instants written as they must be; it is of the co-op whose
   log this is; and its transfer is not one of those just before it (of the last 8,192 at least).
8. I6: an entry that was decided under a policy names the last governance entry before it (-1: there was none). A
   release was decided before its permit ran out, to a partner whose last state was active, under the version that was
   in force at its time: of the versions published before it that had taken effect, the one that did so last. A denial
   that names a version names a published one. Once somebody was given a role, the keys of a partner are registered as
   one person asked and another approved; what names a request was asked for, and is decided once, by another person.
   A follow-up that blocks is one of governance, and so is the one answer that meets its duty; from the day that it names
   until that answer, nothing is released to its partner under its agreement.
9. No entry's time lies more than 30 seconds below the greatest time before it.
10. A review is what the log says of its period (reviewed.py); its root is proved when all tiles are.

INVARIANT: instants are compared as bytes; that their shape is the one fixed width is checked first.
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter, lt
from typing import Final

from gateway.tlog.alike import Alike, Run
from gateway.tlog.duties import NEVER, Duties
from gateway.tlog.entries import Ack, Denial, Entry, FollowUp, Partner, Publish, Release, Review, Staff, decode, governs
from gateway.tlog.findings import Code, Finding, Refused
from gateway.tlog.reviewed import Reviewed

TOLERANCE: Final = timedelta(seconds=30)
WINDOW: Final = 8_192
MOST_SETTLED: Final = 512

_WIDTH: Final = len("2026-11-22T05:06:07.123Z")
_ASKED: Final = frozenset({"keys_asked", "resume_asked"})
_ALONE: Final = frozenset({"active", "suspended", "key_ends"})
_NOTHING: Final = (b"", b"", "")  # begins and ends before every instant


class Content:
    """The rules over the entries of one log, given in order; the first breach is kept, what follows it is not read."""

    def __init__(self, *, coop: str) -> None:
        self.finding: Finding | None = None
        self.reviewed = Reviewed()
        self._coop = coop
        self._alike = Alike()
        self._settled: dict[int, Release] = {}  # by identity: those that keep step 8 as things stand
        self._counts: Counter[type[Entry]] = Counter()
        self._governance = -1
        self._active: set[str] = set()
        self._staffed = False
        self._asked: dict[str, Partner] = {}  # request → the entry that asked for it, until it is decided
        self._duties = Duties()
        self._versions: list[tuple[bytes, int, str]] = []  # (effective, index, digest), sorted
        self._in_force = _NOTHING  # (from, until, digest) of the version that the last release was under
        self._latest = b""
        self._transfers: set[bytes] = set()
        self._transfers_before: set[bytes] = set()

    @property
    def counts(self) -> dict[str, int]:
        """How many entries of each kind were read."""
        return {str(each.__struct_config__.tag): count for each, count in self._counts.items()}

    def check(self, bundle: Sequence[bytes], *, first: int) -> None:
        """Hold the next entries, of which the first has the index `first`, against the rules."""
        if self.finding is not None:
            return
        at = 0
        try:
            while at < len(bundle):
                run = self._alike.run(bundle, at)
                after = at + len(run.likes)
                if self._accepts(run):
                    at = after
                # One by one, and in full: those that are not accepted at once, and the one that ended the run.
                while at <= min(after, len(bundle) - 1):
                    self._check(first + at, bundle[at])
                    at += 1
        except Refused as refused:
            self.finding = refused.finding
        except ValueError:
            self.finding = Finding(Code.ENTRY_UNKNOWN, f"entry {first + at} is not what any schema allows", first + at)

    def _accepts(self, run: Run) -> bool:
        """Take steps 7 to 9 for releases that follow one another, if it can be told at once that they keep all rules."""
        if not run.sound or not run.likes:
            return False
        begun, ends, _ = self._in_force
        earliest, latest = min(run.times), max(run.times)
        transfers = set(run.transfers)
        if not (
            begun <= earliest
            and latest < ends
            and all(map(lt, run.times, run.valid_untils))
            and self._settled.keys() >= set(map(id, run.likes))
            and len(transfers) == len(run.transfers)
            and transfers.isdisjoint(self._transfers)
            and transfers.isdisjoint(self._transfers_before)
            and (
                (self._latest <= run.times[0] and run.times == sorted(run.times))
                or not _too_far_apart(earliest, max(latest, self._latest))
            )
        ):
            return False
        self._counts[Release] += len(run.likes)
        self.reviewed.count("release", run.times)
        self._latest = max(latest, self._latest)
        self._remember(transfers)
        return True

    def _check(self, index: int, data: bytes) -> None:
        entry = decode(data)  # 7
        time = _instant(entry.time)
        if entry.coop != self._coop:
            raise Refused(Code.COOP_OTHER, f"entry {index} is of another co-op", index=index)
        if isinstance(entry, Release):
            valid_until = _instant(entry.valid_until)
            self._alike.learn(data, entry)
            self._check_release(index, entry, time, valid_until)
            self.reviewed.count("release", [time])
            return
        self._counts[type(entry)] += 1
        if isinstance(entry, Denial) and entry.transfer is not None:
            self._check_transfer(index, entry.transfer.encode())
        self._check_governance(index, entry)  # 8
        if isinstance(entry, Denial) and entry.policy is not None:
            if all(entry.policy != digest for _, _, digest in self._versions):
                raise Refused(Code.POLICY_OTHER, f"denial {index} names a policy that was not published", index=index)
        elif isinstance(entry, Staff) and entry.event == "role_given":
            self._staffed = True
        elif isinstance(entry, FollowUp | Ack):
            self._duties.take(index, entry)
        if governs(entry):
            self._govern(index, entry)
        self._check_time(index, time)  # 9
        if isinstance(entry, Review):
            self.reviewed.check(index, entry)  # 10
        self.reviewed.count(entry.kind, [time])

    def _check_release(self, index: int, entry: Release, time: bytes, valid_until: bytes) -> None:
        """Take the rest of steps 7 to 9 for a release."""
        self._counts[Release] += 1
        self._check_transfer(index, entry.transfer.encode())  # 7
        begun, ends, _ = self._in_force  # 8
        if not begun <= time < ends:
            self._in_force = self._version_at(time)
            self._settled.clear()
        self._settle(index, entry)
        if time >= valid_until:
            raise Refused(Code.PERMIT_EXPIRED, f"release {index} was decided when its permit had run out", index=index)
        self._check_time(index, time)  # 9

    def _settle(self, index: int, like: Release) -> None:
        """Hold what does not differ among releases that are alike against what governance has put in force."""
        self._check_governance(index, like)
        if like.policy != self._in_force[2]:
            raise Refused(
                Code.POLICY_OTHER, f"release {index} names a policy that was not in force at its time", index=index
            )
        if self._duties.overdue(like, self._in_force[0]):
            raise Refused(
                Code.PARTNER_OVERDUE,
                f"release {index} went to a partner whose duty was overdue and not met",
                index=index,
            )
        if like.partner not in self._active:
            raise Refused(Code.PARTNER_INACTIVE, f"release {index} went to a partner that was not active", index=index)
        if len(self._settled) >= MOST_SETTLED:
            self._settled.clear()
        self._settled[id(like)] = like

    def _check_transfer(self, index: int, transfer: bytes) -> None:
        if transfer in self._transfers or transfer in self._transfers_before:
            raise Refused(Code.TRANSFER_TWICE, f"entry {index} is of a transfer that has an entry already", index=index)
        self._remember({transfer})

    def _remember(self, transfers: set[bytes]) -> None:
        self._transfers |= transfers
        if len(self._transfers) >= WINDOW:
            # Flat memory: two generations are remembered.
            self._transfers_before, self._transfers = self._transfers, set()

    def _check_governance(self, index: int, entry: Entry) -> None:
        gov = getattr(entry, "gov", None)
        if gov is not None and gov != self._governance:
            raise Refused(
                Code.GOVERNANCE_STALE,
                f"entry {index} was decided under governance entry {gov}, but {self._governance} was in force",
                index=index,
            )

    def _check_time(self, index: int, time: bytes) -> None:
        if time >= self._latest:
            self._latest = time
        elif _too_far_apart(time, self._latest):
            raise Refused(
                Code.TIME_BACKWARDS, f"entry {index} is dated more than 30 seconds before an earlier one", index=index
            )

    def _govern(self, index: int, entry: Entry) -> None:
        self._governance = index
        self._settled.clear()
        if isinstance(entry, Publish):
            insort(self._versions, (_instant(entry.effective), index, entry.policy))
            self._in_force = _NOTHING
        elif isinstance(entry, FollowUp | Ack):
            self._in_force = _NOTHING
        elif isinstance(entry, Partner):
            self._check_people(index, entry)
            if entry.event == "active":
                self._active.add(entry.partner)
            elif entry.event == "suspended":
                self._active.discard(entry.partner)

    def _check_people(self, index: int, entry: Partner) -> None:
        """Hold what takes two people against what was asked for: the same thing, once, approved by another."""
        if entry.event in _ASKED:
            fits = entry.request is not None and entry.request not in self._asked
            self._asked[entry.request or ""] = entry
        elif entry.request is not None:
            asked = self._asked.pop(entry.request, None)
            fits = asked is not None and _answers(entry, asked)
        else:
            # Where no role was given yet, one person sets the gateway up; a resumption may name both in one entry.
            fits = entry.event in _ALONE or (entry.event == "key_added" and not self._staffed)
        if not fits:
            raise Refused(
                Code.ONE_PERSON,
                f"entry {index} does what takes two people, and is not what one asked for and another approved",
                index=index,
            )

    def _version_at(self, time: bytes) -> tuple[bytes, bytes, str]:
        """Give (from, until, digest) of what is in force at an instant: of those begun, the version published last.

        No digest before the first begins. Between two beginnings, of versions or of what blocks, nothing changes.
        """
        after = bisect_right(self._versions, time, key=itemgetter(0))
        begun, ends = self._duties.around(time)
        until = min(self._versions[after][0] if after < len(self._versions) else NEVER, ends)
        if not after:
            return begun, until, ""
        _, _, digest = max(self._versions[:after], key=itemgetter(1))
        return max(self._versions[after - 1][0], begun), until, digest


def _answers(entry: Partner, asked: Partner) -> bool:
    """Tell whether an entry decides what was asked for, by the people who may."""
    if (entry.partner, entry.client) != (asked.partner, asked.client):
        return False
    match entry.event:
        case "request_withdrawn":
            return True
        case "request_refused":
            return entry.by != asked.by
        case "keys_added":
            same = asked.event == "keys_asked" and (entry.keys, entry.proof) == (asked.keys, asked.proof)
        case _:
            same = asked.event == "resume_asked" and entry.event == "active"
    return same and entry.by == asked.by and entry.approver not in {None, asked.by}


def _too_far_apart(earlier: bytes, later: bytes) -> bool:
    """Tell whether one instant is more than 30 seconds before another; none is before the first."""
    if earlier >= later or not later:
        return False
    return datetime.fromisoformat(later.decode()) - datetime.fromisoformat(earlier.decode()) > TOLERANCE


def _instant(text: str) -> bytes:
    """Give an instant as its bytes; ValueError unless it is in its one fixed-width form, UTC with milliseconds."""
    if len(text) != _WIDTH or text[4:20:3] != "--T::." or text[-1] != "Z":
        raise ValueError("an instant is written as RFC 3339 UTC with milliseconds")
    datetime.fromisoformat(text)
    return text.encode()
