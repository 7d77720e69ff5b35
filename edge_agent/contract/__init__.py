"""What a store says to head office and hears back; all of the agent that others may import."""
