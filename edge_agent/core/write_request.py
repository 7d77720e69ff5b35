"""What a write asks of a controller."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.profile import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """`words` (or bits, as 0 and 1) from `start` on, of coils or holding registers.

    `single` uses the functions for one coil or register (05, 06), otherwise those for several (15, 16): which of them
    a controller knows is for its profile to say.
    """

    table: Table
    start: int
    words: tuple[int, ...]
    single: bool = True

    def __post_init__(self) -> None:
        most = 1968 if self.table.bits else 123
        if self.table not in {Table.COIL, Table.HOLDING}:
            raise ValueError(f"table {self.table} cannot be written")
        if not 1 <= len(self.words) <= (1 if self.single else most):
            raise ValueError(f"{len(self.words)} words do not go into one request")
        if any(not 0 <= word <= (1 if self.table.bits else 0xFFFF) for word in self.words):
            raise ValueError("a word to write is out of bounds")
