"""No two cabinets of a kind are alike: age, gaskets, place, load and the hand that set them up."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from simulators.plants.kinds import Kind


def varied(kind: Kind, seed: int) -> Kind:
    """A cabinet of that kind as one store has it; the same seed gives the same. The widths are assumed: makers' and
    fitters' tolerances, a fifth more or less of load and custom, half a kelvin of set point."""
    random = Random(seed)
    build, settings, machine = kind.build, kind.settings, kind.machine

    def about(value: float, less: float, more: float) -> float:
        return value * random.uniform(1.0 - less, 1.0 + more)

    return replace(
        kind,
        build=replace(
            build,
            wall=about(build.wall, 0.1, 0.15),
            leak=about(build.leak, 0.15, 0.15),
            food=about(build.food, 0.4, 0.3),
            air=about(build.air, 0.15, 0.15),
            pack_lag=about(build.pack_lag, 0.15, 0.2),
            air_to_coil=about(build.air_to_coil, 0.1, 0.1),
            fan=about(build.fan, 0.1, 0.1),
        ),
        settings=replace(
            settings,
            cutout=settings.cutout + random.choice((-0.5, 0.0, 0.0, 0.5)),
            differential=about(settings.differential, 0.15, 0.2),
        ),
        machine=replace(machine, size=about(machine.size, 0.03, 0.12), condenser=about(machine.condenser, 0.12, 0.12)),
        openings=about(kind.openings, 0.4, 0.4),
    )
