"""Bills and statements, one file an issuer."""
