"""Stores and head office in one process, in virtual time, over a network and disks that fail by seed."""
