"""A refrigeration case: the cabinet, its controller, its doors and, where no unit feeds it, its own compressor.

A step is cut where the controller's clock or a temperature that it watches changes its mode, so that relays switch when
they would and not at the end of a step: a day in steps of 60 s is the day in steps of 10 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from simulators.plants import cabinet as heat
from simulators.plants import case_controller as control
from simulators.plants import plug_in, protection
from simulators.plants.cabinet import Around, Cabinet, Drive
from simulators.plants.case_causes import NONE, Causes, causes_of
from simulators.plants.case_controller import Controller, Probes, Settings
from simulators.plants.case_said import said
from simulators.plants.case_state import LIFT, Case, Draw, Feed
from simulators.plants.kinds import CLASS_LIMITS, KINDS, Kind
from simulators.plants.plug_in import NO_PULL, Circuit, Pull
from simulators.plants.protection import AT_EASE, Protection
from simulators.plants.surroundings import Surroundings
from simulators.plants.variety import varied

__all__ = [
    "Case",
    "Draw",
    "Feed",
    "draw",
    "heat_to_room",
    "power",
    "product",
    "product_limit",
    "said",
    "start",
    "step",
]

_OVER_HEAT = 35.0  # °C of the coil at which the heater's own bimetal opens
_OTHER_CHANCE = 7919.0  # turns one chance into another that looks independent of it
_MINUTE = 60.0
_DRAUGHT = 0.15  # how much more a curtain lets in that a hundred customers an hour pass
_AJAR = 0.3  # of a door's way: from there its switch opens
_STOCKING = 0.5  # of the time in which goods are put in
_STILL = 0.05
_NOISE = 0.1  # K
_PAST_IT = 0.5  # s
_IN_CASE = 0.5  # of light and rail heat; the rest stays in the room
_HOT_GAS_POWER = 0.55  # W of compressor per W of hot gas
_WELL: Mapping[str, float] = MappingProxyType({})


def start(duty: str, defrost_in: float | None = None, *, fed: bool = False, seed: int | None = None) -> Case:
    """A case of that duty, long settled, whose next defrost comes in `defrost_in` seconds; `seed` makes it one of a
    kind, else it is the kind itself. KeyError: no such duty."""
    kind = KINDS[duty] if seed is None else varied(KINDS[duty], seed)
    settings = kind.settings
    warm = settings.cutout + settings.differential  # it has just cut in
    coil = warm - 2.0
    due = kind.first_defrost if defrost_in is None else defrost_in
    circuit = Circuit(coil - 3.0, 42.0, 0.0, 0.0, False, False, 12071, 9120.0)
    return Case(
        kind,
        Cabinet(warm, warm - 0.5, warm - 0.2, coil, 0.05 * kind.build.frost_half),
        control.fresh(warm, coil, due),
        Drive(True, True, False, False),
        None if fed else circuit,
        Feed(coil - 3.0, 1.0, True),
        AT_EASE,
        NONE,
        0.0,
        1.0,
        0.0,
        True,
        kind.build.fan + kind.build.light + kind.build.rail,
    )


class _Load(NamedTuple):
    """What works on the cabinet whatever its controller does: room in °C, air exchange in W/K, W, kg/kg, W, W/K."""

    room: float
    leak: float
    heat: float
    vapour: float
    goods: float
    radiation: float


def step(
    case: Case, seconds: float, around: Surroundings, faults: Mapping[str, float] = _WELL, feed: Feed | None = None
) -> Case:
    """The case `seconds` later; `faults` are those and the disturbances alike, by severity. `feed` is its unit's."""
    kind, settings = case.kind, case.kind.settings
    causes = causes_of(faults, kind, around.cleaning)
    if not around.supply_ok:
        causes = causes._replace(wishes=causes.wishes._replace(restarting=True))
    share, door = _doors(kind, around, causes)
    load = _load(case, around, causes, share)
    powered = around.supply_ok
    given = case.feed if feed is None else feed
    guard = _watch_over(case.guard, control.runs_compressor(case.controller), causes, seconds)
    cabinet, controller, circuit, drive, blown = case.cabinet, case.controller, case.circuit, case.drive, case.blown
    left, energy, lit = seconds, 0.0, powered and not around.night
    while left > 1e-6:
        drive = _drive(controller, settings, causes, circuit, guard, powered, door)
        pulled = _pull(kind, drive, causes, circuit, given)
        now = _around(kind, load, drive, causes, cabinet, pulled, given)
        blown = now.airflow * heat.free_way(kind.build, cabinet.frost + causes.kept_ice)
        wait = control.wait(controller, settings, causes.wishes)
        part, after = _until(cabinet, kind, controller, causes, now, left if left < wait else wait, blown)
        if circuit is not None:
            coil = 0.5 * (cabinet.coil + after.coil)
            machine = kind.machine
            circuit = (
                plug_in.run(circuit, machine, part, around.room, coil, pulled, causes.condenser)
                if drive.compressor
                else plug_in.rest(circuit, machine, part, around.room, coil)
            )
        cabinet = after
        left -= part
        energy += part * _electric(kind, drive, circuit, causes)
        probes = Probes(_air_sensed(after, controller, causes, blown), _coil_sensed(after, causes), door)
        controller = control.decide(controller, settings, part, probes, causes.wishes)
    taken = (kind.build.wall + load.leak) * (around.room - cabinet.air)
    mean = energy / seconds + (kind.build.light * lit + kind.build.rail) * powered
    noise = around.jitter(_NOISE)
    return Case(kind, cabinet, controller, drive, circuit, given, guard, causes, taken, blown, noise, lit, mean)


def draw(case: Case) -> Draw:
    """How it hangs on its unit's suction now."""
    if case.circuit is not None or not case.drive.compressor:
        return Draw(0.0, case.cabinet.coil)
    return Draw(case.kind.build.refrigerant * case.feed.liquid, case.cabinet.coil)


def power(case: Case) -> float:
    """W taken from the mains, in the mean of the last step."""
    return case.electric


def heat_to_room(case: Case) -> float:
    """W that it gives to the room; below zero it cools it."""
    build, circuit = case.kind.build, case.circuit
    beside = (1.0 - _IN_CASE) * (build.light * case.lit + build.rail)
    return beside - case.taken + (circuit.electric + circuit.drawn if circuit else 0.0)


def product(case: Case) -> float:
    """°C in the core of a pack that stands exposed: what ISO 23953 measures."""
    return case.cabinet.pack


def product_limit(case: Case, product_class: str = "") -> float:
    """°C that it may reach in that class, or in the one that its kind is built for. KeyError: no such class."""
    return CLASS_LIMITS[product_class or case.kind.product_class]


def _electric(kind: Kind, drive: Drive, circuit: Circuit | None, causes: Causes) -> float:
    """W of what its relays switch."""
    watts = kind.build.fan if drive.fan else 0.0
    if drive.heater:
        gas = kind.settings.defrost == "hot_gas"
        watts += kind.build.heater * causes.heater * ((_HOT_GAS_POWER if circuit else 0.0) if gas else 1.0)
    return watts + circuit.electric if circuit else watts


def _watch_over(guard: Protection, asked: bool, causes: Causes, seconds: float) -> Protection:
    """A motor that cannot start trips at every try; the repair resets what has locked."""
    if not causes.starts_fail:
        return AT_EASE
    guard = protection.wait(guard, seconds)
    return protection.trip(guard) if asked and protection.allows(guard) else guard


def _doors(kind: Kind, around: Surroundings, causes: Causes) -> tuple[float, bool]:
    """The share of time that doors stand open, and whether one does just now."""
    share = kind.openings * around.customers_per_hour * kind.open_for / 3600.0
    if causes.door or around.stocking:
        share = max(share, causes.door, _STOCKING if around.stocking else 0.0)
        return min(1.0, share), share >= _AJAR
    return share, (around.chance * _OTHER_CHANCE) % 1.0 < share


def _load(case: Case, around: Surroundings, causes: Causes, share: float) -> _Load:
    kind, build = case.kind, case.kind.build
    leak = build.leak * causes.leak
    radiation = build.radiation
    if build.curtain:
        leak *= 1.0 + _DRAUGHT * min(1.0, around.customers_per_hour / 100.0)
    heats = build.light + build.rail
    if around.night:
        leak *= build.blind
        radiation *= build.blind
        heats = build.rail
    goods = 0.0
    if around.stocking:
        goods = around.stocking / _MINUTE * kind.goods_heat * (kind.goods_at - case.cabinet.food)
    damp = heat.vapour(around.room, around.humidity)
    return _Load(around.room, leak + share * build.door, _IN_CASE * heats, damp, goods, radiation)


def _drive(
    controller: Controller,
    settings: Settings,
    causes: Causes,
    circuit: Circuit | None,
    guard: Protection,
    powered: bool,
    door: bool,
) -> Drive:
    if not powered:
        return Drive(False, False, False, door)
    cools = control.runs_compressor(controller)
    if cools and circuit is not None:
        cools = causes.compressor and not causes.starts_fail and not guard.locked and not circuit.tripped
    fan = control.runs_fan(controller, settings) and causes.airflow > _STILL
    return Drive(cools, fan, control.heats(controller, settings), door)


def _pull(kind: Kind, drive: Drive, causes: Causes, circuit: Circuit | None, feed: Feed) -> Pull:
    if not drive.compressor:
        return NO_PULL
    refrigerant = kind.build.refrigerant
    if circuit is None:
        return Pull(refrigerant * feed.liquid, feed.evaporating)
    return plug_in.pull(circuit, kind.machine, refrigerant * plug_in.fed_share(causes.charge))


def _around(
    kind: Kind, load: _Load, drive: Drive, causes: Causes, cabinet: Cabinet, pulled: Pull, feed: Feed
) -> Around:
    build = kind.build
    airflow = causes.airflow if drive.fan else 0.0
    on_coil = 0.0
    if drive.heater and cabinet.coil < _OVER_HEAT:
        gas = kind.settings.defrost != "hot_gas" or (feed.running and causes.compressor)
        on_coil = build.heater * causes.heater * gas
    return Around(
        load.room,
        load.vapour,
        load.leak,
        load.heat + build.fan * airflow,
        airflow,
        on_coil,
        causes.kept_ice,
        load.goods,
        load.radiation,
        pulled.conductance,
        pulled.sink,
    )


def _until(
    cabinet: Cabinet, kind: Kind, controller: Controller, causes: Causes, now: Around, part: float, blown: float
) -> tuple[float, Cabinet]:
    """The cabinet when the temperature that the controller watches is reached, or after `part` seconds."""
    after = heat.step(cabinet, kind.build, part, now)
    of_coil, level, rising = control.watched(controller, kind.settings)
    if of_coil:
        before, then = _coil_sensed(cabinet, causes), _coil_sensed(after, causes)
    elif causes.probe_lost or causes.probe_stuck:
        return part, after
    else:
        before = cabinet.air + causes.offset - causes.bare_probe * LIFT * blown * (cabinet.air - cabinet.coil)
        then = after.air + causes.offset - causes.bare_probe * LIFT * blown * (after.air - after.coil)
    if not (before < level < then if rising else then < level < before):
        return part, after
    cut = part * (level - before) / (then - before) + _PAST_IT
    return (part, after) if cut > part - _PAST_IT else (cut, heat.step(cabinet, kind.build, cut, now))


def _air_sensed(cabinet: Cabinet, controller: Controller, causes: Causes, blown: float) -> float | None:
    if causes.probe_lost:
        return None
    if causes.probe_stuck:
        return controller.air
    return cabinet.air + causes.offset - causes.bare_probe * LIFT * blown * (cabinet.air - cabinet.coil)


def _coil_sensed(cabinet: Cabinet, causes: Causes) -> float:
    return cabinet.coil + causes.slipped * (cabinet.food - cabinet.coil)
