"""Decisions of head office; no I/O, no clock."""
