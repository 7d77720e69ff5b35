"""Which alarms of a store are one fault, and therefore one ticket: cases, and what a change of an alarm does to them.

A case is an open ticket: of one device and one family of alarms. An alarm that follows from another one (its rule says
of which: `folds_under`) is written on the case of that one. Where the alarms are is worked out anew from what is raised
at each change, so that it does not matter which of them was told first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from rules.kinship import Key, Kinship, Standing, Targets, Topology, over_at, worst
from rules.model import Change, Severity

WriteKind = Literal["open", "join", "fold", "clear", "merge", "split"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """An open ticket of `device` and `family`, opened by `rule`, with its alarms: own ones and those folded into it.

    An alarm that has cleared stays with its case until it is raised again, wherever that may be.
    """

    device: str
    family: str
    rule: str
    opened_at: datetime
    alarms: tuple[Standing, ...]

    @property
    def key(self) -> Key:
        return Key(self.device, self.family)

    @property
    def active(self) -> bool:
        return any(alarm.raised for alarm in self.alarms)

    @property
    def severity(self) -> Severity:
        """That of its worst alarm: food that is lost by a power cut makes the power cut critical."""
        return worst(alarm.severity for alarm in self.alarms if alarm.raised or not self.active)


Cases = Mapping[Key, OpenCase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What to write down; `case` is the case as it is after this write.

    open: a ticket for `alarm`. join: a further alarm of the same device and family, or the same one anew. fold: an
    alarm that follows from this case. clear: `alarm` is over. merge: the ticket of `other` is part of this one from now
    on. split: `alarm` has outlived what it followed from and leaves the case of `other`: for one of its own, which is
    opened if it is not open yet.
    """

    kind: WriteKind
    case: OpenCase
    alarm: Standing | None = None
    other: Key | None = None


class Folded(NamedTuple):
    """`cases` are all open cases from now on; `writes` lead to them, in this order."""

    cases: dict[Key, OpenCase]
    writes: tuple[Write, ...]


def fold(cases: Iterable[OpenCase], change: Change, kinship: Kinship, topology: Topology, at: datetime) -> Folded:
    """What `change` does to the open cases of its store; nothing where it only repeats what is known.

    `at` is the newest event time that was judged of this store, or the change's own if that is newer.
    """
    work = _Work({case.key: case for case in cases}, kinship, topology, max(at, change.at))
    known = work.find(change.device, change.rule)
    if known is not None and change.at <= known.last_at:
        return work.done()
    if change.kind == "cleared":
        if known is not None and known.raised:
            work.clear(known, change.at)
    elif known is None or not known.raised:
        if known is not None:
            work.take_out(known)
        work.settle(Standing.of(change, kinship))
        return work.done()
    work.settle()
    return work.done()


def review(cases: Iterable[OpenCase], kinship: Kinship, topology: Topology, at: datetime) -> Folded:
    """What time alone has changed by `at`: alarms that outlive what they followed from."""
    work = _Work({case.key: case for case in cases}, kinship, topology, at)
    work.settle()
    return work.done()


def review_by(cases: Iterable[OpenCase], kinship: Kinship, at: datetime) -> datetime | None:
    """When `review` may next find something, if no change comes before; None: never."""
    due = (
        over_at(parent, child, kinship)
        for case in cases
        for child in case.alarms
        if child.raised and child.key != case.key
        for parent in case.alarms
        if parent.cleared_at is not None
    )
    return min((instant for instant in due if instant is not None and instant > at), default=None)


class _Work:
    """The cases while they are changed, and the writes so far."""

    def __init__(self, cases: dict[Key, OpenCase], kinship: Kinship, topology: Topology, at: datetime) -> None:
        self._cases, self._kinship, self._topology, self._at = cases, kinship, topology, at
        self._writes: list[Write] = []

    def done(self) -> Folded:
        return Folded(cases=self._cases, writes=tuple(self._writes))

    def find(self, device: str, rule: str) -> Standing | None:
        return next((alarm for alarm in self._alarms() if (alarm.device, alarm.rule) == (device, rule)), None)

    def clear(self, alarm: Standing, at: datetime) -> None:
        over = replace(alarm, cleared_at=at)
        home = self._home(alarm)
        case = self._cases[home]
        alarms = tuple(over if each is alarm else each for each in case.alarms)
        self._cases[home] = replace(case, alarms=alarms)
        self._write("clear", home, over)

    def take_out(self, alarm: Standing) -> Key:
        home = self._home(alarm)
        case = self._cases[home]
        self._cases[home] = replace(case, alarms=tuple(each for each in case.alarms if each is not alarm))
        return home

    def settle(self, new: Standing | None = None) -> None:
        """Puts every raised alarm where it belongs; `new` is one that has no case yet.

        First those that stand on their own: what follows from them needs their cases.
        """
        raised = [alarm for alarm in self._alarms() if alarm.raised] + ([new] if new else [])
        homes = {alarm: case.key for case in self._cases.values() for alarm in case.alarms}
        targets = Targets(raised=raised, homes=homes, kinship=self._kinship, topology=self._topology, at=self._at)
        where = {alarm: targets.of(alarm.key) for alarm in raised}
        for alarm in sorted(raised, key=lambda each: where[each] != each.key):
            if alarm is new:
                self._place(alarm, where[alarm])
            else:
                self._move(alarm, where[alarm])

    def _place(self, new: Standing, target: Key) -> None:
        joined: WriteKind = "join" if target == new.key else "fold"
        kind = joined if target in self._cases else "open"
        self._put(new, target)
        self._write(kind, target, new)

    def _move(self, alarm: Standing, target: Key) -> None:
        home = self._home(alarm)
        if home == target:
            return
        if home == alarm.key:
            self._merge(home, target)
        else:
            self.take_out(alarm)
            self._put(alarm, target)
            kind: WriteKind = "split" if target == alarm.key else "fold"
            self._write(kind, target, alarm, other=home)

    def _merge(self, source: Key, target: Key) -> None:
        gone = self._cases.pop(source)
        for alarm in gone.alarms:
            self._put(alarm, target)
        self._write("merge", target, other=source)

    def _put(self, alarm: Standing, target: Key) -> None:
        case = self._cases.get(target)
        if case is None:
            case = OpenCase(device=target.device, family=target.family, rule=alarm.rule, opened_at=self._at, alarms=())
        self._cases[target] = replace(case, alarms=(*case.alarms, alarm))

    def _write(self, kind: WriteKind, key: Key, alarm: Standing | None = None, other: Key | None = None) -> None:
        self._writes.append(Write(kind=kind, case=self._cases[key], alarm=alarm, other=other))

    def _alarms(self) -> Iterator[Standing]:
        for case in self._cases.values():
            yield from case.alarms

    def _home(self, alarm: Standing) -> Key:
        return next(case.key for case in self._cases.values() if any(each is alarm for each in case.alarms))
