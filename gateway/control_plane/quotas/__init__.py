"""上限超過の要求: what partners asked for beyond a grant's daily limit, and what staff make of it; nothing rises by itself."""
