"""The tables, one module for each store; how they came to be is in `migrations`."""
