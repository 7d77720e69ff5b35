"""What goes wrong and when, by seed: small stories that may run into one another, each over after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
SCARCE = 8 * 1024 * 1024 + 64 * 1024
"""Bytes left on a disk of which the outbox may have next to none."""

CLOGGED = 0.5
"""The share of long cuts after which history is kept waiting."""

Misfortune = Callable[["World", Random], Awaitable[None]]


async def agent_killed(world: World, dice: Random) -> None:
    gateway = world.any_gateway(dice)
    await gateway.kill()
    await asyncio.sleep(dice.uniform(1, 600))
    gateway.start()


async def power_cut(world: World, dice: Random) -> None:
    store = await world.power_off(dice)
    await asyncio.sleep(dice.uniform(10, 2 * HOUR_S))
    world.gateways[store].boot()


async def boots_in_1970(world: World, dice: Random) -> None:
    gateway = world.gateways[await world.power_off(dice)]
    await asyncio.sleep(dice.uniform(10, 600))
    gateway.boot(wrong_by=-world.wall())
    await asyncio.sleep(dice.choice((dice.uniform(60, HOUR_S), dice.uniform(HOUR_S, DAY_S))))
    gateway.wrong_by = 0.0


async def clock_jumps(world: World, dice: Random) -> None:
    gateway = world.any_gateway(dice)
    gateway.wrong_by = dice.choice((-DAY_S, DAY_S, -900.0, 900.0))
    await asyncio.sleep(dice.uniform(60, 4 * HOUR_S))
    gateway.wrong_by = 0.0


async def line_cut(world: World, dice: Random) -> None:
    await _cut(world, dice, dice.choice((dice.uniform(5, 600), dice.uniform(HOUR_S, 10 * HOUR_S))))


async def long_cut(world: World, dice: Random) -> None:
    """So long that only the lanes bring the truth first."""
    await _cut(world, dice, dice.choice((dice.uniform(1, 3), dice.uniform(8, 9))) * DAY_S)


async def bad_weather(world: World, dice: Random) -> None:
    sky = world.network.sky(world.any_gateway(dice).site.id)
    sky.lost, sky.repeated, sky.spread_s = dice.uniform(0, 0.3), dice.uniform(0, 0.2), dice.choice((0.1, 3.0, 30.0))
    await asyncio.sleep(dice.uniform(60, 3 * HOUR_S))
    sky.lost, sky.repeated, sky.spread_s = 0.0, 0.0, 0.05


async def broker_killed(world: World, dice: Random) -> None:
    world.network.forget()
    await asyncio.sleep(dice.uniform(1, 60))


async def office_killed(world: World, dice: Random) -> None:
    await world.office.kill()
    await asyncio.sleep(dice.choice((dice.uniform(1, 60), dice.uniform(60, 3 * HOUR_S))))
    world.office.start()


async def office_crashes(world: World, dice: Random) -> None:
    if world.office.database:
        world.office.database.crash_next = dice.choice(("before", "after"))


async def store_disk_refuses(world: World, dice: Random) -> None:
    disk = world.any_gateway(dice).disk
    disk.refusing = True
    await asyncio.sleep(dice.uniform(5, 900))
    disk.refusing = False


async def office_disk_refuses(world: World, dice: Random) -> None:
    database = world.office.database
    if database:
        database.refusing = True
        await asyncio.sleep(dice.uniform(5, 900))
        database.refusing = False


async def store_disk_full(world: World, dice: Random) -> None:
    """Something else fills it while the line is down, so that the outbox must drop what is worth least."""
    gateway = world.any_gateway(dice)
    world.muddle(gateway.site.id)
    gateway.disk.free = SCARCE
    await _cut(world, dice, dice.uniform(12 * HOUR_S, 3 * DAY_S), gateway.site.id)
    gateway.disk.free = 1 << 40


async def bytes_flip(world: World, dice: Random) -> None:
    gateway = world.any_gateway(dice)
    await _cut(world, dice, dice.uniform(HOUR_S, 6 * HOUR_S), gateway.site.id)
    await gateway.kill()
    world.muddle(gateway.site.id)
    gateway.disk.flip(dice.choice((1, 4, 30)))
    await asyncio.sleep(dice.uniform(1, 600))
    gateway.start()


async def old_outbox_restored(world: World, dice: Random) -> None:
    gateway = world.any_gateway(dice)
    gateway.disk.keep_copy()
    since = world.now()
    await asyncio.sleep(dice.uniform(600, 6 * HOUR_S))
    await gateway.kill()
    world.muddle(gateway.site.id)
    gateway.ledger.destroy(since)
    gateway.disk.restore_copy()
    await asyncio.sleep(dice.uniform(1, 600))
    gateway.start()


async def old_database_restored(world: World, dice: Random) -> None:
    world.office.keep_copy()
    await asyncio.sleep(dice.uniform(600, 1.2 * HOUR_S))
    await world.office.kill()
    for store in world.gateways:
        world.muddle(store)
    world.office.restore_copy()
    await asyncio.sleep(dice.uniform(10, 600))
    world.office.start()


async def _cut(world: World, dice: Random, seconds: float, store: str = "") -> None:
    """After some of the long ones history does not get through for hours, so that the truth must come without it."""
    store = store or world.any_gateway(dice).site.id
    sky = world.network.sky(store)
    sky.cuts += 1
    world.network.cut(store)
    await asyncio.sleep(seconds)
    clogs = seconds > HOUR_S and dice.random() < CLOGGED
    sky.clogs += clogs
    sky.cuts -= 1
    await asyncio.sleep(clogs * dice.uniform(600, 4 * HOUR_S))
    sky.clogs -= clogs


COMMON: tuple[Misfortune, ...] = (
    agent_killed,
    power_cut,
    boots_in_1970,
    clock_jumps,
    line_cut,
    line_cut,
    bad_weather,
    broker_killed,
    office_killed,
    office_crashes,
    store_disk_refuses,
    office_disk_refuses,
)
RARE: tuple[Misfortune, ...] = (
    long_cut,
    long_cut,
    store_disk_full,
    bytes_flip,
    old_outbox_restored,
    old_database_restored,
)
"""One of these begins on some days; most leave head office with something that it was never told."""

LASTS_AT_MOST = timedelta(days=9)
