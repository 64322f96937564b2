"""Bits off a device."""
