"""What an entry of the second door changes besides the log, in its transaction: the rules of core/proposal.py in SQL.

The first statement of a change must touch exactly one row, or the whole batch, the entry alone, is rolled back
(`Unchanged`); those after it may touch any number. `:origin`, `:idx` (the entry's) and `:now` (the commit's time, in
milliseconds) are given to each. Two people who act at once are told apart here: whoever commits second finds the row
another one.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from gateway.ports import Change

_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


def _held(roles: str) -> str:
    """Return the condition that `:by` is active and holds one of these roles in the proposal's department now."""
    return f"""EXISTS (
        SELECT 1 FROM staff_role r JOIN person p ON p.origin = r.origin AND p.id = r.person
        WHERE r.origin = :origin AND r.person = :by AND p.active AND r.role IN ({roles})
          AND r.department = {{department}} AND r.starts <= :now AND (r.ends IS NULL OR r.ends > :now)
    )"""


_ADMIN: Final = _held("'admin'").format(department="proposal.department")
_MANAGER: Final = _held("'manager'").format(department="proposal.department")
_EITHER: Final = _held("'admin', 'manager'").format(department="proposal.department")
_THIS: Final = "origin = :origin AND id = :id AND revision = :revision AND content = :content"
_NEXT: Final = "revision = revision + 1, changed = :now"
_IN_TIME: Final = "(effective IS NULL OR effective >= :now)"

STATEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "proposal_begun": (
        f"""
        INSERT INTO proposal (origin, id, state, revision, title, department, author, editor, content, base, effective,
                              reason, created, changed)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), 'draft', 1, CAST(:title AS VARCHAR), CAST(:department AS VARCHAR),
               CAST(:by AS VARCHAR), CAST(:by AS VARCHAR), CAST(:content AS VARCHAR), CAST(:base AS VARCHAR),
               CAST(:effective AS BIGINT), CAST(:reason AS VARCHAR), CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        WHERE {_held("'admin'").format(department=":department")}
        ON CONFLICT DO NOTHING
        """,
    ),
    "proposal_amended": (
        f"""
        UPDATE proposal SET state = 'draft', content = :amended, base = :base, title = :title, effective = :effective,
                            reason = :reason, editor = :by, preview = NULL, approver = NULL, {_NEXT}
        WHERE {_THIS} AND state IN ('draft', 'submitted', 'approved') AND {_ADMIN}
        """,
    ),
    "proposal_submitted": (
        f"""
        UPDATE proposal SET state = 'submitted', preview = :preview, {_NEXT}
        WHERE {_THIS} AND state = 'draft' AND :by IN (author, editor) AND {_IN_TIME} AND {_ADMIN}
        """,
    ),
    "proposal_approved": (
        f"""
        UPDATE proposal SET state = 'approved', approver = :by, {_NEXT}
        WHERE {_THIS} AND state = 'submitted' AND preview = :preview AND author <> :by AND editor <> :by
          AND {_IN_TIME} AND {_MANAGER}
        """,
    ),
    "proposal_rejected": (
        f"""
        UPDATE proposal SET state = 'draft', preview = NULL, approver = NULL, {_NEXT}
        WHERE {_THIS} AND state IN ('submitted', 'approved') AND {_MANAGER}
        """,
    ),
    "proposal_withdrawn": (
        f"""
        UPDATE proposal SET state = 'withdrawn', {_NEXT}
        WHERE {_THIS} AND state IN ('draft', 'submitted', 'approved') AND {_ADMIN}
        """,
    ),
    "proposal_published": (
        f"""
        UPDATE proposal SET state = 'published', published = :idx, policy = :policy, {_NEXT}
        WHERE {_THIS} AND state = 'approved' AND {_IN_TIME} AND {_EITHER}
        """,
    ),
    # A version that two people published without anybody's account: before the co-op has people with roles.
    "version_kept": (
        """
        INSERT INTO proposal (origin, id, state, revision, title, department, author, editor, content, base, effective,
                              reason, approver, created, changed, published, policy)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), 'published', 1, CAST(:title AS VARCHAR), '', CAST(:by AS VARCHAR),
               CAST(:by AS VARCHAR), CAST(:content AS VARCHAR), CAST(:base AS VARCHAR), CAST(:effective AS BIGINT),
               CAST(:reason AS VARCHAR), CAST(:approver AS VARCHAR), CAST(:now AS BIGINT), CAST(:now AS BIGINT),
               CAST(:idx AS BIGINT), CAST(:policy AS VARCHAR)
        WHERE NOT EXISTS (SELECT 1 FROM staff_role WHERE origin = :origin)
        """,
    ),
    "person_added": (
        "INSERT INTO person (origin, id, name, active) VALUES (:origin, :id, :name, TRUE) ON CONFLICT DO NOTHING",
    ),
    "person_left": (
        "UPDATE person SET active = FALSE WHERE origin = :origin AND id = :id AND active",
        "UPDATE staff_role SET ends = :now WHERE origin = :origin AND person = :id AND (ends IS NULL OR ends > :now)",
        "UPDATE person SET password = '' WHERE origin = :origin AND id = :id",
    ),
    "role_given": (
        """
        INSERT INTO staff_role (origin, id, person, role, department, starts, ends, deputy_for)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), p.id, CAST(:role AS VARCHAR), CAST(:department AS VARCHAR),
               CAST(:starts AS BIGINT), CAST(:ends AS BIGINT), CAST(:deputy_for AS VARCHAR)
        FROM person p WHERE p.origin = :origin AND p.id = :person AND p.active
        ON CONFLICT DO NOTHING
        """,
    ),
    # Where somebody proposes, somebody approves: of two who end each other's role at once, the second finds none left.
    "role_ended": (
        """
        UPDATE staff_role SET ends = :ends
        WHERE origin = :origin AND id = :id AND (ends IS NULL OR ends > :ends) AND (
            role <> 'manager'
            OR EXISTS (
                SELECT 1 FROM staff_role r JOIN person p ON p.origin = r.origin AND p.id = r.person
                WHERE r.origin = :origin AND r.id <> :id AND r.role = 'manager' AND r.department = staff_role.department
                  AND p.active AND r.starts <= :ends AND (r.ends IS NULL OR r.ends > :ends)
                  AND (r.deputy_for IS NULL OR staff_role.deputy_for IS NOT NULL)
            )
            OR NOT EXISTS (
                SELECT 1 FROM staff_role r WHERE r.origin = :origin AND r.role = 'admin'
                  AND r.department = staff_role.department AND r.starts <= :ends AND (r.ends IS NULL OR r.ends > :ends)
            )
        )
        """,
    ),
}


def statements(change: Change, *, origin: str, idx: int, now: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement of a change with the parameters that it names. Raises KeyError for an unknown one."""
    values = {**change.values, "origin": origin, "idx": idx, "now": now}
    for sql in STATEMENTS[change.statement]:
        yield sql, {name: values[name] for name in _PARAMETER.findall(sql)}


@lru_cache(maxsize=64)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement with `$1, $2, …` in place of names, and the names in that order: as PostgreSQL's driver asks."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names
