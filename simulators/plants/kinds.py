"""Cabinets of the kinds and sizes that a convenience store has, by duty.

Heat loads per metre, fan, light and rail powers lie near NREL/openstudio-standards refrigerated_cases.csv (73306eac):
open vertical 1188 W/m of which 30 % latent, glass-door chiller 282 W/m, glass-door freezer 439 W/m, frozen coffin
207 W/m at 24 °C. Thermostat and defrost settings lie within the EKC ranges and near its factory values. What no table
gives (masses, conductances) is chosen so that temperatures and cycles are those technicians know. A test package of
ISO 23953 (500 g, 50 x 100 x 100 mm, 0.04 m²) in moving air of 10 W/m²K has a time constant of 77 min unfrozen and
42 min frozen, and more with its own resistance.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.plants.cabinet import Build
from simulators.plants.case_controller import Settings
from simulators.plants.compressor import LOW, MEDIUM
from simulators.plants.plug_in import Machine

_HOUR = 3600.0

CLASS_LIMITS: dict[str, float] = {"M0": 4.0, "M1": 5.0, "M2": 7.0, "H1": 10.0, "L1": -15.0, "L2": -12.0}
"""°C that the warmest test package may reach (ISO 23953-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`openings` is how many door openings each customer causes, `open_for` how long one lasts in seconds; goods come
    at `goods_at` °C with `goods_heat` J/kgK. `machine` is the own compressor of the plug-in cabinet."""

    build: Build
    settings: Settings
    machine: Machine
    product_class: str
    openings: float
    open_for: float
    first_defrost: float
    goods_at: float
    goods_heat: float
    raised_by: float


# Two-door upright freezer of 1.5 m: about 300 kg of food at 2 kJ/kgK.
_FREEZER = Kind(
    build=Build(
        air=79e3,
        food=600e3,
        coil=15e3,
        wall=9.5,
        leak=1.0,
        door=60.0,
        blind=1.0,
        radiation=0.6,
        air_to_food=41.0,
        pack_lag=5400.0,
        exposed=0.02,
        air_to_coil=120.0,
        air_to_coil_still=12.0,
        refrigerant=220.0,
        frost_half=2.5,
        melt=200.0,
        fan=60.0,
        light=40.0,
        rail=90.0,
        heater=1200.0,
    ),
    settings=Settings(
        cutout=-22.0,
        differential=2.0,
        defrost="electric",
        defrost_every=8 * _HOUR,
        defrost_end=8.0,
        defrost_longest=45 * 60.0,
        drip=180.0,
        fan_delay=180.0,
        fan_below=-5.0,
        alarm_above=-12.0,
        alarm_below=-30.0,
        door_switch=True,
    ),
    machine=Machine(map=LOW, size=0.078, condenser=150.0),
    product_class="L1",
    openings=0.08,
    open_for=15.0,
    first_defrost=5 * _HOUR,
    goods_at=-15.0,
    goods_heat=2000.0,
    raised_by=8.0,
)

# Open multideck, 2.5 m: the air curtain is its wall; off-cycle defrost.
_OPEN_CHILLER = Kind(
    build=Build(
        air=150e3,
        food=900e3,
        coil=25e3,
        wall=5.0,
        leak=58.0,
        door=25.0,
        blind=0.4,
        radiation=7.0,
        air_to_food=120.0,
        pack_lag=5000.0,
        exposed=0.04,
        air_to_coil=400.0,
        air_to_coil_still=40.0,
        refrigerant=700.0,
        frost_half=12.0,
        melt=320.0,
        fan=100.0,
        light=70.0,
        rail=0.0,
        heater=0.0,
        curtain=True,
    ),
    settings=Settings(
        cutout=1.0,
        differential=3.0,
        defrost="off_cycle",
        defrost_every=6 * _HOUR,
        defrost_end=6.0,
        defrost_longest=45 * 60.0,
        drip=60.0,
        fan_delay=0.0,
        fan_below=10.0,
        alarm_above=8.0,
        alarm_below=-2.0,
    ),
    machine=Machine(map=MEDIUM, size=0.175, condenser=600.0),
    product_class="M2",
    openings=0.0,
    open_for=0.0,
    first_defrost=0.4 * _HOUR,
    goods_at=12.0,
    goods_heat=3600.0,
    raised_by=6.0,
)

# Two-door glass chiller of 1.5 m for drinks and dairy.
_CHILLER = Kind(
    build=Build(
        air=80e3,
        food=1.1e6,
        coil=15e3,
        wall=9.0,
        leak=2.0,
        door=45.0,
        blind=1.0,
        radiation=2.0,
        air_to_food=80.0,
        pack_lag=5400.0,
        exposed=0.03,
        air_to_coil=110.0,
        air_to_coil_still=4.0,
        refrigerant=200.0,
        frost_half=4.0,
        melt=150.0,
        fan=40.0,
        light=35.0,
        rail=30.0,
        heater=0.0,
    ),
    settings=Settings(
        cutout=2.0,
        differential=2.5,
        defrost="off_cycle",
        defrost_every=6 * _HOUR,
        defrost_end=5.0,
        defrost_longest=30 * 60.0,
        drip=60.0,
        fan_delay=0.0,
        fan_below=10.0,
        alarm_above=8.0,
        alarm_below=-2.0,
    ),
    machine=Machine(map=MEDIUM, size=0.026, condenser=90.0),
    product_class="M2",
    openings=0.15,
    open_for=12.0,
    first_defrost=2.2 * _HOUR,
    goods_at=20.0,
    goods_heat=3900.0,
    raised_by=6.0,
)

# Island freezer of 2 m with sliding glass lids; hot gas defrost once a day.
_ISLAND_FREEZER = Kind(
    build=Build(
        air=60e3,
        food=800e3,
        coil=20e3,
        wall=7.0,
        leak=0.6,
        door=25.0,
        blind=0.8,
        radiation=1.5,
        air_to_food=35.0,
        pack_lag=6000.0,
        exposed=0.03,
        air_to_coil=90.0,
        air_to_coil_still=15.0,
        refrigerant=160.0,
        frost_half=4.0,
        melt=200.0,
        fan=25.0,
        light=25.0,
        rail=25.0,
        heater=1400.0,
    ),
    settings=Settings(
        cutout=-23.0,
        differential=2.5,
        defrost="hot_gas",
        defrost_every=24 * _HOUR,
        defrost_end=8.0,
        defrost_longest=30 * 60.0,
        drip=120.0,
        fan_delay=180.0,
        fan_below=-8.0,
        alarm_above=-12.0,
        alarm_below=-32.0,
    ),
    machine=Machine(map=LOW, size=0.052, condenser=110.0),
    product_class="L1",
    openings=0.06,
    open_for=20.0,
    first_defrost=9 * _HOUR,
    goods_at=-15.0,
    goods_heat=2000.0,
    raised_by=8.0,
)

# Walk-in cold room, 10 m³: about 800 kg of drinks; staff go in to fill the shelves.
_COLD_ROOM = Kind(
    build=Build(
        air=150e3,
        food=3e6,
        coil=20e3,
        wall=17.0,
        leak=2.0,
        door=150.0,
        blind=1.0,
        radiation=1.0,
        air_to_food=200.0,
        pack_lag=6600.0,
        exposed=0.02,
        air_to_coil=150.0,
        air_to_coil_still=7.0,
        refrigerant=300.0,
        frost_half=4.0,
        melt=220.0,
        fan=150.0,
        light=40.0,
        rail=0.0,
        heater=1500.0,
    ),
    settings=Settings(
        cutout=2.0,
        differential=2.0,
        defrost="electric",
        defrost_every=8 * _HOUR,
        defrost_end=8.0,
        defrost_longest=30 * 60.0,
        drip=120.0,
        fan_delay=120.0,
        fan_below=0.0,
        alarm_above=8.0,
        alarm_below=-2.0,
        door_switch=True,
    ),
    machine=Machine(map=MEDIUM, size=0.05, condenser=175.0),
    product_class="M2",
    openings=0.03,
    open_for=120.0,
    first_defrost=3 * _HOUR,
    goods_at=22.0,
    goods_heat=3900.0,
    raised_by=6.0,
)

KINDS: dict[str, Kind] = {
    "freezer": _FREEZER,
    "open_chiller": _OPEN_CHILLER,
    "chiller": _CHILLER,
    "island_freezer": _ISLAND_FREEZER,
    "cold_room": _COLD_ROOM,
}
