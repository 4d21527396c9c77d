"""公表事項 what the co-op has published: its words, its text, and what a change of it means in law."""
