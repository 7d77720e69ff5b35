"""What every line can do, and the three ways in which it can fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from edge_agent.core.plan import ReadRequest
from edge_agent.core.write_request import WriteRequest

ABSENT_CODES = frozenset({1, 2, 3})
"""Exceptions that say that this controller has no such thing; any other may go away."""


class BusDown(Exception):
    """The line itself cannot be used: no device on it needs to be asked before it is up again."""


class NoAnswer(Exception):
    """The device did not answer in time, or not in a way that can be trusted."""


class Refused(Exception):
    """The device answered with a Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code

    @property
    def absent(self) -> bool:
        """Whether asking again is of no use."""
        return self.code in ABSENT_CODES


class Line(Protocol):
    """One conversation at a time; time-outs are wall time."""

    async def read(self, unit: int, request: ReadRequest, answer_within: timedelta, gap: timedelta) -> tuple[int, ...]:
        """The words (or bits, as 0 and 1), `request.count` of them. Raises BusDown, NoAnswer, Refused.

        The device has `answer_within` for its answer, transmission not counted, and is left alone for `gap` before it
        is asked. It is waited for as long as its earlier answers have taught, between half and three times that.
        """

    async def close(self) -> None: ...


class WritableLine(Line, Protocol):
    """A line on which something can be set too; nothing in the agent does so yet but through this door."""

    async def write(self, unit: int, request: WriteRequest, answer_within: timedelta, gap: timedelta) -> None:
        """Goes ahead of all reads that wait. Raises BusDown, NoAnswer, Refused.

        It is sent once and never repeated: after NoAnswer or BusDown nobody knows whether it was carried out, so read.
        """
