"""Where the live lane begins is found by looking at few rows, whatever lies between those that have an age."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.contract.readings import Ack, Gap
from edge_agent.core.restamp import stamp_of
from edge_agent.outbox.queue import Outbox
from tests.unit.edge_agent.bodies import polled, status


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with closing(Outbox(tmp_path / "outbox.sqlite")) as opened:
        yield opened


class Later:
    """Whether a poll is of `second` or after it; `looked` counts the questions."""

    def __init__(self, second: int) -> None:
        self._second = second
        self.looked = 0

    def __call__(self, body: bytes) -> bool | None:
        self.looked += 1
        stamp = stamp_of(body)
        return None if stamp is None else stamp.mono >= self._second


@given(kinds=st.lists(st.booleans(), max_size=60), share=st.floats(0, 1), gone=st.sets(st.integers(1, 60)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_it_finds_the_first_poll_of_an_hour_among_gaps(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[bool], share: float, gone: set[int]
) -> None:
    border = round(share * len(kinds))
    with closing(Outbox(tmp_path_factory.mktemp("outbox") / "outbox.sqlite")) as outbox:
        outbox.append(
            [
                polled(number) if kind else Gap(from_seq=1, to_seq=1, count=1, reason="full")
                for number, kind in enumerate(kinds)
            ]
        )
        outbox.confirm(Ack(stream=outbox.stream, upto=0, ranges=tuple((seq, seq) for seq in gone if seq <= len(kinds))))
        found = outbox.first_where(Later(border))
        waiting = dict(outbox.pending(0, limit_rows=100))
    told = {seq: Later(border)(body) for seq, body in waiting.items()}
    assert all(seq < found for seq, later in told.items() if later is False)
    assert all(seq >= found for seq, later in told.items() if later is True)


def test_it_looks_at_few_of_many_rows(outbox: Outbox) -> None:
    outbox.append([polled(number) for number in range(20_000)])
    later = Later(19_500)
    assert outbox.first_where(later) == 19_501
    assert later.looked < 20


def test_an_empty_outbox_has_no_beginning(outbox: Outbox) -> None:
    assert outbox.first_where(Later(0)) == 0
    assert outbox.newest_status() is None


def test_the_newest_status_is_found_behind_much_telemetry(outbox: Outbox) -> None:
    outbox.append([status(1), status(2), *(polled(number) for number in range(3000))])
    found = outbox.newest_status()
    assert found is not None
    assert found[0] == 2
    outbox.confirm(Ack(stream=outbox.stream, upto=2))
    assert outbox.newest_status() is None


def test_a_window_ends_before_the_live_lane(outbox: Outbox) -> None:
    outbox.append([polled(number) for number in range(10)])
    assert [seq for seq, _ in outbox.pending(2, before_seq=6)] == [3, 4, 5]
    assert outbox.pending(2, before_seq=3) == []
