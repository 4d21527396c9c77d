"""Partner systems: the seven steps of a transfer, in alphabetical = execution order, and the file that calls them.

authenticate  1  token + proof + signed request → who asks, and evidence of the asking
decide        2  partner × purpose × fields → Permit | Denial
fetch         3  Permit → member records, asking the source only for permitted fields
minimize      4  records → released values: member gate, transforms, not_available
protect       5  sign, then encrypt to the partner's key → Sealed
record        6  the commit point → Receipt, durable when it returns, or Bounced
release       7  Sealed + Receipt → answer; Denial → refusal
transfer         the seven lines, in order; what is not a transfer at once (exports/) takes the same steps apart

desk        what the steps work with: one gateway process as partner systems meet it
passing     what passes from step to step
snapshots   each co-op's state in force, advanced off the hot path
caller      who is asking: token, proof and rate limit, for every route under /v1
cursors     sealed page cursors and `since` tokens
walks       how much of the source one answer of a walk goes through, and what an earlier walk gave of it
paging      what such an answer gives: of the members available those that are new or changed
entries     what the log says of a release or denial
handed_over which answers were handed to the connection to their last byte
budget      partners that search for members: noticed, and refused
enumeration what that is counted by, in memory
limits      token buckets, and counts of what is refused too often to log one by one
summarise   those counts as entries
forms       how the records of an export stand in its parts
exports/    a whole population in parts: ordered, made ahead, handed out one by one
api/        the doors
"""
