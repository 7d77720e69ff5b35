"""Measurements as ratios to a limit or a peer of the same run: `make bench`."""
