"""Ruined rows on the way through the queue, and what head office must be told of them."""

from __future__ import annotations

from edge_agent.outbox.room import Run


class Damage:
    """The number of a ruined row may be wrong itself: missing are all the numbers between the whole rows around it."""

    def __init__(self, after_seq: int) -> None:
        self.seqs: list[int] = []
        self._runs: list[Run] = []
        self._below = after_seq
        self._open: list[int] = []

    def note(self, seq: int) -> None:
        self.seqs.append(seq)
        self._open.append(seq)

    def end(self, seq: int) -> None:
        """A whole row."""
        if self._open:
            self._runs.append(Run(from_seq=self._begin, to_seq=seq - 1, count=len(self._open)))
            self._open = []
        self._below = seq

    def runs(self, upto: int) -> list[Run]:
        """With those behind which there is no whole row up to `upto`."""
        if not self._open:
            return self._runs
        return [*self._runs, Run(from_seq=min(self._begin, upto), to_seq=upto, count=len(self._open))]

    @property
    def _begin(self) -> int:
        return self._below + 1 if self._below else self._open[0]
