"""How a database file of an earlier version becomes one of this version."""
