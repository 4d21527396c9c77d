"""What a fold of the log writes, in the transaction of whoever holds the projection's lock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Table, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.search.folding import SHAPE, SUMS, Folded, Shape, Sums, Term, container
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.search import LogBlock, LogPosting, LogShape, LogTally, LogTerm

NAME: Final = "search"
_AT_ONCE: Final = 500
"""Values in one list of a statement."""

_term, _posting, _block, _shape, _tally = (
    metadata.tables[str(of.__tablename__)] for of in (LogTerm, LogPosting, LogBlock, LogShape, LogTally)
)
_T = TypeVar("_T")


def insert_of(db: AsyncConnection | AsyncEngine) -> Callable[[Table], Any]:
    """Return the INSERT of a database's dialect, which knows what to do on a conflict."""
    return postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert


async def put(
    db: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *, sums: Collection[str] = ()
) -> None:
    """Write rows, all of the same columns; where a key is known, the row takes its place, and `sums` are added up.

    A column that begins (`first…`) stays as it was.
    """
    if not rows:
        return
    names = list(rows[0])
    keys = [column.name for column in table.primary_key]
    add = insert_of(db)(table)
    if db.dialect.name == "postgresql":
        # One statement of one plan, however many rows: each column is one parameter.
        columns = [literal([row[name] for row in rows], ARRAY(table.c[name].type)) for name in names]
        given = func.unnest(*columns).table_valued(*names).render_derived()
        add = add.from_select(names, select(*(given.c[name] for name in names)))
    changed = {
        name: table.c[name] + add.excluded[name] if name in sums else add.excluded[name]
        for name in names
        if name not in keys and not name.startswith("first")
    }
    put_in = add.on_conflict_do_update(index_elements=keys, set_=changed)
    await (db.execute(put_in) if db.dialect.name == "postgresql" else db.execute(put_in, rows))


async def write(db: AsyncConnection, origin: str, folded: Folded) -> None:
    """Add what rows were folded into."""
    if not folded.blocks:
        return
    await _postings(db, origin, folded)
    await _spans(db, origin, folded.blocks)
    await _tallies(db, origin, folded)


async def _postings(db: AsyncConnection, origin: str, folded: Folded) -> None:
    ids = await _terms(db, origin, {term for term, _ in folded.postings})
    # Only the first block can hold anything yet: the rows come in the order of the indexes.
    first = min(folded.blocks)
    stored: dict[int, bytes] = {}
    for some in _cut({ids[term] for term, block in folded.postings if block == first}):
        of = select(_posting.c.term, _posting.c.container).where(
            _posting.c.origin == origin, _posting.c.block == first, _posting.c.term.in_(some)
        )
        stored |= {term: bytes(one) for term, one in await db.execute(of)}
    rows = [
        {
            "origin": origin,
            "term": ids[term],
            "block": block,
            "container": container(lows, stored.get(ids[term]) if block == first else None),
        }
        for (term, block), lows in folded.postings.items()
    ]
    await put(db, _posting, rows)


async def _spans(db: AsyncConnection, origin: str, blocks: Mapping[int, tuple[int, int]]) -> None:
    first = min(blocks)
    of = select(_block.c.oldest, _block.c.newest).where(_block.c.origin == origin, _block.c.block == first)
    stored = (await db.execute(of)).first()
    rows = [{"origin": origin, "block": block, "oldest": one[0], "newest": one[1]} for block, one in blocks.items()]
    if stored is not None:
        mine = next(row for row in rows if row["block"] == first)
        mine |= {"oldest": min(blocks[first][0], stored.oldest), "newest": max(blocks[first][1], stored.newest)}
    await put(db, _block, rows)


async def _tallies(db: AsyncConnection, origin: str, folded: Folded) -> None:
    ids = await _shapes(db, origin, {shape for _, _, shape in folded.tallies})
    rows = [
        {"origin": origin, "per": per, "start": start, "shape": ids[shape], **_columns(sums)}
        for (per, start, shape), sums in folded.tallies.items()
    ]
    await put(db, _tally, rows, sums=SUMS)


def _columns(sums: Sums) -> dict[str, int]:
    return {"first": sums.first, "last": sums.last, **{name: getattr(sums, name) for name in SUMS}}


async def _terms(db: AsyncConnection, origin: str, wanted: Iterable[Term]) -> dict[Term, int]:
    """Return the numbers of terms; one that had none gets the next."""
    terms = sorted(wanted)
    ids: dict[Term, int] = {}
    for some in _cut({value for _, value in terms}):
        of = select(_term.c.dimension, _term.c.value, _term.c.id).where(
            _term.c.origin == origin, _term.c.dimension.in_({one for one, _ in terms}), _term.c.value.in_(some)
        )
        ids |= {(dimension, value): number for dimension, value, number in await db.execute(of)}
    fresh = await _numbered(db, _term, origin, [one for one in terms if one not in ids])
    await put(
        db,
        _term,
        [{"origin": origin, "id": number, "dimension": one, "value": value} for (one, value), number in fresh.items()],
    )
    return ids | fresh


async def _shapes(db: AsyncConnection, origin: str, wanted: Iterable[Shape]) -> dict[Shape, int]:
    """Return the numbers of shapes; one that had none gets the next."""
    keys = {msgspec.json.encode(shape).decode(): shape for shape in wanted}
    ids: dict[Shape, int] = {}
    for some in _cut(keys):
        of = select(_shape.c.key, _shape.c.id).where(_shape.c.origin == origin, _shape.c.key.in_(some))
        ids |= {keys[key]: number for key, number in await db.execute(of)}
    fresh = await _numbered(db, _shape, origin, [shape for _, shape in sorted(keys.items()) if shape not in ids])
    texts = {shape: key for key, shape in keys.items()}
    rows = [
        {"origin": origin, "id": number, "key": texts[shape], **dict(zip(SHAPE, shape, strict=True))}
        for shape, number in fresh.items()
    ]
    await put(db, _shape, rows)
    return ids | fresh


async def _numbered(db: AsyncConnection, table: Table, origin: str, fresh: Sequence[_T]) -> dict[_T, int]:
    if not fresh:
        return {}
    newest = await db.scalar(select(func.max(table.c.id)).where(table.c.origin == origin))
    return {one: number for number, one in enumerate(fresh, start=0 if newest is None else newest + 1)}


def _cut(values: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(values)
    while some := list(islice(left, _AT_ONCE)):
        yield some
