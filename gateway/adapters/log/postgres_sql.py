"""The statements of the commit point on PostgreSQL: as few round trips as the order of checks allows."""

WRITE = """
WITH head AS (
  UPDATE log_head SET next_index = $4, frontier = $5, gov_index = $6, last_ts = $7
  WHERE origin = $1 AND next_index = $2 AND frontier = $3 RETURNING 1
), entries AS (
  INSERT INTO log_entry (origin, idx, leaf_hash, entry, kind, transfer_id, partner, purpose, ts)
  SELECT $1, $2 + n - 1, substring($8::bytea, (32 * n - 31)::int, 32), entry, kind, transfer, partner, purpose, ts
  FROM unnest($9::bytea[], string_to_array($10, E'\\x1f', ''), string_to_array($11, E'\\x1f', ''),
              string_to_array($12, E'\\x1f', ''), string_to_array($13, E'\\x1f', ''),
              string_to_array($14, E'\\x1f')::bigint[])
       WITH ORDINALITY AS e (entry, kind, transfer, partner, purpose, ts, n)
  WHERE EXISTS (SELECT FROM head)
), subjects AS (
  INSERT INTO log_subject (origin, idx, pos, tag, salt)
  SELECT $1, $2 + nth, pos, substring($17::bytea, (32 * n - 31)::int, 32), substring($18::bytea, (32 * n - 31)::int, 32)
  FROM unnest(string_to_array($15, E'\\x1f')::int[], string_to_array($16, E'\\x1f')::int[])
       WITH ORDINALITY AS s (nth, pos, n)
  WHERE EXISTS (SELECT FROM head)
), chunks AS (
  INSERT INTO transfer_chunk (origin, idx, chunk_no, lo, hi, salt, container)
  SELECT $1, $2 + nth, number, lo, hi, substring($31::bytea, (32 * n - 31)::int, 32), container
  FROM unnest(string_to_array($27, E'\\x1f')::int[], string_to_array($28, E'\\x1f')::int[],
              string_to_array($29, E'\\x1f')::bigint[], string_to_array($30, E'\\x1f')::bigint[], $32::bytea[])
       WITH ORDINALITY AS c (nth, number, lo, hi, container, n)
  WHERE EXISTS (SELECT FROM head)
), requests AS (
  INSERT INTO log_request (origin, idx, jws)
  SELECT $1, $2 + nth, jws FROM unnest(string_to_array($19, E'\\x1f')::int[], $20::bytea[]) AS r (nth, jws)
  WHERE EXISTS (SELECT FROM head)
), keys AS (
  INSERT INTO replay (h, expires_at)
  SELECT substring($21::bytea, (32 * n - 31)::int, 32), expires_at
  FROM unnest(string_to_array($22, E'\\x1f')::bigint[]) WITH ORDINALITY AS k (expires_at, n)
  WHERE EXISTS (SELECT FROM head)
), quotas AS (
  INSERT INTO quota (origin, grant_id, day, members)
  SELECT $1, * FROM unnest($23::text[], $24::text[], $25::bigint[]) WHERE EXISTS (SELECT FROM head)
  ON CONFLICT (origin, grant_id, day) DO UPDATE SET members = excluded.members
), batch AS (
  INSERT INTO log_batch (origin, first_idx, n, root) SELECT $1, $2, $4 - $2, $26 FROM head
)
SELECT TRUE FROM head
"""
"""Writes a batch if the head still is the one it was settled on, and otherwise nothing; whatever fails, all fails.

The UPDATE waits for whoever holds the head and then looks again, and every other part reads `head`, so it comes first.
A replay key that is already there breaks the statement. Arrays travel as text or as bytes of 32 each, which costs the
driver a quarter of what its arrays cost (docs/adr/0013).
"""

LOCK = """
WITH head AS (
  SELECT next_index, frontier, gov_index, last_ts FROM log_head WHERE origin = $1 FOR UPDATE
), fresh AS (
  INSERT INTO replay (h, expires_at)
  SELECT h, expires_at FROM unnest($2::bytea[], $3::bigint[]) AS asked (h, expires_at)
  WHERE EXISTS (SELECT FROM head WHERE $6 OR gov_index = ANY ($4::bigint[]))
  ON CONFLICT DO NOTHING RETURNING h
)
SELECT next_index, frontier, gov_index, last_ts,
       (SELECT root FROM log_batch WHERE origin = $1 AND first_idx = $5) AS mine,
       (SELECT array_agg(h) FROM fresh) AS fresh
FROM head
"""
"""Takes the head's lock and, where the head stands at a `gov` the batch was decided under, its replay keys.

The INSERT reads `head`, so the lock is held before a key is taken; READ COMMITTED gives the head as its last holder
left it.
"""

QUOTAS = """
SELECT grant_id, day, members FROM quota
WHERE origin = $1 AND (grant_id, day) IN (SELECT * FROM unnest($2::text[], $3::text[]))
"""

UNUSED = "DELETE FROM replay WHERE h = ANY ($1::bytea[])"
EFFECT = "INSERT INTO log_effect (origin, idx, pos, body) VALUES ($1, $2, $3, $4)"
BEGIN_LOG = """
INSERT INTO log_head (origin, next_index, frontier, gov_index, last_ts) VALUES ($1, 0, $2, -1, 0) ON CONFLICT DO NOTHING
"""
HOLD = "SELECT next_index FROM log_head WHERE origin = $1 FOR UPDATE"
FIND = "SELECT leaf_hash, idx FROM log_entry WHERE origin = $1 AND idx >= $2 AND leaf_hash = ANY ($3::bytea[])"
ERASE = (
    "DELETE FROM log_subject WHERE origin = $1 AND idx BETWEEN $2 AND $3",
    "DELETE FROM transfer_chunk WHERE origin = $1 AND idx BETWEEN $2 AND $3",
    "DELETE FROM log_request WHERE origin = $1 AND idx BETWEEN $2 AND $3",
    "DELETE FROM member_code WHERE origin = $1 AND idx BETWEEN $2 AND $3",
)
"""The side rows of a range of entries, gone with the entry that says so."""
CODE = "INSERT INTO member_code (origin, idx, tag, code) VALUES ($1, $2, $3, $4)"
WALKED = """
INSERT INTO walk_page (origin, walk, nth, h, given, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (origin, walk, nth, h) DO UPDATE SET at = excluded.at
"""
EVENTS = """
INSERT INTO member_event (origin, h, idx) SELECT $1, h, $2 FROM unnest($3::bytea[]) AS e (h) ON CONFLICT DO NOTHING
"""
FORGET = (
    "DELETE FROM log_subject WHERE origin = $1 AND tag = $2",
    "DELETE FROM member_code WHERE origin = $1 AND tag = $2",
)
FORGET_WALKS = "DELETE FROM walk_page WHERE origin = $1"
"""What walks gave names members in a way that no single one can be taken out of: the next deltas begin afresh."""
UNLINK = "UPDATE member_ordinal SET tag = $3 WHERE origin = $1 AND tag = $2"
"""A member's side rows are gone and its ordinal is nobody's; the row stays, so that no other member is given the number."""
