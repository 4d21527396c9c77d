"""Compliance: what was released, and what must follow.

checkpoints  sign and publish the head of each log
export       a log as a plain tlog-tiles directory, for whoever does not trust us
"""
