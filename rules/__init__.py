"""What counts as a fault, why, and how it is judged; pure but for reading the rule files."""
