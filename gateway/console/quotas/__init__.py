"""上限超過の要求: what was asked for beyond daily limits, and what an admin makes of it; no rules here."""
