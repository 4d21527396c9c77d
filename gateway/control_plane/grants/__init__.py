"""提供範囲 what partners may receive: as a matrix, as definitions, asked of it what would be released, and what is unused."""
