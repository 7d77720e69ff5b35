"""The food that a ticket is about: how warm it is as far as is known, and how long it has."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from collector.domain.events import DeviceLabel, label_device
from collector.domain.tickets import Ticket
from collector.store import inventory, memories
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.food import FoodTable, food_of
from rules.keeping import keeping_of
from rules.memory import DeviceMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFood:
    """The food of one cabinet at `at`. Temperatures in °C; `measured`, or else estimated from the air.

    `minutes_to_limit` is how long it has while the air stays as it is: 0 where it is too warm, null where it will never
    be. `discard`: it was too warm for so long that it is not for sale any more. `mean_kinetic` is of 24 hours.
    """

    device: DeviceLabel
    product: Text
    temperature: float
    measured: bool
    limit: float
    minutes_to_limit: float | None
    minutes_above: float
    discard: bool
    mean_kinetic: float | None
    at: datetime


def food_on(connection: Connection, table: FoodTable, ticket: Ticket, also: Iterable[str]) -> tuple[ShownFood, ...]:
    """Of the ticket's device, of what that feeds and of the devices `also`; what spoils first comes first.

    `table` says what devices keep.
    """
    known = inventory.known_devices(connection, [ticket.store])[ticket.store]
    fed = (device.id for device in known.values() if device.fed_by == ticket.device)
    wanted = sorted({ticket.device, *fed, *also} & known.keys())
    remembered = memories.recall(connection, [(ticket.store, device) for device in wanted])
    shown = [_show(table, known[device], one.memory) for (_, device), one in remembered.items()]
    return tuple(sorted((food for food in shown if food is not None), key=_urgency))


def _show(table: FoodTable, device: Device, memory: DeviceMemory) -> ShownFood | None:
    food = food_of(memory.food, keeping_of(table, device, memory.points))
    if food is None or memory.food is None:
        return None
    return ShownFood(
        device=label_device(device),
        product=food.name,
        temperature=food.temperature,
        measured=food.measured,
        limit=food.limit,
        minutes_to_limit=food.minutes_to_limit,
        minutes_above=food.minutes_above,
        discard=food.discard,
        mean_kinetic=food.mean_kinetic,
        at=memory.food.at,
    )


def _urgency(food: ShownFood) -> tuple[float, str]:
    return math.inf if food.minutes_to_limit is None else food.minutes_to_limit, food.device.id
