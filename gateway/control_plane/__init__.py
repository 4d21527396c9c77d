"""Co-op admins: whatever moves `gov`, keys, and the way to it. Each act is an entry in the log, committed with its effect.

The rooms
    changes       a change, from draft to being in force: proposals (each step), preview, publish
    drafting      the files of a draft, changed by what was typed into a form
    grants        what partners may receive: matrix, definitions, what-if, gaps, what is unused
    notices       what the co-op has published, and what a change of it means in law
    partners      the joint users: state, keys with proof of possession, what takes two people
    emergencies   what must leave at once: two people, an end of its own, a third look
    people        who acts: people, roles, how they sign in, the review of who may do what
    members       member events taken in: withdrawals, corrections, stops, as a core system tells them
    quotas        what was asked for beyond a daily limit; nothing rises by itself

At the door
    office        what the second door works with
    refusals      what is said to whoever breaks a rule, in both languages
    govern        append a governance entry, once what it was decided on is still so
    restrict      stops for members, set and lifted
    gateway_keys  the gateway's own keys, made known to later readers
    subject_key   the key that members are tagged with: named in the log, destroyed and begun anew by a person
    source_check  what a member system gives, read before anything is provided from it
"""
