"""Bench equipment made of software, with faults."""
