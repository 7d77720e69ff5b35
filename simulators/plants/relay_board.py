"""Eight relays; the first feeds the sign over the door."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.contract.readings import Value

_SIGN_POWER = 420.0  # W of a lit fascia about six metres wide (assumed)
_NAMES = tuple(f"out.relay{n}" for n in range(1, 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayBoard:
    closed: frozenset[str] = frozenset({"out.relay1"})


def power(board: RelayBoard) -> float:
    """W that the lamp takes."""
    return _SIGN_POWER if "out.relay1" in board.closed else 0.0


def said(board: RelayBoard) -> dict[str, Value]:
    return {name: name in board.closed for name in _NAMES}


def accept(board: RelayBoard, point: str, value: Value) -> RelayBoard:
    """Switch a relay; a point that is no relay changes nothing."""
    if point not in _NAMES:
        return board
    return replace(board, closed=board.closed | {point} if value else board.closed - {point})
