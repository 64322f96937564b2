"""Who had what, when, and that it has not changed since: the ground floor."""
