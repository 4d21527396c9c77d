"""The log itself: signed, published, vouched for, searched, verified, archived, forgotten.

checkpoints   the head of each log, signed and published
anchors       witnesses and time-stamps, and what is told when they fail
prove, export the proof of one entry; the whole log as files
verification  the verifier, over the gateway's own tables
searching     every entry folded into what the log is searched by
log_rows, feed   an entry as a list has it, and as a program follows it
anomalies     what was unusual, and whether a person looked
requests      a partner's signed request, opened with a reason
retention, archive   what is forgotten, and what is kept apart
noting        what staff did with the log, in the log
"""
