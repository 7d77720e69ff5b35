"""A demo without a person: play the story, wait for its tickets, stop everything, count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from simulators.counts import Counts
from simulators.demo import Demo
from simulators.story import Expectation, Story

_SETTLES_FOR = 3.0  # s; a ticket too many would come in this time


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`seconds_to_ticket` and `seconds` are wall time since the demo was ready."""

    story: str
    expected: frozenset[Expectation]
    tickets: tuple[Expectation, ...]
    seconds_to_ticket: float | None
    seconds: float
    counts: Counts

    @property
    def ok(self) -> bool:
        as_expected = len(self.tickets) == len(self.expected) and frozenset(self.tickets) == self.expected
        return as_expected and self.counts.lost == 0 and self.counts.duplicates == 0


async def play_once(demo: Demo) -> Outcome:
    """`demo` is ready. Raises DemoFailed."""
    demo.begin_story()
    seconds_to_ticket = await _wait_for_tickets(demo)
    settled_at = demo.seconds() + _SETTLES_FOR
    while demo.seconds() < settled_at:
        await demo.look()
    return Outcome(
        story=demo.story.name,
        expected=demo.story.expect,
        tickets=_tickets(demo),
        seconds_to_ticket=seconds_to_ticket,
        seconds=demo.seconds(),
        counts=await demo.drain(),
    )


def report(outcome: Outcome) -> dict[str, object]:
    """For a machine to read."""
    counts = outcome.counts
    return {
        "story": outcome.story,
        "expected": _listed(outcome.expected),
        "tickets": _listed(outcome.tickets),
        "seconds_to_ticket": None if outcome.seconds_to_ticket is None else round(outcome.seconds_to_ticket, 1),
        "readings_sent": counts.sent,
        "readings_stored": counts.distinct,
        "lost": counts.lost,
        "duplicates": counts.duplicates,
        "seconds": round(outcome.seconds, 1),
        "ok": outcome.ok,
    }


async def _wait_for_tickets(demo: Demo) -> float | None:
    """Wall seconds until every expected ticket was there; None: none is expected, or the story was over before."""
    over_at = _wall_seconds(demo.story)
    while demo.seconds() < over_at:
        await demo.look()
        if demo.story.expect and demo.story.expect <= frozenset(_tickets(demo)):
            return demo.seconds()
    return None


def _tickets(demo: Demo) -> tuple[Expectation, ...]:
    return tuple(Expectation(device=ticket.device, fault=ticket.fault) for ticket in demo.tickets)


def _wall_seconds(story: Story) -> float:
    return story.length / timedelta(seconds=story.factor)


def _listed(tickets: frozenset[Expectation] | tuple[Expectation, ...]) -> list[dict[str, str]]:
    ordered = sorted(tickets, key=lambda one: (one.device, one.fault))
    return [{"device": one.device, "fault": one.fault} for one in ordered]
