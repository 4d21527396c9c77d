"""提供範囲 the matrix, what differs from the notice, what is unused, and what a partner would get."""
