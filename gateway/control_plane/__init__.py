"""Co-op admins: whatever moves `gov`, keys, and the way to it. Each act is an entry in the log, committed with its effect.

A change, from draft to being in force
    proposals     amend, submit, approve, reject, withdraw, publish, one after another
    office        what these steps work with
    committing    one step as one entry and one changed row, decided on what is in force at its commit
    refusals      what is said to whoever breaks a rule, in both languages
    preview       what a proposed version would change: with asked, synthetic
    unused        what was granted and never asked for
    matrix        the grants of an agreement as a table: with matrix_changes, matrix_csv, matrix_words

Who may act
    people        somebody is added or leaves, a role is given or ends: with people_rules
    credentials   passwords, and the secrets of authenticators

What moves `gov`
    govern        append a governance entry, once what it was decided on is still so
    publish       a policy version comes into force in two names, before anybody has a role
    partners      a partner becomes active or suspended; its keys
    restrict      stops for members, set and lifted
    gateway_keys  the gateway's own keys, made known to later readers
    subject_key   the key that members are tagged with: named in the log, destroyed and begun anew by a person
"""
