"""A queryable copy of the ledger and the records: rebuilt at will, never evidence."""
