"""How fast food ages at a temperature (Arrhenius), and which temperature ages it that fast.

Mean kinetic temperature is told with an activation energy of 83.144 kJ/mol (USP <1079>).
"""

from __future__ import annotations

from math import exp, log

KELVIN = 273.15
_ACTIVATION_K = 83_144 / 8.314462618
"""Activation energy over gas constant, in K."""
_COLDEST_K = 1.0


def speed(celsius: float) -> float:
    """Against that at 0 °C; nothing is colder than 1 K."""
    return exp(_ACTIVATION_K / KELVIN - _ACTIVATION_K / max(celsius + KELVIN, _COLDEST_K))


def temperature(speed_of_ageing: float) -> float | None:
    """The inverse of `speed`, in °C; None where no temperature is as fast or as slow."""
    if speed_of_ageing <= 0:
        return None
    denominator = _ACTIVATION_K / KELVIN - log(speed_of_ageing)
    return _ACTIVATION_K / denominator - KELVIN if denominator > 0 else None
