"""Files in, records out: no case, no writing, no printing."""
