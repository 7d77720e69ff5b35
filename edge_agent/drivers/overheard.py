"""Bytes that came over a serial line without being the answer → what in them nobody had asked for."""

from __future__ import annotations

from edge_agent.core.babble import Uninvited
from edge_agent.drivers.modbus import rtu_requests

ALLOWED_BYTES = 16
"""Beyond what was asked: what switching over, an adapter's echo and reflections add."""


def uninvited(
    received: bytes, total: int, units: tuple[int, ...], allowed: int, *, never_silent: bool = False
) -> Uninvited:
    """`received` are the last of `total` bytes, `units` those in it that nobody asked; `allowed` came by rights."""
    return Uninvited(
        noise=max(0, total - allowed - ALLOWED_BYTES),
        units=units,
        requests=rtu_requests(received),
        never_silent=never_silent,
    )
