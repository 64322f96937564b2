"""Opening what was seized, read-only."""
