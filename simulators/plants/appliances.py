"""What draws power in a store and tells nobody: warmers, steamers, boiler, microwave, tills, router.

Heating appliances take about 17 % and the rest about 7 % of the 164 MWh a year of a store in Tokyo (Bureau of the
Environment, quoted by denki.remixpoint.co.jp): 4.5 kW in mean; ours, without a fryer, takes three quarters of that.
"""

from __future__ import annotations

from simulators.plants.surroundings import Surroundings

_OPEN, _SHUT = 2300.0, 500.0  # W
_PER_CUSTOMER = 32.0  # W per customer and hour: a microwave or a coffee for each second one
TO_THE_ROOM = 0.75
"""The share of it that is not blown out with the vapours."""
UNWATCHED_LAMPS = 1200.0
"""W, where no lighting circuit of the sales area is watched."""


def power(around: Surroundings) -> float:
    """W."""
    return _OPEN + _PER_CUSTOMER * around.customers_per_hour if around.open else _SHUT
