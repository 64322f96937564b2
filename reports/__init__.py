"""Reads the ledger and the records, returns bytes."""
