"""Where the sun stands: its elevation over the horizon of a place, to about a tenth of a degree.

After the low precision formulas of the Astronomical Almanac (section C, 1950 to 2050), without refraction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, radians, sin

from edge_agent.contract.readings import Coordinates

HORIZON = -0.833
"""Degrees at which its upper edge rises and sets: refraction by 34', and half its width by 16'."""
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_DAY_S = 86_400.0


def sun_is_up(place: Coordinates, at: datetime) -> bool:
    return elevation(place, at) > HORIZON


def elevation(place: Coordinates, at: datetime) -> float:
    """Degrees over the horizon."""
    days = (at - _J2000).total_seconds() / _DAY_S
    mean_longitude, anomaly = 280.460 + 0.9856474 * days, radians(357.528 + 0.9856003 * days)
    ecliptic = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    right_ascension = atan2(cos(tilt) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(tilt) * sin(ecliptic))
    sidereal = 280.46062 + 360.98564737 * days + place.longitude
    hour_angle, latitude = radians(sidereal) - right_ascension, radians(place.latitude)
    height = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))
