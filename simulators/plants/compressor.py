"""A real compressor's map: capacity and power over evaporating and condensing temperature, and the pressures to them.

The ten coefficients each (the form of EN 12900 and AHRI 540) are those of NREL/openstudio-standards,
lib/openstudio-standards/refrigeration/data/refrigeration_compressors.csv at 27fdfad0: template "new", medium and low
temperature, fitted to a maker's data. A smaller compressor of the same build is the same map times its size.
Pressures: saturated R404A, fitted to a table from -40 to 45 °C (racbrasil/racselector; the fit is within 1.1 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Coefficients = tuple[float, float, float, float, float, float, float, float, float, float]
"""Of 1, x, x², y, y², xy, x³, y³, x²y, xy²; x evaporating and y condensing in °C, the result in W."""

_LOG_SLOPE, _LOG_AT_ZERO = 2382.7, 10.512  # ln p = at_zero - slope / T, p in bar, T in K


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressorMap:
    """`coldest` and `warmest` evaporating temperatures (°C) between which the maker has measured."""

    capacity: Coefficients
    power: Coefficients
    coldest: float
    warmest: float


MEDIUM = CompressorMap(
    capacity=(
        61412.17466,
        1570.851906,
        13.53344913,
        -500.1952361,
        8.16391243,
        -3.689538504,
        0.054485574,
        -0.088096805,
        0.006381584,
        -0.037503058,
    ),
    power=(
        4994.033647,
        170.249719,
        2.846389112,
        356.7940341,
        -6.307470374,
        -1.409856005,
        0.012160476,
        0.076231729,
        -0.057527471,
        0.009054446,
    ),
    coldest=-25.0,
    warmest=8.0,
)

LOW = CompressorMap(
    capacity=(
        58336.86118,
        1561.7435,
        6.606812861,
        -283.6500679,
        -0.120234941,
        -12.49574858,
        -0.116278559,
        0.002277001,
        -0.118148325,
        0.032839613,
    ),
    power=(
        6274.990362,
        61.39066125,
        1.620853748,
        129.1127948,
        0.874116171,
        1.958117256,
        0.030293311,
        0.005754678,
        0.004653957,
        -0.000749905,
    ),
    coldest=-42.0,
    warmest=-12.0,
)


def at(of: Coefficients, x: float, y: float) -> float:
    """W at evaporating `x` and condensing `y` °C."""
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 = of
    return c0 + x * (c1 + x * (c2 + x * c6 + y * c8) + y * (c5 + y * c9)) + y * (c3 + y * (c4 + y * c7))


def slope(of: Coefficients, x: float, y: float) -> float:
    """W/K by which that grows with the evaporating temperature."""
    return of[1] + x * (2.0 * (of[2] + y * of[8]) + 3.0 * x * of[6]) + y * (of[5] + y * of[9])


def pressure(saturated: float) -> float:
    """bar (absolute) of R404A at a saturated temperature in °C."""
    return math.exp(_LOG_AT_ZERO - _LOG_SLOPE / (saturated + 273.15))
