"""Conversations with controllers; errors are named after what the caller does next."""
