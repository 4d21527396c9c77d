"""Compliance: what was released, and what must follow.

access       who of the staff looked, and why, before the look
anchors      have witnesses and a time-stamping authority vouch for each log, and tell when they no longer do
archive      a log kept apart from its database, in a store that only ever gains files
checkpoints  sign and publish the head of each log
export       a log as a plain tlog-tiles directory, for whoever does not trust us
held         whom each partner holds, as sets
history      who received a member's data; how many persons a partner received; proof of it
retention    side rows are erased when their time has come, or one member's on request
"""
