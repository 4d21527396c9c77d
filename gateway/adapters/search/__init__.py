"""The log as it is searched and counted: a projection, which can be made again from the entries.

log_search    the port
folding, writes   entries folded into postings and counts, and what a fold writes
tallies, fields   counts by hour and day; which fields were released
saved_views   views that people keep
deliveries    which answers were handed over to their last byte
"""
