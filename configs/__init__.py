"""Data that ships with the code, and the one reader of YAML documents."""
