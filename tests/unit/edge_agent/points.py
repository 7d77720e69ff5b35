"""Small register maps for tests of the bus side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from edge_agent.contract.text import Text
from edge_agent.core.profile import (
    Address,
    Derived,
    Evidence,
    Point,
    Poll,
    Profile,
    ReadLimits,
    Table,
    WordType,
)
from edge_agent.settings import SiteDevice

PERIODS = {
    Poll.FAST: timedelta(seconds=10),
    Poll.NORMAL: timedelta(seconds=30),
    Poll.SLOW: timedelta(minutes=15),
}


def point(name: str = "temp.control", at: int = 0, table: Table = Table.HOLDING, **settings: Any) -> Point:
    settings = {"type": WordType.I16} | settings
    return Point(name=name, address=Address(table=table, number=at, bit=settings.pop("bit", None)), **settings)


def flag(name: str, at: int = 0, table: Table = Table.HOLDING, **settings: Any) -> Point:
    return point(name, at, table, type=WordType.FLAG, **settings)


def profile_of(*points: Point, derived: tuple[Derived, ...] = (), limits: ReadLimits | None = None) -> Profile:
    return Profile(
        id="bench",
        version=1,
        device_class="refrigeration_case",
        label=Text(zh="试验", en="Bench"),
        models=("bench",),
        serial=None,
        units=(1, 247),
        answer_within=timedelta(milliseconds=50),
        gap=timedelta(),
        limits=limits or ReadLimits(),
        points={each.name: each for each in points},
        derived={each.name: each for each in derived},
        evidence=Evidence(grade="D", source="test", proven=False, vectors=()),
    )


def device_of(profile: Profile, unit: int = 3, name: str = "freezer-1") -> SiteDevice:
    text = Text(zh=name, en=name)
    return SiteDevice(id=name, name=text, duty="freezer", bus="line-a", unit=unit, profile=profile)


CASE = profile_of(
    point("temp.control", 10, scale=0.1, poll=Poll.FAST, dead_band=0.1, bad_when=("alarm.probe_control",)),
    point("state.mode", 11, type=WordType.U16, words={0: "cooling", 14: "defrost"}, poll=Poll.FAST),
    flag("alarm.probe_control", 20, poll=Poll.FAST),
    point("limit.high", 30, scale=0.1, poll=Poll.SLOW),
    point("info.order_no", 40, type=WordType.U16, poll=Poll.ONCE),
    derived=(Derived(name="defrost.active", source="state.mode", one_of=frozenset({"defrost"})),),
)
CASE_IN_BLOCKS = replace(CASE, limits=ReadLimits(max_words=10))
