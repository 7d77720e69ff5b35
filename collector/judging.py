"""The polls of a transaction through the rules: live ones to tickets and the feed, those of the history to episodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from collector.desk import kin
from collector.domain.segments import Course, Drop, Fork, Join, Present, Run, Step, segment_of
from collector.domain.store_memory import StoreMemory
from collector.floor import Floor, open_floors
from collector.foresight import Foresight, rule, why_not
from collector.lifecycle import Due
from collector.referee import Referee
from collector.store import memories, store_memories, streams
from collector.store.at_hand import Premises, read_premises
from collector.store.memories import Remembered
from collector.store.streams import Unjudged
from edge_agent.contract.readings import Device, Telemetry
from rules.memory import DeviceMemory
from rules.segments import Correction, fork


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """What a transaction brought of one stream: its new polls by number, and the course that judging them takes."""

    store: str
    stream: str
    devices: Mapping[str, Device]
    course: Course
    polls: Mapping[int, Telemetry]


class Judging:
    """One transaction. `feed_events` counts what it told, `unjudged` lists what it did not judge, and why."""

    def __init__(
        self,
        connection: Connection,
        referee: Referee,
        now: datetime,
        premises: Mapping[str, Premises],
        foresight: Foresight | None = None,
    ) -> None:
        """`premises` of all stores that it judges."""
        self._foresight = foresight or Foresight(referee)
        self._connection = connection
        self._premises = premises
        self._book = referee.book
        self._referee = referee
        self._kinship = kin(referee.book)
        self._now = now
        self._live: dict[memories.Key, Remembered] = {}
        self._asked: set[memories.Key] = set()
        self._changed: set[memories.Key] = set()
        self._floors: dict[str, Floor] = {}
        self.unjudged: list[Unjudged] = []

    @property
    def feed_events(self) -> int:
        return sum(floor.events for floor in self._floors.values())

    def follow(self, bouts: Iterable[Bout]) -> None:
        """All of them, with one look at the memories and one write."""
        bouts = list(bouts)
        self._recall((bout.store, poll.device) for bout in bouts for poll in bout.polls.values())
        self._enter(bout.store for bout in bouts if bout.course.steps)
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

    def tell_what_stands(self, store: str) -> None:
        """The present of the store begins, or has been waited for long enough."""
        self._flush()
        self._enter([store])
        self._floors[store].tell_what_stands()

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
                self.tell_what_stands(bout.store)
            case Drop():
                memories.forget_segment(self._connection, bout.store, bout.stream, step.start)
                late = streams.take_ahead(self._connection, (bout.store, bout.stream), 1, step.below - 1)
                self.refuse(bout.store, bout.stream, late, "history_given_up")

    def _run_live(self, bout: Bout, run: Run) -> None:
        floor, entries = self._floors[bout.store], self._entries(bout, run)
        self._recall((bout.store, poll.device) for _, poll in entries)
        for seq, poll in entries:
            device = self._admit(bout, seq, poll)
            if device is None:
                continue
            key = (bout.store, poll.device)
            known = self._live.get(key)
            before, around = _begun(known, run.start, first=run.first), floor.memory
            ruling = self._foresight.ruling(self._referee, floor.setting, poll, before, around)
            if ruling is None:
                ruling = rule(self._referee, floor.setting, device, poll, before, around)
            if ruling.judgement is None:
                self.refuse(bout.store, bout.stream, {seq: poll}, "rules")
            else:
                self._live[key] = _then(known, run.start, ruling.judgement.memory)
                self._changed.add(key)
            floor.follow(ruling, poll.at, told=run.told)

    def _run_history(self, bout: Bout, run: Run) -> None:
        known = memories.recall_segment(self._connection, bout.store, bout.stream, run.start)
        told = store_memories.recall_segment(self._connection, bout.store, bout.stream, run.start)
        floor, changed = self._floors[bout.store], dict[str, Remembered]()
        around = told
        for seq, poll in self._entries(bout, run):
            device = self._admit(bout, seq, poll)
            if device is None:
                continue
            before = changed.get(poll.device) or known.get(poll.device)
            around = around.hear(self._book.asked_of(device.device_class), poll)
            memory, neighbours = _begun(before, run.start, first=run.first), floor.neighbours(around)
            judgement = self._referee.apply(device, memory, poll, neighbours)
            if judgement is None:
                self.refuse(bout.store, bout.stream, {seq: poll}, "rules")
                continue
            changed[device.id] = _then(before, run.start, judgement.memory)
            floor.note(judgement.changes, told=False)
        memories.remember_segment(self._connection, bout.store, bout.stream, run.start, changed)
        if around is not told:
            store_memories.remember_segment(self._connection, bout.store, bout.stream, run.start, around)

    def _entries(self, bout: Bout, run: Run) -> list[tuple[int, Telemetry]]:
        """What the run consists of, new or waiting until now, by number."""
        first, last = run.seqs
        polls = {seq: poll for seq, poll in bout.polls.items() if first <= seq <= last}
        if run.waited:
            polls |= streams.take_ahead(self._connection, (bout.store, bout.stream), first, last)
        return sorted(polls.items(), key=lambda entry: entry[0])

    def _admit(self, bout: Bout, seq: int, poll: Telemetry) -> Device | None:
        """The device that it tells of; None where it is not to be judged."""
        if reason := why_not(bout.devices, poll, self._now):
            self.refuse(bout.store, bout.stream, {seq: poll}, reason)
            return None
        return bout.devices[poll.device]

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

    def _recall(self, keys: Iterable[memories.Key]) -> None:
        if new := set(keys) - self._asked:
            at_hand = {(store, device): self._premises[store].memories.get(device) for store, device in new}
            self._live |= {key: known for key, known in at_hand.items() if known is not None}
            self._live |= memories.recall(self._connection, [key for key, known in at_hand.items() if known is None])
            self._asked |= new

    def _enter(self, stores: Iterable[str]) -> None:
        fresh = {store: self._premises[store] for store in stores if store not in self._floors}
        if fresh:
            book, referee = self._book, self._referee
            self._floors |= open_floors(self._connection, fresh, book, self._kinship, referee, self._now)

    def _flush(self) -> None:
        written = memories.remember(self._connection, {key: self._live[key] for key in self._changed})
        self._live |= written
        for (store, device), known in written.items():
            self._premises[store].memories[device] = known
        self._changed.clear()
        moved = {store: floor.memory for store, floor in self._floors.items() if floor.unwritten}
        store_memories.remember(self._connection, moved)
        for store, floor_memory in moved.items():
            self._floors[store].written()
            self._premises[store].around = floor_memory

    def _fork(self, bout: Bout, step: Fork) -> None:
        """What the neighbours say ahead of what is missing, a segment has to hear itself."""
        if step.live:
            floor = self._floors[bout.store]
            memories.keep_as_history(self._connection, bout.store, bout.stream, step.parent)
            store_memories.remember_segment(self._connection, bout.store, bout.stream, step.parent, floor.memory)
            floor.memory = floor.memory.fork()
        else:
            memories.part(self._connection, bout.store, bout.stream, step.parent, step.start)

    def _join(self, bout: Bout, step: Join) -> None:
        floor, here = self._floors[bout.store], (self._connection, bout.store, bout.stream)
        earlier = memories.recall_segment(*here, step.earlier)
        before = store_memories.recall_segment(*here, step.earlier)
        if step.live:
            later, after = memories.recall_store(self._connection, bout.store), floor.memory
        else:
            later = memories.recall_segment(*here, step.later)
            after = store_memories.recall_segment(*here, step.later)
        around = after.join(before)
        joined = {
            device: self._join_device(bout, step, around, device, earlier, later) for device in sorted(earlier | later)
        }
        memories.forget_segment(*here, step.later)
        if step.live:
            self._live |= {(bout.store, device): known for device, known in joined.items()}
            keys = {(bout.store, device) for device in joined}
            self._changed |= keys
            self._asked |= keys
            memories.forget_segment(*here, step.earlier)
            floor.memory = around
            floor.review(told=step.told)
            self._flush()
        else:
            memories.remember_segment(*here, step.earlier, joined)
            store_memories.remember_segment(*here, step.earlier, around)

    def _join_device(
        self,
        bout: Bout,
        step: Join,
        around: StoreMemory,
        device_id: str,
        earlier: Mapping[str, Remembered],
        later: Mapping[str, Remembered],
    ) -> Remembered:
        before = earlier[device_id].memory if device_id in earlier else DeviceMemory()
        after = _begun(later.get(device_id), step.later)
        device = bout.devices.get(device_id)
        if device is None:
            return Remembered(start=step.earlier, memory=replace(after, openings=None))
        joined = self._referee.unite(device, before, after, self._floors[bout.store].neighbours(around))
        for correction in joined.corrections:
            self._correct(bout.store, device, correction, step)
        return Remembered(start=step.earlier, memory=joined.memory)

    def _correct(self, store: str, device: Device, correction: Correction, step: Join) -> None:
        """History opens and closes no ticket; what is live is told, from the present on."""
        floor, change = self._floors[store], correction.change
        floor.desk.correct(correction, self._book.by_id[correction.rule], device)
        if change is None:
            return
        if step.live and step.told:
            floor.tell(change, closing=False)
        elif change.kind == "raised":
            floor.note((change,), told=False)


def tell_due(connection: Connection, referee: Referee, due: Collection[Due], now: datetime) -> int:
    """As if it were raised just now. Returns how many events it added to the feed."""
    premises = read_premises(connection, {one.store for one in due})
    floors = open_floors(connection, premises, referee.book, kin(referee.book), referee, now)
    for one in due:
        floors[one.store].tell(one.change)
    return sum(floor.events for floor in floors.values())


def _then(known: Remembered | None, start: int, memory: DeviceMemory) -> Remembered:
    return Remembered(start=start, memory=memory) if known is None else known.then(start, memory)


def _begun(known: Remembered | None, start: int, *, first: bool = False) -> DeviceMemory:
    """The memory of a device in the segment that began at `start`, which may hear of it for the first time."""
    memory = DeviceMemory() if known is None else known.memory
    if first:
        return memory if memory.openings is None else replace(memory, openings=None)
    if known is None or known.start != start:
        return fork(memory)
    return memory
