"""What an installer does at the store: scan, probe, solve, record, doctor. None of it ever writes to a controller."""
