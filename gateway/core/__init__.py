"""Values in, values out: what may be released is decided here, without I/O, clock, randomness or framework.

What a release is decided on
    days        JST calendar days as instants; the instant of a decision, which remembers the next boundary
    policy      one published policy version, resolved: notices, catalogue, decisions, agreements, partners
    bases       the seven legal bases and the evidence each must show
    state       what governance entries say besides policy: partner states, keys, member restrictions
    request     what a partner asks, or where its claims are malformed
    reasons     `gate:subject:state`, stable for ever

The four gates
    notice_gate, agreement_gate, grant_gate   the first three
    decide      the gates in order: Permit or Denial
    member_gate the fourth gate
    population  which members a grant covers
    ceiling     grant within notice: what a policy file may not say
    transforms  how a granted field leaves
    projection  a row as what leaves of it
    grant_schema  JSON Schema of exactly what a partner receives
    walk        a walk over a population, answer by answer, and what an earlier one gave
    outcome     Sealed, Receipt and the other values that prove a step was taken
    identity    member tags, commitments, pairwise identifiers
    rows        records as they come from a source: typed, refused one by one

People and words
    staff       who may act for a co-op, and when
    dossier     what is kept of one matter, from its receipt to its end
    refused     a refusal to a person: the rule, and the mend
    plain_text  what a person may write into a name or a reason
    legal_parameters  numbers that the law leaves open or changes, each with its day and source
    trial       how test data is marked

Rooms: a release is decided without them, and none of them knows another
    sources     records of a member system, before they are rows (the one that policy knows)
    changes     changes of policy: proposals, comparison, replay
    notices     changes of a notice in law
    members     events, stops, rights
    follow_ups  duties of partners, and their answers
    incidents   a leak, from its discovery to the reports
    reviews     what is looked at again
    detection   what is unlike the usual
"""
