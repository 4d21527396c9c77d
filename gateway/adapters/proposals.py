"""Proposals, their files and previews, on either database; see gateway.ports.Proposals for the contract.

Proposals are only read here: the log's entries write them (log/changes.py).
"""

from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters import instants
from gateway.adapters.engine import asking, writing
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.staff import Kept, ProposalRow
from gateway.core.changes.proposal import Proposal, State
from gateway.ports import Files, Unavailable
from gateway.tlog.jcs import canonical

_proposal = metadata.tables[ProposalRow.__tablename__]
_kept = metadata.tables[Kept.__tablename__]

_KEEP = text("INSERT INTO kept (origin, digest, body) VALUES (:origin, :digest, :body) ON CONFLICT DO NOTHING")
_files = msgspec.json.Decoder(dict[str, str])


class StoredProposals:
    """The Proposals port on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine, *, origin: Callable[[str], str]) -> None:
        self._engine = engine
        self._origin = origin

    async def get(self, coop: str, proposal: str) -> Proposal | None:
        """Return one proposal."""
        query = select(_proposal).where(_proposal.c.origin == self._origin(coop), _proposal.c.id == proposal)
        async with asking(self._engine) as db:
            row = (await db.execute(query)).first()
        return None if row is None else _read(coop, row)

    async def all(self, coop: str, *, states: Collection[State] = ()) -> list[Proposal]:
        """Return proposals, the one changed last first."""
        query = select(_proposal).where(_proposal.c.origin == self._origin(coop))
        if states:
            query = query.where(_proposal.c.state.in_(list(states)))
        async with asking(self._engine) as db:
            rows = (await db.execute(query.order_by(_proposal.c.changed.desc(), _proposal.c.id))).all()
        return [_read(coop, row) for row in rows]

    async def keep_files(self, coop: str, files: Files) -> str:
        """Store files as canonical JSON."""
        return await self._keep(coop, canonical(dict(files)))

    async def files(self, coop: str, content: str) -> Files | None:
        """Return the files of a digest."""
        body = await self._body(coop, content)
        if body is None:
            return None
        try:
            return _files.decode(body)
        except msgspec.DecodeError:  # a preview's digest is that of no files
            return None

    async def files_of_version(self, coop: str, policy: str) -> Files | None:
        """Return the files that a version was published from, those of the last time if it was published again."""
        query = select(_proposal.c.content).where(
            _proposal.c.origin == self._origin(coop), _proposal.c.policy == policy
        )
        async with asking(self._engine) as db:
            content: str | None = await db.scalar(query.order_by(_proposal.c.published.desc()).limit(1))
        return None if content is None else await self.files(coop, content)

    async def keep_preview(self, coop: str, body: bytes) -> str:
        """Store a preview."""
        return await self._keep(coop, body)

    async def preview(self, coop: str, digest: str) -> bytes | None:
        """Return a preview."""
        return await self._body(coop, digest)

    async def _keep(self, coop: str, body: bytes) -> str:
        digest = sha256(body).hexdigest()
        async with writing(self._engine) as db:
            await db.execute(_KEEP, {"origin": self._origin(coop), "digest": digest, "body": body})
        return digest

    async def _body(self, coop: str, digest: str) -> bytes | None:
        query = select(_kept.c.body).where(_kept.c.origin == self._origin(coop), _kept.c.digest == digest)
        async with asking(self._engine) as db:
            stored: bytes | None = await db.scalar(query)
        if stored is None:
            return None
        # People approve a digest: what does not bear it was never approved, and is not shown as if it were.
        if sha256(body := bytes(stored)).hexdigest() != digest:
            raise Unavailable("what is kept of a proposal is not what its digest names")
        return body


def _read(coop: str, row: Any) -> Proposal:
    return Proposal(
        id=row.id,
        coop=coop,
        state=row.state,
        revision=int(row.revision),
        title=row.title,
        department=row.department,
        author=row.author,
        editor=row.editor,
        content=row.content,
        base=row.base,
        effective=instants.read_if_any(row.effective),
        reason=row.reason,
        preview=row.preview,
        approver=row.approver,
        created=instants.read(row.created),
        changed=instants.read(row.changed),
        published=row.published,
    )
