"""The silence of a store, by what arrives at head office; and head office's own deafness, which is nobody's silence.

All instants are seconds of a steady clock: a clock that is set makes nobody silent.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

DEFAULT_AFTER = timedelta(minutes=8)
"""A store speaks at least every five minutes, with its status; a message may be resent, and then comes `SETTLE`."""
SETTLE = timedelta(minutes=2)
"""Before a store is called silent it is seen for so long who falls silent with it."""
TOGETHER_SHARE, TOGETHER_LEAST = 0.1, 3
"""So many stores at once are no faults of stores: something between them and head office is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When something last came from a store: anything, and what is live."""

    anything_at: float = -math.inf
    live_at: float = -math.inf

    def at(self, instant: float, *, live: bool) -> Heard:
        return replace(self, anything_at=instant, live_at=instant if live else self.live_at)


NEVER = Heard()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Since when head office has been able to hear: broker, queue and database all at work, without a break."""

    open_since: float | None = None
    looked_at: float = -math.inf

    def look(self, now: float, *, hearing: bool) -> Ears:
        """Called often: a pause in which nobody looked is one in which nobody heard."""
        since = now if self.open_since is None or now - self.looked_at > SETTLE.total_seconds() else self.open_since
        return Ears(open_since=since if hearing else None, looked_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which stores fell silent and which are heard again; `quiet` of `expected` stores are not heard just now.

    `together` says that so many fell silent at once that it is one fault, of head office or of what lies between: its
    alarm was raised or is over. While it stands no store is said to be silent.
    """

    silent: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    together: Literal["raised", "cleared"] | None = None
    quiet: int = 0
    expected: int = 0


def judge_silence(
    expected: Collection[str],
    heard: Mapping[str, Heard],
    *,
    ears: Ears,
    known: Collection[str],
    together: bool,
    after: timedelta,
) -> Verdict:
    """`expected` are the stores that should be heard, `known` those that are said to be silent already.

    Only what is live ends a silence; anything, history too, shows that a store is not silent yet.
    """
    limit = after.total_seconds()
    now = ears.looked_at
    again = tuple(sorted(store for store in known if now - heard.get(store, NEVER).live_at < limit))
    if ears.open_since is None:
        return Verdict(heard=again)
    others = sorted(set(expected) - set(known))
    since = -math.inf if together else ears.open_since  # it ends when they are heard, and not because we listen anew
    pauses = {one: now - max(heard.get(one, NEVER).anything_at, since) for one in others}
    quiet = [one for one, pause in pauses.items() if pause >= max(limit - SETTLE.total_seconds(), limit / 2)]
    verdict = Verdict(heard=again, quiet=len(quiet), expected=len(others))
    many = max(TOGETHER_LEAST, TOGETHER_SHARE * len(others))
    if together:
        return verdict if 2 * len(quiet) >= many else replace(verdict, together="cleared")
    if len(quiet) >= many:
        return replace(verdict, together="raised")
    return replace(verdict, silent=tuple(one for one in quiet if pauses[one] >= limit))
