"""Conversations, one file an app and platform."""
