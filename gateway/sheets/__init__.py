"""帳票 a view as a table, and the files that it is written to: the same data, the same bytes."""
