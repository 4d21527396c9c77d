"""What an entry changes besides the log, in its transaction: rows of drafts, staff, dossiers, follow-ups and exports. The
rules of core/changes/proposal.py and of core/changes/partner_request.py in SQL.

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


def _held_anywhere(roles: str, *, also: str = "") -> str:
    """Return the condition that `:by` is active and holds one of these roles now, in whatever department."""
    return f"""EXISTS (
        SELECT 1 FROM staff_role r JOIN person p ON p.origin = r.origin AND p.id = r.person
        WHERE r.origin = :origin AND r.person = :by AND p.active AND r.role IN ({roles})
          {also} AND r.starts <= :now AND (r.ends IS NULL OR r.ends > :now)
    )"""


def _held(roles: str) -> str:
    """Return the condition that `:by` is active and holds one of these roles in the proposal's department now."""
    return _held_anywhere(roles, also="AND r.department = {department}")


_ADMIN: Final = _held("'admin'").format(department="proposal.department")
_MANAGER: Final = _held("'manager'").format(department="proposal.department")
_EITHER: Final = _held("'admin', 'manager'").format(department="proposal.department")
_THIS: Final = "origin = :origin AND id = :id AND revision = :revision AND content = :content"
_NEXT: Final = "revision = revision + 1, changed = :now"
_IN_TIME: Final = "(effective IS NULL OR effective >= :now)"
_OPEN: Final = "origin = :origin AND id = :id AND state = 'open'"
_ASKS: Final = _held_anywhere("'operator', 'admin'")
_NO_ROLES: Final = "NOT EXISTS (SELECT 1 FROM staff_role WHERE origin = :origin)"
_COMPLIANCE: Final = "(" + _held_anywhere("'compliance'") + f" OR {_NO_ROLES})"
_SIGNER: Final = "(" + _held_anywhere("'compliance', 'auditor', 'manager'") + f" OR {_NO_ROLES})"
_ANOTHER: Final = "asker <> :by AND " + _held_anywhere("'manager'")

# As adapters/overruns.py has it: waiting for a decision, or again, since what was decided came to nothing or was too little.
_OVERRUN_OPEN: Final = """origin = :origin AND grant_id = :grant AND (
        state = 'open' OR (state = 'proposed' AND EXISTS (
            SELECT 1 FROM proposal p WHERE p.origin = over_quota.origin AND p.id = over_quota.proposal AND (
                p.state = 'withdrawn' OR (p.state = 'published' AND over_quota.last_at >
                    CASE WHEN p.effective > p.changed THEN p.effective ELSE p.changed END)
            )
        ))
    )"""
_ANY_OVERRUN: Final = f"EXISTS (SELECT 1 FROM over_quota WHERE {_OVERRUN_OPEN})"
_OVERRUN_MEANT: Final = """
    UPDATE over_quota SET state = '{state}', proposal = {proposal}, decider = :by, said = :said, decided = :now
    WHERE {open}
    """

_DOSSIER: Final = """
    INSERT INTO dossier (origin, id, matter, state, revision, partner, due, tag, body, author, editor, opened, changed)
    SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), CAST(:matter AS VARCHAR), CAST(:state AS VARCHAR), 1,
           CAST(:partner AS VARCHAR), CAST(:due AS VARCHAR), CAST(:tag AS VARCHAR), CAST(:body AS VARCHAR),
           CAST(:by AS VARCHAR), CAST(:by AS VARCHAR), CAST(:now AS BIGINT), CAST(:now AS BIGINT)
    WHERE {may} ON CONFLICT DO NOTHING
    """
_DOSSIER_NEXT: Final = """
    UPDATE dossier SET state = :state, revision = :revision, partner = :partner, due = :due, body = :body, editor = :by,
                       changed = :now
    WHERE origin = :origin AND id = :id AND revision = :revision - 1 AND {may}
    """

_FOLLOW_UP: Final = """
    INSERT INTO follow_up (origin, id, entry, source, cause, partner, agreement, purpose, duty, due, blocks, period, state,
                           members, opened)
    SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), CAST(:idx AS BIGINT), CAST(:source AS BIGINT),
           CAST(:cause AS VARCHAR), CAST(:partner AS VARCHAR), CAST(:agreement AS VARCHAR), CAST(:purpose AS VARCHAR),
           CAST(:duty AS VARCHAR), CAST(:due AS VARCHAR), CAST(:blocks AS VARCHAR), CAST(:period AS VARCHAR), 'open',
           CAST(:members AS INTEGER), CAST(:now AS BIGINT)
    WHERE {may} ON CONFLICT DO NOTHING
    """
_ANSWERED: Final = """
    UPDATE follow_up SET state = '{state}', {state} = :now, answered_by = :by, answer = :answer
    WHERE origin = :origin AND id = :id AND partner = :partner AND state IN ({states}) AND {may}
    """

_OWN_ADMIN: Final = _held("'admin'").format(department=":department")
_BEGUN: Final = """
    INSERT INTO proposal (origin, id, state, revision, title, department, author, editor, content, base, effective,
                          reason, created, changed)
    SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), 'draft', 1, CAST(:title AS VARCHAR), CAST(:department AS VARCHAR),
           CAST(:by AS VARCHAR), CAST(:by AS VARCHAR), CAST(:content AS VARCHAR), CAST(:base AS VARCHAR),
           CAST(:effective AS BIGINT), CAST(:reason AS VARCHAR), CAST(:now AS BIGINT), CAST(:now AS BIGINT)
    WHERE {may}
    ON CONFLICT DO NOTHING
    """

_PARTS_GONE: Final = "DELETE FROM export_part WHERE origin = :origin AND export = :id"
_UNENDED: Final = "state IN ('running', 'sealed', 'failed')"

STATEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "proposal_begun": (_BEGUN.format(may=_OWN_ADMIN),),
    # What was asked for beyond a daily limit: a draft that raises it, or a dossier that says why not; either once.
    "overrun_proposed": (
        _BEGUN.format(may=f"{_OWN_ADMIN} AND {_ANY_OVERRUN}"),
        _OVERRUN_MEANT.format(state="proposed", proposal=":id", open=_OVERRUN_OPEN),
    ),
    "overrun_dismissed": (
        _DOSSIER.format(may=f"{_OWN_ADMIN} AND {_ANY_OVERRUN}"),
        _OVERRUN_MEANT.format(state="dismissed", proposal="NULL", open=_OVERRUN_OPEN),
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
    "request_asked": (
        f"""
        INSERT INTO partner_request (origin, id, kind, state, partner, client, keys, answer, asker, reason, asked)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), CAST(:kind AS VARCHAR), 'open', CAST(:partner AS VARCHAR),
               CAST(:client AS VARCHAR), CAST(:keys AS VARCHAR), CAST(:answer AS VARCHAR), CAST(:by AS VARCHAR),
               CAST(:reason AS VARCHAR), CAST(:now AS BIGINT)
        WHERE {_ASKS} AND NOT EXISTS (
            SELECT 1 FROM partner_request o WHERE o.origin = :origin AND o.kind = :kind AND o.partner = :partner
              AND o.client = :client AND o.state = 'open'
        )
        ON CONFLICT DO NOTHING
        """,
    ),
    "request_approved": (
        f"""
        UPDATE partner_request SET state = 'approved', decider = :by, decided = :now, entry = :idx
        WHERE {_OPEN} AND {_ANOTHER}
        """,
    ),
    "request_refused": (
        f"""
        UPDATE partner_request SET state = 'refused', decider = :by, decided = :now, said = :said
        WHERE {_OPEN} AND {_ANOTHER}
        """,
    ),
    "request_withdrawn": (
        f"""
        UPDATE partner_request SET state = 'withdrawn', decider = :by, decided = :now, said = :said
        WHERE {_OPEN} AND {_ASKS}
        """,
    ),
    # What one person did, or two without anybody's account: before the co-op has people with roles.
    "done_before_roles": (
        """
        INSERT INTO partner_request (origin, id, kind, state, partner, client, keys, answer, asker, reason, asked,
                                     decider, decided, entry)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), CAST(:kind AS VARCHAR), 'approved', CAST(:partner AS VARCHAR),
               CAST(:client AS VARCHAR), CAST(:keys AS VARCHAR), CAST(:answer AS VARCHAR), CAST(:by AS VARCHAR),
               CAST(:reason AS VARCHAR), CAST(:now AS BIGINT), CAST(:approver AS VARCHAR), CAST(:now AS BIGINT),
               CAST(:idx AS BIGINT)
        WHERE NOT EXISTS (SELECT 1 FROM staff_role WHERE origin = :origin)
        """,
    ),
    "dossier_opened": (_DOSSIER.format(may=_COMPLIANCE),),
    "dossier_opened_by_rule": (_DOSSIER.format(may="1 = 1"),),
    "dossier_changed": (_DOSSIER_NEXT.format(may=_COMPLIANCE),),
    "dossier_changed_by_rule": (_DOSSIER_NEXT.format(may="1 = 1"),),
    # Whoever wrote it, first or last, does not vouch for it too.
    "dossier_signed": (_DOSSIER_NEXT.format(may=f"author <> :by AND editor <> :by AND {_SIGNER}"),),
    # An urgent provision: asked for by an admin, decided by a manager, looked at by a third, of compliance.
    "emergency_asked": (_DOSSIER.format(may=_held_anywhere("'admin'")),),
    "emergency_withdrawn": (_DOSSIER_NEXT.format(may=_held_anywhere("'admin'")),),
    "emergency_decided": (
        _DOSSIER_NEXT.format(may="author <> :by AND editor <> :by AND " + _held_anywhere("'manager'")),
    ),
    "emergency_closed": (_DOSSIER_NEXT.format(may=f"author <> :by AND editor <> :by AND {_COMPLIANCE}"),),
    "follow_up_opened": (_FOLLOW_UP.format(may=_COMPLIANCE),),
    "follow_up_opened_by_rule": (_FOLLOW_UP.format(may="1 = 1"),),
    # Each state once, in their order: an answer that comes again changes nothing, whoever of the two was faster.
    "follow_up_acknowledged": (_ANSWERED.format(state="acknowledged", states="'open'", may="1 = 1"),),
    "follow_up_certified": (_ANSWERED.format(state="certified", states="'open', 'acknowledged'", may="1 = 1"),),
    "follow_up_acknowledged_on_paper": (_ANSWERED.format(state="acknowledged", states="'open'", may=_COMPLIANCE),),
    "follow_up_certified_on_paper": (
        _ANSWERED.format(state="certified", states="'open', 'acknowledged'", may=_COMPLIANCE),
    ),
    "person_added": (
        "INSERT INTO person (origin, id, name, active) VALUES (:origin, :id, :name, TRUE) ON CONFLICT DO NOTHING",
    ),
    # As with a role that ends: of two who leave at once, the second finds nobody left to approve, or nobody at all.
    "person_left": (
        """
        UPDATE person SET active = FALSE
        WHERE origin = :origin AND id = :id AND active AND (
            EXISTS (SELECT 1 FROM person p WHERE p.origin = :origin AND p.id <> :id AND p.active)
            OR NOT EXISTS (SELECT 1 FROM staff_role r WHERE r.origin = :origin)
        ) AND NOT EXISTS (
            SELECT 1 FROM staff_role m
            WHERE m.origin = :origin AND m.person = :id AND m.role = 'manager'
              AND m.starts <= :now AND (m.ends IS NULL OR m.ends > :now)
              AND EXISTS (
                SELECT 1 FROM staff_role a
                WHERE a.origin = :origin AND a.person <> :id AND a.role = 'admin' AND a.department = m.department
                  AND (a.ends IS NULL OR a.ends > :now)
              )
              AND NOT EXISTS (
                SELECT 1 FROM staff_role r JOIN person p ON p.origin = r.origin AND p.id = r.person
                WHERE r.origin = :origin AND r.person <> :id AND r.role = 'manager' AND r.department = m.department
                  AND p.active AND r.starts <= :now AND (r.ends IS NULL OR r.ends > :now)
                  AND (r.deputy_for IS NULL OR m.deputy_for IS NOT NULL)
              )
        )
        """,
        "UPDATE staff_role SET ends = :now WHERE origin = :origin AND person = :id AND (ends IS NULL OR ends > :now)",
        "UPDATE person SET password = '', issuer = '', subject = '' WHERE origin = :origin AND id = :id",
    ),
    # One identity is one person: whoever has it must give it up first.
    "person_linked": (
        """
        UPDATE person SET issuer = :issuer, subject = :subject
        WHERE origin = :origin AND id = :id AND active AND NOT EXISTS (
            SELECT 1 FROM person p WHERE p.origin = :origin AND p.issuer = :issuer AND p.subject = :subject
        )
        """,
    ),
    "person_unlinked": (
        "UPDATE person SET issuer = '', subject = '' WHERE origin = :origin AND id = :id AND subject <> ''",
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
    # So many of a client are made at a time, and so many wait to be fetched.
    "export_ordered": (
        """
        INSERT INTO export (origin, id, entry, transfer, partner, client, purpose, product, agreement, fields, form, request,
                            state, ordered, expires, parts, records, lease, faults)
        SELECT CAST(:origin AS VARCHAR), CAST(:id AS VARCHAR), CAST(:idx AS BIGINT), CAST(:transfer AS VARCHAR),
               CAST(:partner AS VARCHAR), CAST(:client AS VARCHAR), CAST(:purpose AS VARCHAR), CAST(:product AS VARCHAR),
               CAST(:agreement AS VARCHAR), CAST(:fields AS VARCHAR), CAST(:form AS VARCHAR), CAST(:request AS VARCHAR),
               'running', CAST(:ordered AS BIGINT), CAST(:expires AS BIGINT), 0, 0, 0, 0
        WHERE (SELECT count(*) FROM export e WHERE e.origin = :origin AND e.client = :client AND e.state = 'running')
                < CAST(:running AS INTEGER)
          AND (SELECT count(*) FROM export e WHERE e.origin = :origin AND e.client = :client AND e.state = 'sealed')
                < CAST(:waiting AS INTEGER)
        ON CONFLICT DO NOTHING
        """,
    ),
    # What leaves is what lies there now, of an export that has not ended.
    "export_part_taken": (
        """
        UPDATE export_part SET taken = :now
        WHERE origin = :origin AND export = :id AND n = :n AND digest = :digest AND EXISTS (
            SELECT 1 FROM export e
            WHERE e.origin = :origin AND e.id = :id AND e.state IN ('running', 'sealed') AND e.expires > :now
        )
        """,
    ),
    "export_confirmed": (
        """
        UPDATE export SET state = 'confirmed', worker = NULL
        WHERE origin = :origin AND id = :id AND state = 'sealed' AND NOT EXISTS (
            SELECT 1 FROM export_part p WHERE p.origin = :origin AND p.export = :id AND p.taken IS NULL
        )
        """,
        _PARTS_GONE,
    ),
    "export_cancelled": (
        f"UPDATE export SET state = 'cancelled', worker = NULL WHERE origin = :origin AND id = :id AND {_UNENDED}",
        _PARTS_GONE,
    ),
    "export_expired": (
        f"""
        UPDATE export SET state = 'expired', worker = NULL
        WHERE origin = :origin AND id = :id AND {_UNENDED} AND expires <= :now
        """,
        _PARTS_GONE,
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
