"""A store as it is judged, written down as a technician would be told it: alarms, tickets, what follows from what."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any, NamedTuple

from rules.folding import Folded, Write
from rules.kinship import Key, Standing
from rules.scoring.match import ScoredTicket
from rules.scoring.replay import Replay

_CAUSES = 3


class Line(NamedTuple):
    at: datetime
    text: str


class Chronicle(Replay):
    """`lines` tell what happened, `numbers` which tickets are open now."""

    def __init__(self, *of_a_replay: Any) -> None:
        super().__init__(*of_a_replay)
        self.lines: list[Line] = []
        self.numbers: dict[Key, int] = {}
        self._opened = self._before = 0

    def apart(self) -> Chronicle:
        """The same store from here on; this one does not learn what becomes of it."""
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, (dict, list)):
                setattr(other, name, value.copy())
        other._before = len(self.tickets)
        return other

    @property
    def opened(self) -> list[ScoredTicket]:
        """Since it goes its own way."""
        return self.tickets[self._before :]

    def _carry_out(self, folded: Folded) -> None:
        for write in folded.writes:
            self.lines.append(Line(self._now, self._said(write)))
        super()._carry_out(folded)

    def _pass_to(self, at: datetime) -> None:
        super()._pass_to(at)
        for key in [key for key in self.numbers if key not in self._cases]:
            self.lines.append(Line(self._now, f"T{self.numbers.pop(key)} is closed"))

    def _said(self, write: Write) -> str:
        other = self.numbers.pop(write.other) if write.kind == "merge" and write.other else None
        if write.case.key not in self.numbers:
            self._opened += 1
            self.numbers[write.case.key] = self._opened
        number = self.numbers[write.case.key]
        match write.kind, write.alarm:
            case "merge", _:
                return f"T{other} becomes part of T{number}"
            case "clear", Standing() as alarm:
                return f"T{number} over: {alarm.device} {alarm.rule}"
            case "fold", Standing() as alarm:
                return f"T{number} fold: {alarm.device} {alarm.rule}"
            case kind, Standing() as alarm:
                return f"T{number} {kind}: {alarm.device} {alarm.rule}, {alarm.severity}{self._suspected(alarm)}"
        raise AssertionError(write)

    def _suspected(self, alarm: Standing) -> str:
        causes = self._causes.get((alarm.device, alarm.rule), ())[:_CAUSES]
        return f": {', '.join(causes)}" if causes else ""
