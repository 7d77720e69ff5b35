"""What was heard on a line that nobody had asked for → whether somebody babbles there, and who."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

REMEMBERED_S = 60.0
ENOUGH = 3
"""Seconds with something uninvited in them before anybody is accused of it."""

LASTING_S = 5.0
"""From the first of them to the last: what a line hands on in one go after a pause is no babble."""

OVER_AFTER_S = 10.0
SHARE = 0.3
"""Of the seconds in which was listened, from the first disturbed one on: below it, what no unit can be read from is
the noise that lines have."""

_NOISE_BYTES = 16
_MOST_BY_ONE = 0.5
_AFTER_ONE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninvited:
    """What one listening brought beyond what was asked for: bytes, whole frames by the unit that they name, requests
    of another master. `never_silent`: nobody could be asked at all."""

    noise: int = 0
    units: tuple[int, ...] = ()
    requests: int = 0
    never_silent: bool = False

    @property
    def disturbs(self) -> bool:
        return self.never_silent or self.noise >= _NOISE_BYTES or bool(self.units) or self.requests > 0


QUIET = Uninvited()


@dataclass(frozen=True, slots=True, kw_only=True)
class Babble:
    """`unit` is who babbles, where that can be told; else `begun_after` is the unit that had been asked last before it
    began. `other_master`: it is the traffic of a second master, and no device's fault."""

    babbling: bool = False
    unit: int | None = None
    other_master: bool = False
    begun_after: int | None = None


NOBODY = Babble()


@dataclass(slots=True)
class _Second:
    at: int
    disturbed: bool = False
    requests: int = 0
    units: set[int] = field(default_factory=set)
    asked: Counter[int] = field(default_factory=Counter)
    begun_after: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Listening:
    """The memory of one line, of a minute at most; `babble` is what is to be thought of it as of the last note."""

    babble: Babble = NOBODY
    _seconds: deque[_Second] = field(default_factory=deque)
    _disturbed_at: float = float("-inf")
    _disturbed: bool = False

    def note(self, at: float, asked: int | None, heard: Uninvited = QUIET) -> None:
        """`asked` is the unit that was asked and answered right before it, None where nobody did; `at` in seconds."""
        second = self._second(at)
        if asked is not None:
            second.asked[asked] += 1
        if heard.disturbs:
            second.disturbed = True
            second.requests += heard.requests
            second.units.update(heard.units)
            if not self._disturbed and asked is not None:
                second.begun_after[asked] += 1
            self._disturbed_at = at
        self._disturbed = heard.disturbs
        if heard.disturbs or self.babble.babbling:
            self.babble = self._judged(at)

    def _second(self, at: float) -> _Second:
        if not self._seconds or self._seconds[-1].at != int(at):
            self._seconds.append(_Second(int(at)))
            while self._seconds[0].at < at - REMEMBERED_S:
                self._seconds.popleft()
        return self._seconds[-1]

    def _judged(self, at: float) -> Babble:
        if at - self._disturbed_at >= OVER_AFTER_S:
            self._seconds.clear()
            return NOBODY
        found = _verdict(self._seconds)
        if not self.babble.babbling:
            return found
        # Who was named stays named until it is over, unless somebody else is: evidence grows old sooner than babble.
        named = found if found.unit is not None or found.other_master else self.babble
        return replace(named, babbling=True, begun_after=self.babble.begun_after)


def _verdict(seconds: Iterable[_Second]) -> Babble:
    heard = [second for second in seconds if second.disturbed]
    if len(heard) < ENOUGH or heard[-1].at - heard[0].at < LASTING_S:
        return NOBODY
    first = next((unit for second in heard for unit in second.begun_after), None)
    if sum(second.requests > 0 for second in heard) >= ENOUGH:
        return Babble(babbling=True, other_master=True, begun_after=first)
    by_unit = Counter(unit for second in heard for unit in second.units)
    often = [unit for unit, count in by_unit.items() if count >= ENOUGH]
    if often and by_unit[often[0]] >= _MOST_BY_ONE * by_unit.total() and len(often) == 1:
        return Babble(babbling=True, unit=often[0], begun_after=first)
    if len(heard) < SHARE * sum(second.at >= heard[0].at for second in seconds):
        return NOBODY
    if len(often) > 1:
        return Babble(babbling=True, other_master=True, begun_after=first)
    return Babble(babbling=True, unit=_always_after(seconds), begun_after=first)


def _always_after(seconds: Iterable[_Second]) -> int | None:
    """The unit after whose turn it nearly always begins, although others are asked as well."""
    begun: Counter[int] = sum((second.begun_after for second in seconds), Counter())
    asked: Counter[int] = sum((second.asked for second in seconds), Counter())
    if not begun:
        return None
    unit, count = begun.most_common(1)[0]
    alone = asked[unit] > _MOST_BY_ONE * asked.total()
    return unit if count >= ENOUGH and count >= _AFTER_ONE * begun.total() and not alone else None
