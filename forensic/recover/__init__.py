"""Deleted files, from what a file system still remembers."""
