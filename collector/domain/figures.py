"""How well alarms serve who has to answer them: the figures of ISA-18.2 / IEC 62682, from the audit, in one pass."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from collector.domain.alarms import Alarm, Entry
from collector.domain.floods import Chatter, Flood

PEAK_WITHIN = timedelta(minutes=10)
STALE_AFTER = timedelta(hours=24)
LISTED = 10
PROMPT = timedelta(minutes=10)

RAISED = frozenset({"raised", "raised_withheld"})
TOLD = frozenset({"raised", "told"})


class Source(NamedTuple):
    """Where alarms come from."""

    store: str
    device: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` alarms of one source, and which share of all they are."""

    store: str
    device: str
    rule: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chattering:
    """An alarm that came and went too often; `times` counts how often it did so again."""

    store: str
    device: str
    rule: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An alarm that has stood for more than a day."""

    store: str
    device: str
    rule: str
    since: datetime
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What one person did with alarms."""

    name: str
    acknowledged: int
    acknowledged_after_s: float | None
    shelved: int
    reset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Alarms that were told between `since` and `until`. Shares are of 1; `…_s` are medians in seconds, or null.

    `peak` is the most alarms in ten minutes, `acknowledged_promptly` the share acknowledged within ten minutes.
    """

    since: datetime
    until: datetime
    alarms: int
    withheld: int
    per_hour: float
    peak: int
    floods: int
    flood_share: float
    chattering: tuple[Chattering, ...]
    stale: tuple[Stale, ...]
    top: tuple[Share, ...]
    top_share: float
    by_priority: dict[str, float]
    acknowledged: int
    acknowledged_after_s: float | None
    acknowledged_promptly: float
    operators: tuple[Operator, ...]


@dataclass(slots=True)
class Ledger:
    """Fed with the audit in its order; what it holds grows with the sources, and with the acknowledgements."""

    since: datetime
    told: int = 0
    withheld: int = 0
    peak: int = 0
    _flood: Flood = field(default_factory=Flood)
    _window: deque[datetime] = field(default_factory=deque)
    _chatter: dict[Source, Chatter] = field(default_factory=dict)
    _sources: Counter[Source] = field(default_factory=Counter)
    _priorities: Counter[str] = field(default_factory=Counter)
    _unanswered: dict[Source, datetime] = field(default_factory=dict)
    _answered: dict[str, list[float]] = field(default_factory=dict)
    _done: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, entry: Entry) -> None:
        source = Source(entry.store, entry.device, entry.rule)
        if entry.kind in RAISED:
            self._chatter[source] = self._chatter.get(source, Chatter()).raised(entry.at)
            self.withheld += entry.kind == "raised_withheld"
        if entry.kind in TOLD:
            self._tell(source, entry)
        elif entry.kind == "acknowledged":
            self._answer(source, entry)
        elif entry.kind in {"shelved", "reset"}:
            self._done[entry.actor, entry.kind] += 1

    def figures(self, until: datetime, standing: Iterable[Alarm] = ()) -> Figures:
        """`standing` are the alarms of now."""
        span = max(until - self.since, timedelta(seconds=1))
        top = tuple(self._top())
        answers = [each for all_of in self._answered.values() for each in all_of]
        return Figures(
            since=self.since,
            until=until,
            alarms=self.told,
            withheld=self.withheld,
            per_hour=self.told / (span / timedelta(hours=1)),
            peak=self.peak,
            floods=self._flood.floods,
            flood_share=self._flood.lasted_by(until) / span,
            chattering=tuple(self._chattering()),
            stale=tuple(stale(standing, until)),
            top=top,
            top_share=sum(each.share for each in top),
            by_priority={name: count / self.told for name, count in self._priorities.most_common()},
            acknowledged=len(answers),
            acknowledged_after_s=median(answers) if answers else None,
            acknowledged_promptly=_share(sum(each <= PROMPT.total_seconds() for each in answers), self.told),
            operators=tuple(self._operator(name) for name in self._names()),
        )

    def _tell(self, source: Source, entry: Entry) -> None:
        self.told += 1
        self._flood = self._flood.raised(entry.at)
        self._window.append(entry.at)
        while self._window[0] <= entry.at - PEAK_WITHIN:
            self._window.popleft()
        self.peak = max(self.peak, len(self._window))
        self._sources[source] += 1
        self._priorities[entry.priority or "unsaid"] += 1
        self._unanswered[source] = entry.at

    def _answer(self, source: Source, entry: Entry) -> None:
        """Of what was told before the span nobody knows how long it took."""
        told_at = self._unanswered.pop(source, None)
        if told_at is not None:
            self._answered.setdefault(entry.actor, []).append((entry.at - told_at).total_seconds())

    def _top(self) -> Iterable[Share]:
        ranked = sorted(self._sources.items(), key=lambda each: (-each[1], each[0]))
        for source, count in ranked[:LISTED]:
            yield Share(**source._asdict(), count=count, share=count / self.told)

    def _chattering(self) -> Iterable[Chattering]:
        found = [(source, each.chattered) for source, each in self._chatter.items() if each.chattered]
        for source, times in sorted(found, key=lambda each: (-each[1], each[0])):
            yield Chattering(**source._asdict(), times=times)

    def _names(self) -> list[str]:
        return sorted({*self._answered, *(name for name, _ in self._done)})

    def _operator(self, name: str) -> Operator:
        answers = self._answered.get(name, [])
        return Operator(
            name=name,
            acknowledged=len(answers),
            acknowledged_after_s=median(answers) if answers else None,
            shelved=self._done[name, "shelved"],
            reset=self._done[name, "reset"],
        )


def stale(standing: Iterable[Alarm], at: datetime) -> list[Stale]:
    """The oldest first."""
    old = [each for each in standing if each.active and at - each.noted_at > STALE_AFTER]
    return [
        Stale(
            store=each.store,
            device=each.device,
            rule=each.rule,
            since=each.since,
            hours=(at - each.noted_at) / timedelta(hours=1),
        )
        for each in sorted(old, key=lambda each: (each.noted_at, each.id))
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
