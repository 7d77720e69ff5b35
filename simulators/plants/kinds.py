"""Cabinets of the sizes that a convenience store has, by duty.

Figures are chosen for belief, not measured: a loaded freezer whose cooling stops warms by 0.3 to 0.5 K/min at first and
then slowly, held back by its food; an open chiller cycles about six times an hour; compressors run about half the time
in a room of 25 °C. Thermostat and defrost settings lie within the EKC ranges and near its factory values.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.plants.cabinet import Build
from simulators.plants.case_controller import Settings

_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`openings` is how many door openings each customer causes, `open_for` how long one lasts in seconds."""

    build: Build
    settings: Settings
    openings: float
    open_for: float
    first_defrost: float


# Two-door upright freezer: about 300 kg of food at 2 kJ/kgK.
_FREEZER = Kind(
    build=Build(
        air=79e3,
        food=600e3,
        coil=15e3,
        wall=12.0,
        door=60.0,
        air_to_food=41.0,
        air_to_coil=120.0,
        air_to_coil_still=12.0,
        compressor=92.0,
        coldest=-40.0,
        fan=60.0,
        heater=1200.0,
        frost=3e-5,
        compressor_power=650.0,
    ),
    settings=Settings(
        cutout=-21.0,
        differential=2.0,
        defrost_every=8 * _HOUR,
        defrost_end=8.0,
        defrost_longest=45 * 60.0,
        fan_in_defrost=False,
        drip=180.0,
        fan_delay=180.0,
        fan_below=-5.0,
        alarm_above=-12.0,
        alarm_below=-30.0,
    ),
    openings=0.08,
    open_for=15.0,
    first_defrost=5 * _HOUR,
)

# Open multideck, 2.5 m: the air curtain is its wall; off-cycle defrost.
_OPEN_CHILLER = Kind(
    build=Build(
        air=120e3,
        food=900e3,
        coil=25e3,
        wall=70.0,
        door=0.0,
        air_to_food=120.0,
        air_to_coil=350.0,
        air_to_coil_still=40.0,
        compressor=260.0,
        coldest=-18.0,
        fan=100.0,
        heater=0.0,
        frost=1.5e-4,
        compressor_power=1100.0,
    ),
    settings=Settings(
        cutout=1.0,
        differential=3.0,
        defrost_every=6 * _HOUR,
        defrost_end=4.0,
        defrost_longest=30 * 60.0,
        fan_in_defrost=True,
        drip=0.0,
        fan_delay=0.0,
        fan_below=10.0,
        alarm_above=8.0,
        alarm_below=-2.0,
    ),
    openings=0.0,
    open_for=0.0,
    first_defrost=0.4 * _HOUR,
)

# Walk-in cold room, 10 m³: about 800 kg of drinks; staff go in to fill the shelves.
_COLD_ROOM = Kind(
    build=Build(
        air=150e3,
        food=3e6,
        coil=20e3,
        wall=25.0,
        door=150.0,
        air_to_food=200.0,
        air_to_coil=250.0,
        air_to_coil_still=25.0,
        compressor=180.0,
        coldest=-15.0,
        fan=150.0,
        heater=1500.0,
        frost=5e-5,
        compressor_power=800.0,
    ),
    settings=Settings(
        cutout=2.0,
        differential=2.0,
        defrost_every=8 * _HOUR,
        defrost_end=8.0,
        defrost_longest=30 * 60.0,
        fan_in_defrost=False,
        drip=120.0,
        fan_delay=120.0,
        fan_below=0.0,
        alarm_above=8.0,
        alarm_below=-2.0,
    ),
    openings=0.03,
    open_for=120.0,
    first_defrost=3 * _HOUR,
)

KINDS: dict[str, Kind] = {
    "freezer": _FREEZER,
    "open_chiller": _OPEN_CHILLER,
    "chiller": _OPEN_CHILLER,
    "cold_room": _COLD_ROOM,
}
