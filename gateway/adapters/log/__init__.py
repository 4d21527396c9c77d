"""The transfer log on SQLite and PostgreSQL: one port, one contract suite.

group_commit  takes what is queued as soon as the previous commit returns
batch         what a locked head decides about a batch: stale, replayed, over quota, or an index
postgres      the transaction on PostgreSQL, and what a lost connection means
postgres_writer, postgres_sql, postgres_rows   its connection, its statements, their arguments
sqlite        the transaction on SQLite, in one writer thread
changes       what an entry changes besides the log, in its transaction
"""
