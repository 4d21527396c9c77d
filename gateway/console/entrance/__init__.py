"""サインイン the way in: password and code, or the organisation's own account; sessions."""
