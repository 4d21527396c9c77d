"""Values in, values out: what may be released is decided here, without I/O, clock, randomness or framework.

days        JST calendar days as instants; the instant of a decision, which remembers the next boundary
policy      one published policy version, resolved: notices, catalogue, decisions, agreements, partners
bases       the seven legal bases and the evidence each must show
state       what governance entries say besides policy: partner states, keys, member restrictions
request     what a partner asks, or where its claims are malformed
reasons     `gate:subject:state`, stable for ever
notice_gate, agreement_gate, grant_gate   the first three gates
decide      the gates in order: Permit or Denial
rows        records as they come from a source: typed, refused one by one
source_map  how a member system names and writes what is asked of it
source_values, source_days   values of a database or a file as a row may have them
member_gate the fourth gate
transforms  how a granted field leaves
projection  a row as what leaves of it
population  which members a grant covers
identity    member tags, commitments, pairwise identifiers
staff       who may act for a co-op, and when
proposal    the life of a change: states, acts, and the first rule that an act breaks
comparison  what one policy version says otherwise than another: with widening
replay      old questions under a new version
sentence    a grant in words
ceiling     grant within notice: what a policy file may not say
grant_schema  JSON Schema of exactly what a partner receives
outcome     Sealed, Receipt and the other values that prove a step was taken
"""
