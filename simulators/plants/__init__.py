"""The machines of a store as pure functions: what they are now, and what they are one step of time later."""
