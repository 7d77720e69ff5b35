"""Readings in InfluxDB's line protocol."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collector.telemetry.base import Arrival
from collector.telemetry.lines import lines, pack
from edge_agent.contract.readings import Quality, Reading, Telemetry

AT = datetime(2026, 7, 15, 2, tzinfo=UTC)
MS = 1784080800000


def written(*readings: Reading) -> list[str]:
    telemetry = Telemetry(device="d-1", at=AT, boot="b", mono=0.0, clock_trusted=True, readings=readings)
    return [line.decode() for line in lines(pack([Arrival(store="s-1", seq=1, telemetry=telemetry)]))]


def test_every_field_is_a_number_of_one_type() -> None:
    readings = (
        Reading(point="temp", value=-20.5),
        Reading(point="whole", value=3.0),
        Reading(point="flag", value=True),
        Reading(point="mode", value="cooling"),
        Reading(point="gone", value=None, quality=Quality.PROBE_FAULT),
    )
    assert written(*readings) == [
        f"reading,store=s-1,device=d-1,point=temp value=-20.5 {MS}",
        f"reading,store=s-1,device=d-1,point=whole value=3.0 {MS}",
        f"reading,store=s-1,device=d-1,point=flag value=1.0 {MS}",
        f"reading,store=s-1,device=d-1,point=mode,word=cooling word=1 {MS}",
        f"reading,store=s-1,device=d-1,point=gone quality=4 {MS}",
    ]


@pytest.mark.parametrize(
    ("word", "tag"),
    [("a b", r"a\ b"), ("a,b=c", r"a\,b\=c"), ("two\nlines", r"two\nlines"), ("", r"\ "), ("end\\", "end\\\\ ")],
)
def test_no_word_can_break_out_of_its_line(word: str, tag: str) -> None:
    (line,) = written(Reading(point="mode", value=word))
    assert line == f"reading,store=s-1,device=d-1,point=mode,word={tag} word=1 {MS}"
