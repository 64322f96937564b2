"""Files without a file system."""
