"""Where readings are kept: one interface, one file a store."""
