"""Releases put straight into a log, and a plain model of them: what a leak reached, recounted by hand."""

import hashlib
import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gateway.core.days import jst_day
from gateway.core.identity import FEW, SALT, Chunk, Subject, member_tag
from gateway.core.incidents.incident import Scope, Wanted
from gateway.ports import Committed, Submission
from gateway.tlog.entries import Counts, Erase, Release, encode, instant
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.sets import chunks_of
from tests.house import COOP, House

AGREEMENTS = {"sunnet": "kyoritsusha-sunnet-01", "jccu": "kyoritsusha-jccu-01"}
SETS = (("name", "phone"), ("name", "bank_account"), ("member_code", "care_level"), ("member_code", "child_birth_date"))


@dataclass(frozen=True)
class Leaked:
    """One release as the model keeps it."""

    index: int
    at: datetime
    partner: str
    client: str
    purpose: str
    key: str
    proof: str
    fields: dict[str, str]
    codes: frozenset[str]

    @property
    def given(self) -> set[str]:
        return {name for name, transform in self.fields.items() if transform != "drop"}


@dataclass
class Model:
    """Everything that was released, and which entries have no side rows any more."""

    house: House
    policy: str
    chosen: random.Random = field(default_factory=lambda: random.Random(20261122))
    releases: list[Leaked] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)

    async def release(
        self,
        codes: set[str],
        *,
        partner: str = "sunnet",
        fields: dict[str, str] | None = None,
        key: str = "K1",
        proof: str = "D1",
        purpose: str = "P4",
        client: str = "",
    ) -> int:
        """Append one release of these members."""
        house, now = self.house, self.house.clock()
        given = fields or dict.fromkeys(SETS[0], "as_is")
        secrets = house.stores.keys.coop_secrets(COOP)
        tags = [member_tag(secrets.subject, COOP, code) for code in sorted(codes)]
        subjects: tuple[Subject, ...] = ()
        chunks: tuple[Chunk, ...] = ()
        if len(tags) <= FEW:
            subjects = tuple(Subject(tag, os.urandom(SALT)) for tag in tags)
        else:
            chunks = chunks_of(await house.stores.side_rows.ordinals(COOP, tags), randomness=os.urandom)
        digest, transfer = "A" * 43, hashlib.sha256(os.urandom(16)).hexdigest()[:32]
        entry = Release(
            coop=COOP, time=instant(now), transfer=transfer, valid_until=instant(now), partner=partner,
            client=client or f"{partner}-demo", purpose=purpose, product="G1", basis="joint_use", article="法27条5項3号",
            agreement=AGREEMENTS[partner], grant=f"{AGREEMENTS[partner]}/delivery", notice="2022-04-01",
            policy=self.policy, gov=0, fields=given, counts=Counts(asked=len(codes), released=len(codes)),
            commitment=digest, request=digest, body=digest, proof=proof, page=bool(chunks),
            export="an-export" if len(tags) > 40 else None, part=1 if len(tags) > 40 else None,
            encryption={"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key, "jkt": f"{key}-thumbprint"},
        )  # fmt: skip
        data = encode(entry)
        submission = Submission(
            entry=data, leaf=leaf_hash(data), kind="release", transfer=transfer, partner=partner, purpose=purpose,
            time=now, subjects=subjects, chunks=chunks,
        )  # fmt: skip
        verdict = await house.stores.log.append(COOP, submission)
        assert isinstance(verdict, Committed)
        self.releases.append(
            Leaked(verdict.index, now, partner, entry.client, purpose, key, proof, given, frozenset(codes))
        )
        return verdict.index

    async def at_random(self, count: int, everybody: list[str]) -> None:
        """Append releases of every kind over some days."""
        for _ in range(count):
            size = self.chosen.choice([0, 1, 2, 16, 17, 40, 90])
            fields = dict.fromkeys(self.chosen.choice(SETS), "as_is")
            if self.chosen.random() < 0.2:
                fields["phone"] = "drop"
            partner = self.chosen.choice([*AGREEMENTS])
            await self.release(
                set(self.chosen.sample(everybody, size)),
                partner=partner,
                fields=fields,
                key=self.chosen.choice(["K1", "K2"]),
                proof=self.chosen.choice(["D1", "D2"]),
                purpose=self.chosen.choice(["P4", "P12"]),
                client=f"{partner}-{self.chosen.choice(['demo', 'other'])}",
            )
            if self.chosen.random() < 0.15:
                self.house.clock.advance(hours=self.chosen.choice([5, 19]))

    async def erase(self, first: int, last: int) -> None:
        """Erase the side rows of a range of entries."""
        words = {"first": first, "last": last, "by": "運用", "reason": "保存期間"}
        entry = Erase(coop=COOP, time=instant(self.house.clock()), event="side_rows", **words)  # type: ignore[arg-type]
        data = encode(entry)
        now = self.house.clock()
        submission = Submission(entry=data, leaf=leaf_hash(data), kind="erase", time=now, erase=(first, last))
        assert isinstance(await self.house.stores.log.append(COOP, submission), Committed)
        self.erased |= {one.index for one in self.releases if first <= one.index <= last}

    def of(self, wanted: Wanted) -> list[Leaked]:
        """The releases that a scope is about."""
        return [one for one in self.releases if _chosen(one, wanted)]

    def members(self, wanted: Wanted) -> set[str]:
        """The members who are known to be among them."""
        return {code for one in self.of(wanted) if one.index not in self.erased for code in one.codes}

    def compare(self, found: Scope) -> None:
        """Hold a count against the model."""
        wanted, of = found.wanted, self.of(found.wanted)
        known = [one for one in of if one.index not in self.erased]
        gone = [one for one in of if one.index in self.erased and one.codes]
        assert (found.entries, found.members) == (len(of), len(self.members(wanted)))
        assert (found.erased, found.erased_entries) == (sum(len(one.codes) for one in gone), len(gone))
        everybody = {code for one in of for code in one.codes}
        assert found.members <= len(everybody) <= found.most_members
        assert (found.first_index, found.last_index) == ((of[0].index, of[-1].index) if of else (None, None))
        assert {one.field for one in found.fields} == {name for one in of for name in one.given}
        for reached in found.fields:
            with_it = {code for one in known if reached.field in one.given for code in one.codes}
            entries = sum(reached.field in one.given for one in of)
            assert (reached.members, reached.entries) == (len(with_it), entries), reached.field
        parties = {(one.partner, one.purpose) for one in of}
        assert {(one.partner, one.purpose) for one in found.parties} == parties
        for party in found.parties:
            own = {
                code
                for one in known
                if (one.partner, one.purpose) == (party.partner, party.purpose)
                for code in one.codes
            }
            assert party.members == len(own)
        assert sum(one.entries for one in found.encryptions) == len(of)


def _chosen(one: Leaked, wanted: Wanted) -> bool:
    return (
        wanted.first <= jst_day(one.at) <= wanted.last
        and wanted.partner in {None, one.partner}
        and wanted.client in {None, one.client}
        and wanted.purpose in {None, one.purpose}
        and wanted.agreement in {None, AGREEMENTS[one.partner]}
        and wanted.key in {None, one.key, f"{one.key}-thumbprint", one.proof}
        and (wanted.field is None or wanted.field in one.given)
        and (wanted.first_index is None or one.index >= wanted.first_index)
        and (wanted.last_index is None or one.index <= wanted.last_index)
    )


def every_day(house: House) -> tuple[date, date]:
    """The days that a test's releases lie in."""
    now = house.clock()
    return jst_day(now - timedelta(days=60)), jst_day(now)
