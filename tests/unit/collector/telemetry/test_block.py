"""Blocks give back what was sealed, in less room."""

from __future__ import annotations

from random import Random

from hypothesis import given

from collector.telemetry.block import (
    QUALITY_CODES,
    Poll,
    decode_poll,
    encode_body,
    in_order,
    open_block,
    polls_of,
    seal,
    track,
    tracks_of,
)
from edge_agent.contract.readings import Quality
from tests.unit.collector.telemetry.polls import HOUR_MS, POLLS, WINDOW, said


@given(POLLS)
def test_a_block_gives_back_every_reading(polls: list[Poll]) -> None:
    assert said(polls_of(open_block(seal(in_order(polls))))) == said(polls)


@given(POLLS)
def test_one_point_can_be_read_by_itself(polls: list[Poll]) -> None:
    polls = in_order(polls)
    block = open_block(seal(polls))
    for column in block.columns:
        found, told = track(column, len(polls)), tracks_of(polls)[column.point]
        assert [list(found.rows), list(found.values), list(found.codes)] == [
            list(told.rows),
            list(told.values),
            list(told.codes),
        ]


@given(POLLS)
def test_a_poll_in_the_log_says_what_it_said(polls: list[Poll]) -> None:
    logged = [decode_poll(one.at_ms, one.seq, encode_body(one.points, one.values, one.codes)) for one in polls]
    assert said(logged) == said(polls)


@given(POLLS)
def test_a_repeated_poll_changes_nothing(polls: list[Poll]) -> None:
    assert seal(in_order(polls + polls)) == seal(in_order(polls))


def test_every_quality_has_a_number_of_its_own() -> None:
    assert set(QUALITY_CODES) == set(Quality)
    assert sorted(QUALITY_CODES.values()) == list(range(len(Quality)))
    assert QUALITY_CODES[Quality.GOOD] == 0


def test_an_hour_of_a_device_takes_less_than_a_byte_a_reading() -> None:
    """Twelve temperatures that wander by tenths and eight flags, every half minute."""
    dice = Random(1)
    tenths = [dice.randint(-250, 100) for _ in range(12)]
    polls = []
    for row in range(120):
        tenths = [one + dice.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2)) for one in tenths]
        flags = [float(dice.random() < 0.02) for _ in range(8)]
        at_ms = WINDOW * HOUR_MS + row * 30_000 + dice.randint(0, 400)
        polls.append(Poll(at_ms, 100 + row * 40, list(range(20)), [one / 10 for one in tenths] + flags, b""))
    assert len(seal(polls)) < 120 * 20
