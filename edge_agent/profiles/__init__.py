"""Profile files: read, checked, and listed."""
