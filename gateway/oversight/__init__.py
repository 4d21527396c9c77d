"""Compliance: what was released, and what must follow.

The rooms
    log         the log itself: signed, published, vouched for, searched, verified, archived, forgotten
    members     what became of one member's data; who looked, and why, before the look; what persons ask
    follow_ups  what partners that hold data must do: correct, stop using, delete, by a day
    incidents   a leak from its receipt to its report: how many persons, which fields, what is due when
    reviews     a period looked at by a sample that nobody picks, signed by two; what was found, to its end
    reports     ledger, monthly report, records of provision, the pack for an auditor

At the door
    desk        what the third door works with
    dossiers    what is kept of one matter: sealed, each step an entry
    measures    the safety measures that the co-op declares, and training that approvals may ask for
"""
