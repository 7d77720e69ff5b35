"""A simulated store that runs on a clock and answers its lines, with the faults that were injected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pymodbus.pdu import ModbusPDU

from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import Value
from edge_agent.core.profile import Point
from simulators.answers import answer
from simulators.faults import Injection, active
from simulators.registers import Image, image_of_all
from simulators.store import GATEWAY, STEP, Place, StoreState, accept, advance, said, silent

Watcher = Callable[[StoreState, StoreState], None]
"""Told of every step: the store before and after it."""


class LiveStore:
    """Catches up with the clock in whole steps whenever somebody looks, so that it never depends on who looks when."""

    def __init__(self, places: Iterable[Place], state: StoreState, clock: Clock, watch: Watcher | None = None) -> None:
        self.places = {place.device: place for place in places}
        self.state = state
        self._clock = clock
        self._watch = watch
        self._injections: tuple[Injection, ...] = ()
        self._story_began_at: datetime | None = None

    def begin_story(self, injections: Iterable[Injection]) -> None:
        """From now on the story's time runs."""
        self._injections = tuple(injections)
        self._story_began_at = self._clock.now()

    def faults(self, at: datetime) -> Mapping[str, Mapping[str, float]]:
        """By device, those of the store under GATEWAY; each by its severity."""
        if self._story_began_at is None:
            return {}
        elapsed = at - self._story_began_at
        return {device: active(self._injections, device, elapsed) for device in (*self.places, GATEWAY)}

    def catch_up(self) -> None:
        """Live through all the steps that the clock has passed."""
        now = self._clock.now()
        while self.state.at + STEP <= now:
            before = self.state
            self.state = advance(before, self.faults(before.at + STEP))
            if self._watch:
                self._watch(before, self.state)

    def units(self, bus: str) -> dict[int, Controller]:
        """The controllers on that line, by unit id; a gateway answers for all that is behind its address."""
        behind: dict[int, list[Place]] = {}
        for place in self.places.values():
            if place.bus == bus:
                behind.setdefault(place.unit, []).append(place)
        return {unit: Controller(self, tuple(places)) for unit, places in behind.items()}

    def silent(self, device: str) -> bool:
        return device in silent(self.state, self.faults(self.state.at))

    def set(self, device: str, point: str, value: Value) -> None:
        plants = {**self.state.plants, device: accept(self.state.plants[device], point, value)}
        self.state = replace(self.state, plants=plants)


@dataclass(slots=True)
class Controller:
    """One controller of a live store, as its line sees it; `places` are the machines that it speaks for."""

    store: LiveStore
    places: tuple[Place, ...]
    _image: tuple[StoreState, Image] | None = None

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        """None: the controller is silent."""
        self.store.catch_up()
        if any(self.store.silent(place.device) for place in self.places):
            return None
        given = answer(request, self._image_now())
        for point, value in given.sets:
            self.store.set(self._owner(point), point.name, value)
        return given.pdu

    def _owner(self, point: Point) -> str:
        """The device among those behind this address that has that very point."""
        return next(place.device for place in self.places if place.profile.points.get(point.name) == point)

    def _image_now(self) -> Image:
        state = self.store.state
        if self._image is None or self._image[0] is not state:
            units = [(place.profile, said(state.plants[place.device])) for place in self.places]
            self._image = (state, image_of_all(units))
        return self._image[1]
