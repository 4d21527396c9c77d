"""The composition root: where ports meet adapters; one builder per use, in a module that loads no more than it needs.

settings → storage    the stores that every command and listener works on
           keys       the gateway's own keys, held against what its logs say of them
           desk       what the data plane works with: sources, telemetry, limits, keys
           office     what the second door works with; emergencies, quotas: what it shares with the third
           oversight  what the third door works with; incidents, follow_ups, members
           anchoring  who vouches for a co-op's log from outside
           console    the staff listener
           serving    both listeners, and the jobs beside the partners'; alone: one process on a SQLite file
           working    a process that only makes parts of exports
"""
