"""緊急提供: what must leave within minutes, asked for by one person, approved by another, ended by itself, looked at by a third."""
