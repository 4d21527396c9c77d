"""The log itself: signed, published, vouched for, searched, verified, archived, forgotten."""
