"""Exports: a whole population in parts, sealed ahead and handed out one by one, each by an entry of its own.

order        POST: the steps authenticate and decide, and the entry that the order is
asked        who asks for an export, and the request that it was ordered by
parts        one part: decide → fetch → minimize → protect, and whether one made earlier may still leave
making       the worker: takes an export by a lease and seals its parts in order
handing_out  GET of a part: decided afresh, remade where anything changed, recorded, released
manifest     the signed list of the parts
ending       confirmed, cancelled or expired: the parts are gone
"""
