"""After an outage the truth goes first: the newest status, then what is live, and history beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.contract.codec import encode_ack
from edge_agent.contract.readings import Ack, Gap, Telemetry
from edge_agent.core.delivery import HISTORY, LIVE, RECENT
from edge_agent.courier import Courier
from edge_agent.outbox.queue import StorageRefused
from edge_agent.timekeeper import Timekeeper
from tests.unit.edge_agent.bodies import status
from tests.unit.edge_agent.couriers import NOON, STORE, FakeLine, FakeQueue, Hours, poll_at

MINUTE = 60
HOUR = 60 * MINUTE
RECENT_MINUTES = int(RECENT.total_seconds() // MINUTE)


class Bench:
    """A courier with its outbox and a line; head office stores what arrives when the test says so."""

    def __init__(self) -> None:
        self.hours = Hours()
        self.queue = FakeQueue()
        self.line = FakeLine()
        self.courier = self.start()

    def start(self) -> Courier:
        self.timekeeper = Timekeeper(self.hours.clock(), "machine.run")
        return Courier(STORE, self.queue, self.timekeeper, lambda: self.hours.now)

    def polls(self, minutes: int) -> None:
        """A poll each minute, and a status each five."""
        for minute in range(minutes):
            self.queue.append(poll_at(self.hours))
            if minute % 5 == 0:
                self.queue.append(status())
            self.hours.now += MINUTE

    def confirm(self, seqs: Iterable[int]) -> None:
        ranges = tuple((seq, seq) for seq in seqs)
        self.courier.hear(encode_ack(Ack(stream=self.queue.stream, upto=0, ranges=ranges, at=self.hours.true())))

    async def go_round(self) -> list[tuple[str, list[int]]]:
        """What left now."""
        before = len(self.line.sent)
        await self.courier.go_round(self.line)
        return self.line.numbers()[before:]

    async def until_delivered(self) -> list[tuple[str, list[int]]]:
        """Head office answers each round; a quarter of a second passes."""
        while self.queue.rows or self.line.sent == []:
            self.confirm(seq for _, seqs in await self.go_round() for seq in seqs)
            self.hours.now += 0.25
        return self.line.numbers()

    @property
    def live_from(self) -> int:
        return self.line.sent[-1][1].live_from

    @property
    def present_from(self) -> int:
        return self.line.sent[-1][1].present_from


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_the_newest_status_goes_ahead_of_all(bench: Bench) -> None:
    bench.polls(12)
    assert await bench.go_round() == [("batch", [max(bench.queue.statuses)])]
    assert await bench.go_round() == []


async def test_without_a_status_the_oldest_entry_asks(bench: Bench) -> None:
    for _ in range(3):
        bench.queue.append(poll_at(bench.hours))
    assert await bench.go_round() == [("batch", [1])]


async def test_a_status_that_is_not_answered_does_not_hold_up_the_rest(bench: Bench) -> None:
    """Head office may choke on just that one."""
    bench.polls(6)
    await bench.go_round()
    bench.hours.now += LIVE.resend_after_s
    assert await bench.go_round() == [("batch", [1])]


async def test_a_short_backlog_needs_no_lanes(bench: Bench) -> None:
    bench.polls(RECENT_MINUTES - 1)
    sent = await bench.until_delivered()
    assert {leaf for leaf, _ in sent} == {"batch"}
    assert bench.live_from == 0


async def test_a_long_backlog_is_parted_where_the_recent_begins(bench: Bench) -> None:
    bench.polls(24 * 60)
    sent = await bench.until_delivered()
    live_from = max(batch.live_from for _, batch in bench.line.sent)
    young = [seq for leaf, seqs in sent[1:] if leaf == "batch" for seq in seqs]
    old = [seq for leaf, seqs in sent if leaf == "history" for seq in seqs]
    assert len(young) == pytest.approx(RECENT_MINUTES + RECENT_MINUTES // 5, abs=2)
    assert (min(young), max(old)) == (live_from, live_from - 1)
    assert old == list(range(1, live_from))
    leaves = [leaf for leaf, _ in sent]
    assert leaves == sorted(leaves)


async def test_what_comes_while_history_drains_goes_first(bench: Bench) -> None:
    bench.polls(24 * 60)
    while "history" not in [leaf for leaf, _ in bench.line.numbers()]:
        bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
    bench.hours.now += 1.0
    seq = bench.queue.append(poll_at(bench.hours))
    assert (await bench.go_round())[0] == ("batch", [seq])


async def test_the_lanes_end_with_the_history(bench: Bench) -> None:
    bench.polls(3 * 60)
    await bench.until_delivered()
    bench.queue.append(poll_at(bench.hours))
    await bench.go_round()
    assert bench.live_from == 0


async def test_the_lanes_stay_over_a_reconnection(bench: Bench) -> None:
    bench.polls(24 * 60)
    for _ in range(3):
        bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
    live_from = bench.live_from
    bench.hours.now += 10 * MINUTE
    bench.courier.board()
    bench.polls(30)
    assert live_from > 0
    assert max(seqs[-1] for leaf, seqs in await bench.until_delivered() if leaf == "history") == live_from - 1


async def test_a_live_lane_that_is_itself_hours_behind_is_parted_anew(bench: Bench) -> None:
    bench.polls(24 * 60)
    for _ in range(2):
        bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
    live_from = bench.live_from
    bench.courier.board()
    bench.polls(5 * 60)
    await bench.until_delivered()
    assert max(batch.live_from for _, batch in bench.line.sent) > live_from + 200


async def test_all_that_waits_when_head_office_is_asked_is_past_and_what_comes_later_is_present(bench: Bench) -> None:
    bench.polls(24 * 60)
    backlog = bench.queue.last_seq
    await bench.until_delivered()
    assert {batch.present_from for _, batch in bench.line.sent} == {backlog + 1}
    assert {leaf for leaf, _ in bench.line.sent} == {"batch", "history"}
    bench.polls(3)
    await bench.go_round()
    assert bench.present_from == backlog + 1


async def test_what_is_recorded_until_head_office_answers_is_past_too(bench: Bench) -> None:
    bench.polls(6)
    asked = await bench.go_round()
    assert bench.present_from == bench.queue.last_seq + 1
    bench.polls(6)
    bench.confirm(asked[0][1])
    await bench.go_round()
    assert bench.present_from == bench.queue.last_seq + 1


async def test_the_present_begins_later_on_each_connection_and_after_each_silence(bench: Bench) -> None:
    bench.polls(6)
    first = await told_present(bench)
    bench.polls(6)
    bench.courier.board()
    second = await told_present(bench)
    bench.polls(6)
    for _ in range(3):  # the broker is there, and head office says nothing
        bench.hours.now += LIVE.resend_at_most_s
        await bench.go_round()
    assert first < second < bench.present_from == bench.queue.last_seq + 1


async def told_present(bench: Bench) -> int:
    await bench.until_delivered()
    return bench.present_from


async def test_numbers_of_a_new_stream_have_a_present_of_their_own(bench: Bench) -> None:
    bench.polls(30)
    await bench.until_delivered()
    bench.queue.stream, bench.queue.last_seq = "stream-2", 0
    bench.polls(2)
    bench.courier.board()
    await bench.go_round()
    assert bench.present_from == bench.queue.last_seq + 1


async def test_an_agent_that_starts_anew_parts_what_is_left(bench: Bench) -> None:
    bench.polls(24 * 60)
    for _ in range(4):
        bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
        bench.hours.now += 1.0
    bench.courier = bench.start()
    bench.queue.append(status())
    sent = await bench.until_delivered()
    assert sorted({seq for _, seqs in sent for seq in seqs}) == list(range(1, bench.queue.last_seq + 1))


async def test_a_backlog_of_gaps_has_no_age(bench: Bench) -> None:
    for seq in range(5):
        bench.queue.append(Gap(from_seq=seq + 1, to_seq=seq + 1, count=1, reason="full"))
    await bench.until_delivered()
    assert bench.live_from == 0


async def test_no_more_than_the_windows_is_on_its_way(bench: Bench) -> None:
    bench.polls(7 * 24 * 60)
    bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
    for _ in range(30):
        await bench.go_round()
        bench.hours.now += 0.1
    sent = [leaf for leaf, _ in bench.line.numbers()[1:]]
    assert sent.count("batch") <= LIVE.messages
    assert sent.count("history") == HISTORY.messages


async def test_a_wrong_instant_is_repaired_before_it_leaves(bench: Bench) -> None:
    """It boots in 1970; nothing but a status leaves before head office has told the time."""
    bench.hours.wrong_by = -50 * 365 * 24 * HOUR
    bench.polls(30)
    await bench.until_delivered()
    polls = [entry.body for entry in bench.line.entries() if isinstance(entry.body, Telemetry)]
    expected = Hours()
    for poll in polls:
        expected.now = poll.mono
        assert abs((poll.at - expected.true()).total_seconds()) < 1
        assert poll.clock_trusted
        assert poll.repaired


async def test_a_head_office_that_does_not_tell_its_time_is_not_waited_for(bench: Bench) -> None:
    bench.hours.wrong_by = -50 * 365 * 24 * HOUR
    bench.polls(3)
    ((_, [asked]),) = await bench.go_round()
    bench.courier.hear(encode_ack(Ack(stream=bench.queue.stream, upto=0, ranges=((asked, asked),))))
    await bench.go_round()
    polls = [entry.body for entry in bench.line.entries() if isinstance(entry.body, Telemetry)]
    assert len(polls) == 3
    assert not any(poll.repaired for poll in polls)


async def test_a_word_that_the_disk_refused_is_taken_in_later(bench: Bench) -> None:
    bench.polls(1)
    sent = await bench.go_round()
    bench.queue.refusals = 1
    bench.confirm(sent[0][1])
    with pytest.raises(StorageRefused):
        await bench.go_round()
    await bench.go_round()
    assert sent[0][1][0] not in bench.queue.rows


async def test_numbers_of_a_new_stream_begin_with_asking(bench: Bench) -> None:
    bench.polls(10)
    bench.confirm(seq for _, seqs in await bench.go_round() for seq in seqs)
    await bench.go_round()
    bench.queue.stream = "stream-2"
    bench.courier.board()
    sent = await bench.go_round()
    assert [len(seqs) for _, seqs in sent] == [1]
    assert bench.line.sent[-1][1].stream == "stream-2"


async def test_an_old_boot_with_a_wrong_clock_is_marked_and_never_repaired(bench: Bench) -> None:
    bench.queue.append(replace(poll_at(bench.hours, boot="before.run"), at=poll_at(bench.hours).at.replace(year=2031)))
    bench.queue.append(status())
    await bench.until_delivered()
    (poll,) = [entry.body for entry in bench.line.entries() if isinstance(entry.body, Telemetry)]
    assert (poll.at.year, poll.clock_trusted, poll.repaired) == (2031, False, False)


@pytest.mark.parametrize(
    "word",
    [
        b'{"stream":"stream-1","upto":-1}',
        b'{"stream":"stream-1","upto":%d}' % 2**64,
        b'{"stream":"stream-1","upto":0,"ranges":[[%d,5]]}' % -(2**70),
        b'{"stream":"stream-1","upto":0,"ranges":[[9,3]]}',
        b'{"stream":"stream-1","upto":0,"ranges":[%s[7,7]]}' % (b"[3,3]," * 20_000),
    ],
)
async def test_an_absurd_acknowledgement_confirms_nothing_and_stops_nothing(bench: Bench, word: bytes) -> None:
    bench.polls(3)
    await bench.go_round()
    bench.courier.hear(word)
    await bench.go_round()
    assert bench.queue.confirmed == []
    await bench.until_delivered()


async def test_a_head_office_beyond_all_calendars_is_not_believed(bench: Bench) -> None:
    """Carried on by the monotonic clock, its time would soon be none, and every poll would fail."""
    bench.polls(3)
    ((_, [asked]),) = await bench.go_round()
    at = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    bench.courier.hear(encode_ack(Ack(stream=bench.queue.stream, upto=0, ranges=((asked, asked),), at=at)))
    await bench.go_round()
    bench.hours.now += HOUR
    assert bench.timekeeper.trusted()
    polls = [entry.body for entry in bench.line.entries() if isinstance(entry.body, Telemetry)]
    assert not any(poll.repaired for poll in polls)


async def test_an_acknowledgement_that_the_broker_kept_from_long_ago_changes_nothing(bench: Bench) -> None:
    bench.polls(2 * 60)
    retained = encode_ack(Ack(stream=bench.queue.stream, upto=0, ranges=((500, 900),), at=NOON - timedelta(days=9)))
    for _ in range(3):
        bench.courier.board()
        bench.courier.hear(retained)
        await bench.go_round()
    assert bench.timekeeper.health().ahead_s is None
    await bench.until_delivered()
    assert {seq for _, seqs in bench.line.numbers() for seq in seqs} == set(range(1, bench.queue.last_seq + 1))
