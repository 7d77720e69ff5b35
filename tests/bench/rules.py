"""Rule evaluation alone: readings judged in a CPU second with a library of issue 5's size, and what is remembered.

Forty devices of twenty points (the reference store), each polled in full every ten seconds as in the other benches;
beside it what a telemetry costs that tells only what moved. Until the shipped library is as large, forty-five rules of
the same shapes stand in for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from collector.garbage import collect_seldom
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Coordinates, Device, Reading, Telemetry, Value
from rules.book import RuleBook, book_of
from rules.engine import judge
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.neighbours import Neighbourhood, Neighbours, Setting, note
from tests.bench.row import Row, quotient
from tests.bench.rule_shapes import SHAPES
from tests.bench.traffic import POLL_EVERY
from tests.unit.rules.followed import rule_of
from tests.unit.rules.judged import freezer

BAR = 300_000
"""Readings per second and core, of a core that does the calibration in `CALIBRATED_S`."""
CALIBRATED_S = 0.080
MOST_BYTES = 32 * 1024
BEFORE, MEASURED, RUNS = 26 * 12, 240, 5
"""Polls of the day before, and of the forty minutes that are measured."""
COARSELY = timedelta(minutes=5)
BEGIN = datetime(2026, 7, 13, tzinfo=UTC)
FEW_RULES = 40
SIXTEEN_DAYS_OF_QUARTERS = 16 * 96

_CASE = (
    "temp.control temp.air_on temp.air_off temp.evaporator temp.product sp.effective sp.diff superheat out.valve_pct"
    " out.compressor out.fan out.defrost out.light defrost.active night.active in.door in.di1 alarm.any alarm.high_temp"
    " alarm.probe1 limit.high state.mode"
)
KINDS: tuple[tuple[str, str, int, str], ...] = (
    ("refrigeration_case", "freezer", 15, _CASE),
    ("refrigeration_case", "chiller", 11, _CASE),
    (
        "condensing_unit",
        "condensing_unit",
        3,
        "temp.ambient temp.condensing temp.evaporating temp.discharge_gas temp.suction_gas temp.liquid superheat"
        " subcooling pressure.suction pressure.discharge out.compressor out.compressor2 out.fan out.fan2 p.total"
        " out.capacity_pct alarm.any alarm.oil alarm.overload alarm.fan alarm.pressure_high alarm.pressure_low",
    ),
    (
        "energy_meter",
        "store_supply",
        5,
        "p.total p.l1 p.l2 p.l3 i.l1 i.l2 i.l3 v.l1 v.l2 v.l3 v.l12 v.l23 v.l31 q.total s.total pf.total frequency"
        " e.import e.export e.total",
    ),
    (
        "ac_unit",
        "sales_area",
        3,
        "power mode fan sp temp.room temp.supply temp.outdoor temp.outdoor_unit p.total out.compressor out.spray"
        " thermostat_on defrost.active filter_dirty locked in.window link_ok op_hours alarm.any error_code",
    ),
    ("lighting_circuit", "sign_lighting", 2, "out.on cmd.on level_pct lux i p.total op_hours"),
    ("env_sensor", "outdoor_climate", 1, "temp hum lux"),
)
"""Class, duty, how many of them, and what they tell."""


@dataclass(slots=True)
class Judged:
    """CPU seconds and readings of one run over the measured hours."""

    seconds: float = 0.0
    readings: int = 0
    telemetries: int = 0


def rows() -> list[Row]:
    book, setting = _library(), _store()
    collect_seldom()
    runs = [(_calibration(), _judge(book, setting, _rounds(setting, Random(5), full=True))) for _ in range(RUNS)]
    moved = _judge(book, setting, _rounds(setting, Random(5), full=False))
    rates = [run.readings / run.seconds * calibrated / CALIBRATED_S for calibrated, run in runs]
    rate, (calibrated, run) = sorted(zip(rates, runs, strict=True), key=lambda each: each[0])[RUNS // 2]
    detail = (
        f"{run.readings / run.seconds:,.0f} readings/s as measured, {run.seconds / run.telemetries * 1e6:.1f} µs a "
        f"telemetry of {run.readings / run.telemetries:.1f} readings, {moved.seconds / moved.telemetries * 1e6:.1f} µs "
        f"one of {moved.readings / moved.telemetries:.1f} that moved; {len(book.rules)} rules; calibration "
        f"{calibrated:.3f} s of {CALIBRATED_S:.3f} s"
    )
    spread = (BAR / min(rates) - BAR / max(rates)) / 2
    size = _size(book, setting)
    return [
        quotient("rules: readings judged in a CPU second", BAR / rate, spread, 1.0, f"{BAR:,} readings", detail),
        quotient(
            "rules: state of a device", size / MOST_BYTES, 0.0, 1.0, "32 KiB", f"{size / 1024:.1f} KiB the largest"
        ),
    ]


def _library() -> RuleBook:
    shipped = load_rules()
    if len(shipped.rules) >= FEW_RULES:
        return shipped
    shapes = enumerate(SHAPES)
    rules = [
        replace(rule_of(when, f"shape.number{n}", device_class=name), hold=timedelta(minutes=hold), normal=None)
        for n, (name, hold, when) in shapes
    ]
    return book_of(rules)


def _store() -> Setting:
    devices: dict[str, Device] = {}
    for name, duty, count, _ in KINDS:
        for n in range(count):
            id_ = f"{duty.replace('_', '-')}-{n}"
            fed_by = "condensing-unit-0" if name == "refrigeration_case" else ""
            devices[id_] = replace(freezer(id_, duty=duty), device_class=name, fed_by=fed_by)
    place = Coordinates(latitude=31.2, longitude=121.5)
    return Setting(id="store-1", timezone="Asia/Shanghai", location=place, devices=devices)


def _rounds(setting: Setting, random: Random, *, full: bool) -> Iterator[list[Telemetry]]:
    """What the store tells at each poll. `full`: all points; else those that moved, and all now and then.

    The day before what is measured is told more coarsely.
    """
    points = {(name, duty): said.split() for name, duty, _, said in KINDS}
    values: dict[tuple[str, str], Value] = {}
    at = BEGIN
    for step in range(BEFORE + MEASURED):
        at += COARSELY if step < BEFORE else POLL_EVERY
        told: list[Telemetry] = []
        for id_, device in setting.devices.items():
            changed = []
            for point in points[device.device_class, device.duty]:
                value = _next(device, point, values.get((id_, point)), random)
                if full or step % 30 == 0 or value != values.get((id_, point)):
                    changed.append(Reading(point=point, value=value))
                values[id_, point] = value
            if changed:
                told.append(_telemetry(id_, at, (at - BEGIN).total_seconds(), tuple(changed)))
        yield told


def _telemetry(device: str, at: datetime, mono: float, readings: tuple[Reading, ...]) -> Telemetry:
    return Telemetry(device=device, at=at, boot="b", mono=mono, clock_trusted=True, readings=readings)


def _next(device: Device, point: str, value: Value | None, random: Random) -> Value:
    """Temperatures and currents move at most polls, flags every quarter of an hour or so."""
    kind = DEVICE_CLASSES[device.device_class].points[point].type
    if kind == "word":
        return "cooling"
    if kind == "flag":
        return random.random() < 0.6 if value is None else bool(value) ^ (random.random() < 1 / 90)
    if not isinstance(value, float):
        return -20.0 if device.duty == "freezer" else 4.0
    still = point.partition(".")[0] not in {"temp", "p", "i", "v", "superheat"} or random.random() < 0.4
    return value if still else round(value + random.uniform(-0.5, 0.5), 1)


def _judge(book: RuleBook, setting: Setting, rounds: Iterable[list[Telemetry]]) -> Judged:
    """Each round as it comes; what it takes to make one up is not counted."""
    memories = {id_: DeviceMemory() for id_ in setting.devices}
    known, judged = Neighbourhood(), Judged()
    for number, telemetries in enumerate(rounds):
        began = time.process_time()
        for telemetry in telemetries:
            device = setting.devices[telemetry.device]
            known = note(known, book.asked_of(device.device_class), telemetry)
            around = Neighbours(setting=setting, known=known)
            memories[device.id] = judge(book, device, memories[device.id], telemetry, around).memory
        if number >= BEFORE:
            judged.seconds += time.process_time() - began
            judged.telemetries += len(telemetries)
            judged.readings += sum(len(telemetry.readings) for telemetry in telemetries)
    return judged


def _size(book: RuleBook, setting: Setting) -> int:
    """Bytes of the largest memory after sixteen days, when all is learned and every bucket is full."""
    told = [telemetry for telemetries in _rounds(setting, Random(6), full=True) for telemetry in telemetries]
    sizes = []
    for name, duty, _, _ in KINDS:
        id_ = f"{duty.replace('_', '-')}-0"
        device, memory = setting.devices[id_], DeviceMemory()
        own = [telemetry for telemetry in told if telemetry.device == id_]
        for n in range(SIXTEEN_DAYS_OF_QUARTERS):
            at = BEGIN - (SIXTEEN_DAYS_OF_QUARTERS - n) * timedelta(minutes=15)
            memory = judge(book, device, memory, replace(own[n % len(own)], at=at), Neighbours(setting=setting)).memory
        for telemetry in own:
            memory = judge(book, device, memory, telemetry, Neighbours(setting=setting)).memory
        sizes.append((len(msgspec.msgpack.encode(memory)), name))
    return max(sizes)[0]


def _calibration() -> float:
    """CPU seconds of a plain loop over small tuples and a dict, as rules are judged of."""
    began = time.process_time()
    known: dict[int, tuple[int, float]] = {}
    total = 0.0
    for n in range(600_000):
        key = n & 255
        last = known.get(key)
        total += last[1] if last is not None and last[0] < n else 1.0
        known[key] = (n, total % 7.0)
    return time.process_time() - began
