"""By which answer a controller is known: for finding out what stands on a line, and as a guard before any write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_agent.contract.readings import Value

if TYPE_CHECKING:
    from edge_agent.core.profile import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The value of `point` is in `one_of`, within `low`..`high`, or matches `pattern` as a whole.

    `point` is read for this alone and need not be one of the profile's own. `decisive`: no other model answers so;
    otherwise it only makes the model plausible (a meter shows 50 Hz). A fingerprint that names nothing to expect only
    asks that the register answers.
    """

    point: Point
    one_of: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    decisive: bool = False

    def fits(self, value: Value | None) -> bool:
        """Whether a decoded value is what this model would say."""
        if value is None:
            return False
        if self.one_of:
            return value in self.one_of
        if self.pattern:
            return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None
        return self._is_within(value)

    def _is_within(self, value: Value) -> bool:
        if self.low is None and self.high is None:
            return True
        if isinstance(value, str):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def recognised(fingerprints: Sequence[Fingerprint], answers: Sequence[Value | None]) -> bool:
    """Whether the device answers as its profile says, one answer for each fingerprint: the guard before any write.

    Something else may stand at that address since it was commissioned. A profile without fingerprints has no guard.
    """
    return len(fingerprints) == len(answers) and all(
        mark.fits(answer) for mark, answer in zip(fingerprints, answers, strict=True)
    )
