"""The polls of a transaction through the rules: live ones to tickets and the feed, those of the history to episodes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from collector import lifecycle
from collector.desk import correct, note_change
from collector.domain.episodes import episode_of
from collector.domain.segments import Course, Drop, Fork, Join, Present, Run, Step, segment_of
from collector.domain.tickets import Ticket
from collector.present import untold
from collector.store import episodes, memories, streams, tickets
from collector.store.memories import Remembered
from collector.store.streams import Unjudged
from edge_agent.contract.readings import Device, Telemetry
from rules.book import RuleBook
from rules.engine import Judgement, judge
from rules.memory import DeviceMemory
from rules.model import Change
from rules.segments import Correction, Joined, fork, join
from rules.standing import restate

log = logging.getLogger(__name__)

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far a store's clock may be ahead of head office's."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No store polled before; whatever says so has a clock that was never set, whether it knows or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """What a transaction brought of one stream: its new polls by number, and the course that judging them takes."""

    store: str
    stream: str
    devices: Mapping[str, Device]
    course: Course
    polls: Mapping[int, Telemetry]


class Referee:
    """Used by one thread; what it remembers decides nothing."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._failing: set[tuple[str, str]] = set()

    def apply(self, store: str, device: Device, memory: DeviceMemory, poll: Telemetry) -> Judgement | None:
        """None where the rules failed: the poll is kept all the same."""
        try:
            judgement = judge(self._book, device, memory, poll)
            self._failing.discard((store, device.id))
        except Exception:  # a rule that fails must not hold up the telemetry of every store
            if (store, device.id) not in self._failing:
                log.exception("rules failed store=%s device=%s at=%s", store, device.id, poll.at.isoformat())
            self._failing.add((store, device.id))
            return None
        return judgement

    def unite(self, store: str, device: Device, earlier: DeviceMemory, later: DeviceMemory) -> Joined:
        """Where that fails, the later memory goes on by itself."""
        try:
            return join(self._book, device, earlier, later)
        except Exception:  # history that cannot be joined must not keep a store's messages from being stored
            log.exception("segments cannot be joined store=%s device=%s", store, device.id)
            return Joined(memory=replace(later, openings=None), corrections=())

    def restate(self, store: str, device: Device, memory: DeviceMemory, rules: Collection[str]) -> tuple[Change, ...]:
        """None of them where that fails."""
        try:
            return restate(self._book, device, memory, rules)
        except Exception:  # one device's alarms must not keep a store's messages from being stored
            log.exception("what stands cannot be told store=%s device=%s", store, device.id)
            return ()


class Judging:
    """One transaction. `feed_events` counts what it told, `unjudged` lists what it did not judge, and why."""

    def __init__(self, connection: Connection, book: RuleBook, referee: Referee, now: datetime) -> None:
        self._connection = connection
        self._book = book
        self._referee = referee
        self._now = now
        self._live: dict[memories.Key, Remembered] = {}
        self._asked: set[memories.Key] = set()
        self._changed: set[memories.Key] = set()
        self.feed_events = 0
        self.unjudged: list[Unjudged] = []

    def follow(self, bouts: Iterable[Bout]) -> None:
        """All of them, with one look at the memories and one write."""
        bouts = list(bouts)
        self._recall((bout.store, poll.device) for bout in bouts for poll in bout.polls.values())
        for bout in bouts:
            for step in bout.course.steps:
                self._take(bout, step)
            self._keep_the_rest(bout)
        self._flush()
        streams.record_unjudged(self._connection, self.unjudged)

    def refuse(self, store: str, stream: str, polls: Mapping[int, Telemetry], reason: str) -> None:
        """They are stored, and decide nothing."""
        self.unjudged += [
            Unjudged(store=store, stream=stream, seq=seq, poll=poll, reason=reason) for seq, poll in polls.items()
        ]

    def tell_what_stands(self, store: str, devices: Mapping[str, Device]) -> None:
        """The present of the store begins, or has been waited for long enough."""
        self._flush()
        for device, change in list(untold(self._connection, self._book, self._referee.restate, store, devices)):
            self._tell(store, device, change)

    def _take(self, bout: Bout, step: Step) -> None:
        match step:
            case Run(live=True):
                self._run_live(bout, step)
            case Run():
                self._run_history(bout, step)
            case Fork():
                self._flush()
                self._fork(bout, step)
            case Join():
                self._flush()
                self._join(bout, step)
            case Present():
                self.tell_what_stands(bout.store, bout.devices)
            case Drop():
                memories.forget_segment(self._connection, bout.store, bout.stream, step.start)
                late = streams.take_ahead(self._connection, (bout.store, bout.stream), 1, step.below - 1)
                self.refuse(bout.store, bout.stream, late, "history_given_up")

    def _run_live(self, bout: Bout, run: Run) -> None:
        entries = self._entries(bout, run)
        self._recall((bout.store, poll.device) for _, poll in entries)
        for seq, poll in entries:
            key = (bout.store, poll.device)
            judged = self._judge(bout, seq, poll, _begun(self._live.get(key), run.start, first=run.first))
            if judged is None:
                continue
            device, judgement = judged
            self._live[key] = Remembered(start=run.start, memory=judgement.memory)
            self._changed.add(key)
            for change in judgement.changes:
                if run.told:
                    self._tell(bout.store, device, change)
                else:
                    self._write_down(bout.store, device, change, ticket=None)

    def _run_history(self, bout: Bout, run: Run) -> None:
        known = memories.recall_segment(self._connection, bout.store, bout.stream, run.start)
        changed: dict[str, Remembered] = {}
        for seq, poll in self._entries(bout, run):
            before = changed.get(poll.device) or known.get(poll.device)
            judged = self._judge(bout, seq, poll, _begun(before, run.start, first=run.first))
            if judged is None:
                continue
            device, judgement = judged
            changed[device.id] = Remembered(start=run.start, memory=judgement.memory)
            for change in judgement.changes:
                self._write_down(bout.store, device, change, ticket=None)
        memories.remember_segment(self._connection, bout.store, bout.stream, run.start, changed)

    def _entries(self, bout: Bout, run: Run) -> list[tuple[int, Telemetry]]:
        """What the run consists of, new or waiting until now, by number."""
        first, last = run.seqs
        polls = {seq: poll for seq, poll in bout.polls.items() if first <= seq <= last}
        if run.waited:
            polls |= streams.take_ahead(self._connection, (bout.store, bout.stream), first, last)
        return sorted(polls.items(), key=lambda entry: entry[0])

    def _judge(self, bout: Bout, seq: int, poll: Telemetry, memory: DeviceMemory) -> tuple[Device, Judgement] | None:
        device = bout.devices.get(poll.device)
        reason = _why_not(bout.devices, poll, self._now)
        if device is not None and not reason:
            judgement = self._referee.apply(bout.store, device, memory, poll)
            if judgement is not None:
                return device, judgement
            reason = "rules"
        self.refuse(bout.store, bout.stream, {seq: poll}, reason)
        return None

    def _keep_the_rest(self, bout: Bout) -> None:
        """Entries that wait, and those that come after what follows them was judged without them."""
        runs = [step.seqs for step in bout.course.steps if isinstance(step, Run)]
        waiting: list[tuple[int, Telemetry]] = []
        for seq, poll in bout.polls.items():
            if any(first <= seq <= last for first, last in runs):
                continue
            segment = segment_of(bout.course.segments, seq)
            if segment is not None and seq > segment.frontier:
                waiting.append((seq, poll))
            else:
                self.refuse(bout.store, bout.stream, {seq: poll}, "late" if segment else "history_given_up")
        streams.put_ahead(self._connection, (bout.store, bout.stream), waiting)

    def _tell(self, store: str, device: Device, change: Change) -> None:
        """To the technicians, unless something holds it back, and into the device's episodes."""
        rule = self._book.by_id[change.rule]
        if not lifecycle.note(self._connection, store, change, rule, rule.title, self._now).now:
            self._write_down(store, device, change, ticket=None, withheld=True)
            return
        ticket = self._note(store, device, change)
        family = self._book.family(change.rule)
        standing = ticket or tickets.open_ticket(self._connection, store, device.id, family)
        self._write_down(store, device, change, None if standing is None else standing.id)

    def _note(self, store: str, device: Device, change: Change) -> Ticket | None:
        rule, family = self._book.by_id[change.rule], self._book.family(change.rule)
        ticket = note_change(self._connection, change, rule, device, store, self._now, family)
        self.feed_events += ticket is not None
        return ticket

    def _write_down(
        self, store: str, device: Device, change: Change, ticket: int | None, *, withheld: bool = False
    ) -> None:
        if change.kind == "raised":
            episode = episode_of(change, self._book.by_id[change.rule], ticket)
            known_now = replace(episode, past=False) if withheld else episode
            episodes.open_one(self._connection, store, device.id, known_now)
        else:
            episodes.close(self._connection, store, device.id, change.rule, change.since, change.at)

    def _recall(self, keys: Iterable[memories.Key]) -> None:
        if new := set(keys) - self._asked:
            self._live |= memories.recall(self._connection, new)
            self._asked |= new

    def _flush(self) -> None:
        memories.remember(self._connection, {key: self._live[key] for key in self._changed})
        self._changed.clear()

    def _fork(self, bout: Bout, step: Fork) -> None:
        if step.live:
            memories.keep_as_history(self._connection, bout.store, bout.stream, step.parent)
        else:
            memories.part(self._connection, bout.store, bout.stream, step.parent, step.start)

    def _join(self, bout: Bout, step: Join) -> None:
        earlier = memories.recall_segment(self._connection, bout.store, bout.stream, step.earlier)
        if step.live:
            later = memories.recall_store(self._connection, bout.store)
        else:
            later = memories.recall_segment(self._connection, bout.store, bout.stream, step.later)
        joined = {device: self._join_device(bout, step, device, earlier, later) for device in earlier | later}
        memories.forget_segment(self._connection, bout.store, bout.stream, step.later)
        if step.live:
            self._live |= {(bout.store, device): known for device, known in joined.items()}
            keys = {(bout.store, device) for device in joined}
            self._changed |= keys
            self._asked |= keys
            memories.forget_segment(self._connection, bout.store, bout.stream, step.earlier)
            self._flush()
        else:
            memories.remember_segment(self._connection, bout.store, bout.stream, step.earlier, joined)

    def _join_device(
        self, bout: Bout, step: Join, device_id: str, earlier: Mapping[str, Remembered], later: Mapping[str, Remembered]
    ) -> Remembered:
        before = earlier[device_id].memory if device_id in earlier else DeviceMemory()
        after = _begun(later.get(device_id), step.later)
        device = bout.devices.get(device_id)
        if device is None:
            return Remembered(start=step.earlier, memory=replace(after, openings=None))
        joined = self._referee.unite(bout.store, device, before, after)
        for correction in joined.corrections:
            self._correct(bout.store, device, correction, step)
        return Remembered(start=step.earlier, memory=joined.memory)

    def _correct(self, store: str, device: Device, correction: Correction, step: Join) -> None:
        """History opens and closes no ticket; what is live is told, from the present on."""
        rule = self._book.by_id[correction.rule]
        self.feed_events += correct(self._connection, correction, rule, device, store, self._now)
        change = correction.change
        if change is None:
            return
        if not (step.live and step.told):
            if change.kind == "raised":
                self._write_down(store, device, change, ticket=None)
        elif change.kind == "raised":
            self._tell(store, device, change)
        else:
            lifecycle.note(self._connection, store, change, rule, rule.title, self._now)
            self._note(store, device, change)


def _begun(known: Remembered | None, start: int, *, first: bool = False) -> DeviceMemory:
    """The memory of a device in the segment that began at `start`, which may hear of it for the first time."""
    memory = DeviceMemory() if known is None else known.memory
    if first:
        return memory if memory.openings is None else replace(memory, openings=None)
    if known is None or known.start != start:
        return fork(memory)
    return memory


def _why_not(devices: Mapping[str, Device], poll: Telemetry, now: datetime) -> str:
    """Why a poll is kept and not judged; one from the future would make all that follow look late."""
    if not devices:
        return "no_inventory"
    if poll.device not in devices:
        return "unknown_device"
    return "" if poll.clock_trusted and EARLIEST <= poll.at <= now + AHEAD_AT_MOST else "clock"
