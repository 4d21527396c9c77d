"""The statements of the commit point on PostgreSQL: as few round trips as the order of checks allows."""

LOCK = """
WITH head AS (
  SELECT next_index, frontier, gov_index, last_ts FROM log_head WHERE origin = $1 FOR UPDATE
), fresh AS (
  INSERT INTO replay (h, expires_at)
  SELECT h, expires_at FROM unnest($2::bytea[], $3::bigint[]) AS asked (h, expires_at)
  WHERE EXISTS (SELECT FROM head WHERE gov_index = ANY ($4::bigint[]))
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

WRITE = """
WITH entries AS (
  INSERT INTO log_entry (origin, idx, leaf_hash, entry, kind, transfer_id, partner, purpose, ts)
  SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
                           $9::bigint[])
), subjects AS (
  INSERT INTO log_subject (origin, idx, pos, tag, salt)
  SELECT $1, * FROM unnest($10::bigint[], $11::int[], $12::bytea[], $13::bytea[])
), requests AS (
  INSERT INTO log_request (origin, idx, jws) SELECT $1, * FROM unnest($14::bigint[], $15::bytea[])
), quotas AS (
  INSERT INTO quota (origin, grant_id, day, members)
  SELECT $1, * FROM unnest($16::text[], $17::text[], $18::bigint[])
  ON CONFLICT (origin, grant_id, day) DO UPDATE SET members = excluded.members
), batch AS (
  INSERT INTO log_batch (origin, first_idx, n, root) VALUES ($1, $19, $20, $21)
)
UPDATE log_head SET next_index = $22, frontier = $23, gov_index = $24, last_ts = $25 WHERE origin = $1
"""

UNUSED = "DELETE FROM replay WHERE h = ANY ($1::bytea[])"
EFFECT = "INSERT INTO log_effect (origin, idx, pos, body) VALUES ($1, $2, $3, $4)"
BEGIN_LOG = """
INSERT INTO log_head (origin, next_index, frontier, gov_index, last_ts) VALUES ($1, 0, $2, -1, 0) ON CONFLICT DO NOTHING
"""
HOLD = "SELECT next_index FROM log_head WHERE origin = $1 FOR UPDATE"
FIND = "SELECT leaf_hash, idx FROM log_entry WHERE origin = $1 AND idx >= $2 AND leaf_hash = ANY ($3::bytea[])"
