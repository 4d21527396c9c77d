"""点検: reviews of a period, what was found, the measures that the co-op declares, and the log verified."""
