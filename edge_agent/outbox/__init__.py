"""What head office has not confirmed yet."""
