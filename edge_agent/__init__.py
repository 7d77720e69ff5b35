"""The program in the store: polls controllers, keeps what it read, reports it to head office."""
