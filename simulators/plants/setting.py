"""Where a store is and when it is open: what is outside and who comes in, for any instant, by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol

from simulators.plants.chance import draw, salt_of
from simulators.plants.holidays import holiday
from simulators.plants.surroundings import Surroundings, customers_per_hour, hour_of, outdoor_temperature
from simulators.plants.weather import CLIMATES, Climate, Outside, relative_humidity, weather

_STEAMY = 15.5  # °C; cabinets and air conditioner dry the air of the store to about that dew point
_WEEKDAYS = (1.05, 1.02, 1.0, 1.02, 1.12, 0.92, 0.87)  # Monday first; a store beside offices (assumed)
_IN_RAIN, _IN_STORM = 0.85, 0.4
_DIPS_A_YEAR = 4.0


class World(Protocol):
    """What a store stands in."""

    def around(self, at: datetime, local: datetime, room: float) -> Surroundings:
        """Of all machines alike; `chance` is that of nobody."""

    def dips(self, at: datetime) -> bool:
        """Whether the supply is away for this very minute."""

    @property
    def seed(self) -> int | None:
        """Of what staff do; None: nothing out of the ordinary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummerDay:
    """The day of the demo: the same hot and dry one, again and again."""

    seed: None = None

    def around(self, at: datetime, local: datetime, room: float) -> Surroundings:  # noqa: ARG002 — every day is this one
        hour = hour_of(local)
        return Surroundings(
            outdoor=outdoor_temperature(local),
            room=room,
            humidity=55.0,
            customers_per_hour=customers_per_hour(local),
            chance=0.5,
            sun=max(0.0, 90_000.0 * (1 - ((hour - 12.0) / 7.0) ** 2)),
            hour=hour,
        )

    def dips(self, at: datetime) -> bool:  # noqa: ARG002 — never
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A store in `city` that is open from `opens` to `closes` o'clock (0 to 24: always) and has `trade` times the
    usual customers."""

    seed: int
    city: str = "shanghai"
    opens: float = 0.0
    closes: float = 24.0
    trade: float = 1.0

    @property
    def climate(self) -> Climate:
        return CLIMATES[self.city]

    def outside(self, at: datetime) -> Outside:
        return weather(self.climate, self.seed, at)

    def around(self, at: datetime, local: datetime, room: float) -> Surroundings:
        outside, hour = self.outside(at), hour_of(local)
        is_open = self._is_open(local.date(), hour)
        dew = min(_STEAMY, max(-2.0, outside.dew_point + 2.0))
        return Surroundings(
            outdoor=outside.temperature,
            room=room,
            humidity=min(90.0, relative_humidity(room, dew)),
            customers_per_hour=self._customers(local, outside) if is_open else 0.0,
            chance=0.5,
            outdoor_humidity=outside.humidity,
            sun=outside.sun,
            raining=outside.raining,
            hour=hour,
            open=is_open,
            night=not is_open,
        )

    def dips(self, at: datetime) -> bool:
        minute = int(at.timestamp()) // 60
        return draw(salt_of(self.seed, "dip"), minute) < _DIPS_A_YEAR / 525_960

    def _is_open(self, day: date, hour: float) -> bool:
        if self.closes - self.opens >= 24.0:
            return True
        early = 2.0 if (feast := holiday(day)) and feast.shuts_early else 0.0
        return self.opens + early / 2 <= hour < self.closes - early

    def _customers(self, local: datetime, outside: Outside) -> float:
        sky = _IN_STORM if outside.storm else _IN_RAIN if outside.raining else 1.0
        return customers_per_hour(local) * self.trade * sky * _day_of(self.seed, local.date())


@lru_cache(maxsize=4096)
def _day_of(seed: int, day: date) -> float:
    """How many times an ordinary day's customers come on that one."""
    feast = holiday(day)
    usual = feast.customers if feast else _WEEKDAYS[day.weekday()]
    return usual * (0.88 + 0.24 * draw(salt_of(seed, "customers"), day.toordinal()))
