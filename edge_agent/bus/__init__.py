"""One bus: its devices asked in turn, and what is remembered of them."""
