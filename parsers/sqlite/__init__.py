"""SQLite files read page by page, so that every row is known by its byte offset."""
