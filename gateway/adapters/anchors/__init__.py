"""Where the log is kept apart, who vouches for it, and how far.

archive_store   a directory or an S3-compatible store
witness_http    witnesses of checkpoints (c2sp.org/tlog-witness)
timestamp_http  time-stamps over checkpoints (RFC 3161)
coverage        how far each has come
signer_state    what was last signed, kept outside the database
"""
