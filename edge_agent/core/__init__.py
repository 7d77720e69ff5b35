"""Decisions of the agent: pure functions over frozen values; no I/O, no clock."""
