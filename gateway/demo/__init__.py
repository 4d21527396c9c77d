"""A synthetic co-op to show the gateway with: every person in it is made up, and every record says so (見本).

names          name parts with their readings
places         municipalities, towns and their postal codes; telephone numbers that nobody can have
people         the members, from a seed
awkward        the members that break software, at well-known codes
member_table   the members as the member system holds them: by code, in code order, encoded once
member_system  the co-op's JSON service (docs/source-http.md), well-behaved or not
story          what `make demo` tells; its acts stand in acts/
opening        everything started, afresh
stage          what the acts play with: the servers, the co-op's staff, the partners' clients
state          where it keeps its files
enrol          the co-op's staff at work: publishing, registering partners
screen         how it appears
"""
