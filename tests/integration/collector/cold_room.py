"""A store with a condensing unit, the cases that it feeds, a second bus and an UPS, whatever befalls it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import rules
from edge_agent.contract.readings import Body, Device, Quality, Reading, Telemetry, Value
from edge_agent.contract.text import same
from rules.book import RuleBook
from rules.load import load_rules
from tests.integration.collector.bench import MORNING, status

STOPPED = "condensing.test_stopped"
_STOPPED_YAML = f"""id: {STOPPED}
title: {{zh: 机组停机, en: Unit stopped}}
why: {{zh: 冷柜没有冷量, en: The cases get no cold}}
family: cold_supply
severity: high
applies_to: {{device_class: [condensing_unit]}}
condition: {{zh: 机组报警, en: The unit says so}}
when: alarm.any
for: 5m
normal_for: 5m
evidence: [alarm.any]
causes: [compressor_dead]
tests:
  - it: waits five minutes
    every: 5m
    device: {{device_class: condensing_unit, duty: condensing_unit}}
    alarm.any: "false truex3"
    expect: clear pending activex2
    first_cause: compressor_dead
"""


@cache
def book() -> RuleBook:
    """Three shipped rules, and one that says that a unit has stopped: each alarm here has a family of its own."""
    folder = Path(mkdtemp()) / "library"
    shutil.copytree(Path(rules.__file__).parent / "library", folder)
    (folder / "condensing_unit").mkdir(exist_ok=True)
    (folder / "condensing_unit" / "test_stopped.yaml").write_text(_STOPPED_YAML, encoding="utf-8")
    shipped = load_rules(folder)
    wanted = {STOPPED, "refrigeration.air_temperature_high", "device.silent", "ups.on_battery"}
    few = tuple(rule for rule in shipped.rules if rule.id in wanted)
    return replace(shipped, rules=few, by_id={rule.id: rule for rule in few})


def _device(id_: str, device_class: str, duty: str, bus: str, fed_by: str = "") -> Device:
    return Device(
        id=id_,
        device_class=device_class,
        duty=duty,
        profile="p",
        profile_version=1,
        proven=False,
        name=same(id_),
        bus=bus,
        fed_by=fed_by,
    )


CASES = tuple(_device(f"case-{n}", "refrigeration_case", "freezer", "b", "unit-1") for n in (1, 2, 3))
UNIT = _device("unit-1", "condensing_unit", "condensing_unit", "a")
UPS = _device("ups-1", "ups", "ups", "a")
DEVICES = (*CASES, UNIT, UPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """From which minute to which it lasts: the unit stands, single cases are warm, bus b is dead, the mains is gone."""

    unit: range = range(0)
    warm: tuple[range, range, range] = (range(0), range(0), range(0))
    bus: range = range(0)
    mains: range = range(0)


def outbox_of(fate: Fate, minutes: int, every: int = 1) -> dict[int, Body]:
    """The inventory, and a poll of every device in each minute."""
    bodies: list[Body] = [status(*DEVICES), *_polls(fate, minutes, every)]
    return dict(enumerate(bodies, start=1))


def _polls(fate: Fate, minutes: int, every: int) -> Iterator[Telemetry]:
    for minute in range(0, minutes, every):
        dark = minute in fate.mains
        for n, case in enumerate(CASES):
            silent = dark or minute in fate.bus
            warm = minute in fate.warm[n]
            yield _poll(minute + n / 60, case, {"temp.control": -5.0 if warm else -20.0}, silent=silent)
        yield _poll(minute + 4 / 60, UNIT, {"alarm.any": minute in fate.unit}, silent=dark)
        yield _poll(minute + 5 / 60, UPS, {"on_battery": dark, "mains_ok": not dark, "charge_pct": 90.0}, silent=False)


def _poll(minute: float, device: Device, told: dict[str, Value], *, silent: bool) -> Telemetry:
    readings = tuple(
        Reading(point=point, value=None, quality=Quality.NO_ANSWER) if silent else Reading(point=point, value=value)
        for point, value in told.items()
    )
    at = MORNING + timedelta(minutes=minute)
    return Telemetry(device=device.id, at=at, boot="boot-1", mono=minute * 60, clock_trusted=True, readings=readings)
