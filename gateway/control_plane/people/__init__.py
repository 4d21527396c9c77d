"""担当者 who acts for a co-op: people, roles, how they sign in, and the yearly review of who may do what."""
