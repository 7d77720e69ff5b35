"""Two agents that speak for one store: a cloned gateway, or one that was replaced and still runs.

Each takes the other's connection away, and where they share an outbox's name half of what they say is lost as repeated.
A restart changes the speaker once; a resend repeats old instants; only two that run at once come back by turns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge_agent.contract.readings import AgentStatus, Batch, Telemetry

RETURNS = 3
WITHIN = timedelta(minutes=15)
AHEAD_AT_MOST = timedelta(minutes=5)
REMEMBERED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """Who spoke for a store, the latest last, and when one came back after another; `said_at` is the newest word's."""

    names: tuple[str, ...] = ()
    said_at: datetime | None = None
    returned_at: tuple[datetime, ...] = ()

    @property
    def boot(self) -> str:
        """Of the newest word; empty before the first."""
        return self.names[-1].rpartition("/")[2] if self.names else ""


def listen(speakers: Speakers, batch: Batch, now: datetime) -> Speakers:
    """`batch` came live. What is no newer than the newest word, or dated ahead, says nothing of who speaks now."""
    word = _newest(batch)
    if word is None or word[1] > now + AHEAD_AT_MOST or (speakers.said_at and word[1] <= speakers.said_at):
        return speakers
    name, said_at = word
    if speakers.names[-1:] == (name,):
        return replace(speakers, said_at=said_at)
    returned = (*speakers.returned_at, now)[-RETURNS:] if name in speakers.names else speakers.returned_at
    names = (*(one for one in speakers.names if one != name), name)[-REMEMBERED:]
    return Speakers(names=names, said_at=said_at, returned_at=returned)


def are_rivals(speakers: Speakers, now: datetime) -> bool:
    return len([at for at in speakers.returned_at if now - at <= WITHIN]) >= RETURNS


def _newest(batch: Batch) -> tuple[str, datetime] | None:
    for entry in reversed(batch.entries):
        match entry.body:
            case Telemetry(clock_trusted=True) as said:
                return f"{batch.stream}/{said.boot}", said.at
            case AgentStatus() as said if said.clock is None or said.clock.trusted:
                return f"{batch.stream}/{said.boot}", said.at
    return None
