"""A site file: read, checked, and compared with the one in force."""
