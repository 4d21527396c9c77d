"""The database schema, step by step; `migrate` brings a database to the newest."""
