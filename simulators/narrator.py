"""What happens in a simulated store, in sentences for the person at the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.contract.clock import EPOCH
from edge_agent.contract.text import Text
from simulators.faults import FAULTS
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.case import Case
from simulators.store import GATEWAY, Place, Plant, StoreState

_STORE = Text(zh="门店", en="Store")
TEMPERATURES_EVERY = timedelta(minutes=15)

_MODES: Mapping[str, Text] = {
    "defrost": Text(zh="开始化霜", en="defrost begins"),
    "drip": Text(zh="化霜结束,滴水", en="defrost ends, water drips off"),
    "emergency": Text(zh="控制器按时间应急制冷", en="controller cools by the clock, without its probe"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    at: datetime
    text: Text


def happenings(
    places: Mapping[str, Place],
    before: StoreState,
    after: StoreState,
    faults: tuple[Mapping[str, Mapping[str, float]], Mapping[str, Mapping[str, float]]],
) -> Iterator[Happening]:
    """What the step from `before` to `after` brought; `faults` are those of each device before and after it."""
    for device, place in places.items():
        for text in _new(place, before.plants[device], after.plants[device]):
            yield Happening(at=after.at, text=text)
    names = {device: place.name for device, place in places.items()} | {GATEWAY: _STORE}
    for device, name in names.items():
        for fault in sorted(set(faults[1].get(device, ())) - set(faults[0].get(device, ()))):
            said = FAULTS[fault].said
            text = Text(zh=f"{said.zh}(注入的故障)", en=f"{said.en} (fault injected)")
            yield Happening(at=after.at, text=_of(name, text))
    if _quarter(after.at) != _quarter(before.at):
        yield Happening(at=after.at, text=temperatures(places, after))


def temperatures(places: Mapping[str, Place], state: StoreState) -> Text:
    """What really is in the cabinets and the room, whatever the probes say."""
    shown = [(places[device].name, _temperature(plant)) for device, plant in state.plants.items()]
    parts = [(name, value) for name, value in shown if value is not None]
    return Text(
        zh=" · ".join(f"{name.zh} {value:.1f} °C" for name, value in parts),
        en=" · ".join(f"{name.en} {value:.1f} °C" for name, value in parts),
    )


def _new(place: Place, before: Plant, after: Plant) -> Iterator[Text]:
    if not isinstance(before, Case) or not isinstance(after, Case):
        return
    if after.controller.mode != before.controller.mode and after.controller.mode in _MODES:
        yield _of(place.name, _MODES[after.controller.mode])


def _of(name: Text, text: Text) -> Text:
    return Text(zh=f"{name.zh}:{text.zh}", en=f"{name.en}: {text.en}")


def _temperature(plant: Plant) -> float | None:
    match plant:
        case Case():
            return plant.cabinet.air
        case AirConditioner():
            return plant.room
    return None


def _quarter(at: datetime) -> int:
    return (at - EPOCH) // TEMPERATURES_EVERY
