"""Two agents for one store are told from a restart, a resend, a backlog and a replaced gateway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.domain.rivals import Speakers, are_rivals, listen
from edge_agent.contract.readings import AgentStatus, Batch, Body, Entry, Gap, OutboxHealth, Telemetry
from edge_agent.contract.text import same

BEGIN = datetime(2026, 7, 15, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def batch(boot: str, at: datetime, stream: str = "a", *, trusted: bool = True) -> Batch:
    body = Telemetry(device="d", at=at, boot=boot, mono=0.0, clock_trusted=trusted, readings=())
    return holding(body, stream)


def holding(body: Body, stream: str = "a") -> Batch:
    return Batch(store="shop-1", stream=stream, entries=(Entry(seq=1, body=body),))


def rivals(*batches: Batch, every: timedelta = SECOND) -> bool:
    speakers, now = Speakers(), BEGIN
    for one in batches:
        now += every
        speakers = listen(speakers, one, now)
    return are_rivals(speakers, now)


def taking_turns(streams: str, boots: str = "bc", every: timedelta = SECOND) -> list[Batch]:
    pairs = [(streams[turn % len(streams)], boots[turn % 2]) for turn in range(8)]
    return [batch(boot, BEGIN + every * turn, stream) for turn, (stream, boot) in enumerate(pairs)]


def test_two_gateways_with_outboxes_of_their_own_are_rivals() -> None:
    assert rivals(*taking_turns("ab"))


def test_a_cloned_gateway_is_a_rival_though_its_outbox_has_the_same_name() -> None:
    assert rivals(*taking_turns("a"))


def test_it_takes_more_than_one_return() -> None:
    assert not rivals(*taking_turns("ab")[:4])


def test_one_agent_is_none() -> None:
    assert not rivals(*taking_turns("a", boots="bb"))


def test_restarts_are_none() -> None:
    assert not rivals(*[batch(f"boot-{turn}", BEGIN + turn * SECOND) for turn in range(20)])


def test_what_an_earlier_boot_left_and_is_resent_is_none() -> None:
    old = [batch("old", BEGIN - turn * SECOND) for turn in range(9)]
    new = [batch("new", BEGIN + turn * SECOND) for turn in range(1, 9)]
    assert not rivals(*[one for pair in zip(old, new, strict=False) for one in pair])


def test_wrong_clocks_prove_nothing() -> None:
    ahead = BEGIN + timedelta(days=1)
    far = [batch(boot, ahead + turn * SECOND) for turn, boot in enumerate("bcbcbcbc")]
    unsure = [batch(boot, BEGIN + turn * SECOND, trusted=False) for turn, boot in enumerate("bcbcbcbc")]
    assert not rivals(*far)
    assert not rivals(*unsure)


def test_it_is_over_a_while_after_the_last_return() -> None:
    speakers, now = Speakers(), BEGIN
    for one in taking_turns("ab"):
        speakers = listen(speakers, one, now)
    assert are_rivals(speakers, now)
    assert not are_rivals(speakers, now + timedelta(minutes=16))


def test_a_status_speaks_too_and_a_gap_does_not() -> None:
    status = AgentStatus(
        at=BEGIN,
        boot="b",
        agent_version="1",
        name=same("shop"),
        timezone="UTC",
        devices=(),
        buses=(),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
    )
    assert listen(Speakers(), holding(status), BEGIN).names == ("a/b",)
    assert listen(Speakers(), holding(Gap(from_seq=1, to_seq=2, count=2, reason="full")), BEGIN) == Speakers()
