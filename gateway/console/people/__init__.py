"""担当者 the pages of people, roles and their review."""
