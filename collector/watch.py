"""What head office notices by itself: stores that are not heard, many silent at once, two agents for one store.

It is told of every message that was stored, and looks between two batches, on the thread that stores them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from collector.desk import Desk, kin, note_change
from collector.domain import line_faults
from collector.domain.line_faults import OFFICE, LineFault
from collector.domain.rivals import Speakers, are_rivals, listen
from collector.domain.silence import DEFAULT_AFTER, NEVER, Ears, Heard, Verdict, judge_silence
from collector.meters import Meters
from collector.partitions import ALL, Partitions
from collector.store import lines, store_memories
from collector.store.database import Database
from collector.store.lines import SOUND, Line
from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import Batch
from edge_agent.contract.text import same
from rules.book import RuleBook
from rules.model import Change, Diagnosis
from rules.shared import diagnosis_of

LOOK_EVERY_S = 10.0
EXPECTED_FOR = timedelta(days=30)
"""A store that was not heard for so long has its ticket, or is no more. Longer than head office itself may be down:
what fell silent meanwhile is noticed afterwards."""

log = logging.getLogger(__name__)


class Watch:
    """`hears` answers whether messages reach us just now and are stored as they come; `partitions` tells which stores
    are ours where several collectors divide them. `book` tells what else a store that is not heard takes along."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        meters: Meters,
        hears: Callable[[], bool],
        *,
        book: RuleBook,
        after: timedelta = DEFAULT_AFTER,
        partitions: Partitions = ALL,
    ) -> None:
        self._database = database
        self._clock = clock
        self._meters = meters
        self._hears = hears
        self._book = book
        self._after = after
        self._partitions = partitions
        self._heard: dict[str, Heard] = {}
        self._speakers: dict[str, Speakers] = {}
        self._rivals: dict[str, datetime] = {}
        self._last_words: dict[str, Speakers] = {}
        """Of stores that are silent: who had spoken for them by then."""
        self._ears = Ears()
        self._look_at = 0.0

    def judge_by(self, book: RuleBook) -> None:
        """From the next look on. May be called by any thread."""
        self._book = book

    def hear(self, batch: Batch, *, live: bool) -> None:
        """A message has been stored."""
        store, now = batch.store, self._clock.now()
        self._heard[store] = self._heard.get(store, NEVER).at(self._clock.mono(), live=live)
        if live:
            self._speakers[store] = speakers = listen(self._speakers.get(store, Speakers()), batch, now)
            if store not in self._rivals and are_rivals(speakers, now):
                self._rivals[store] = now
                names = " ".join(speakers.names[-2:])
                log.error(
                    "two agents speak for one store: a cloned gateway, or a replaced one that still runs;"
                    " switch one off or give it another store id store=%s streams/boots=%s",
                    store,
                    names,
                )

    def look(self) -> bool:
        """Where it is time: True where the feed has something new. Raises TryLater."""
        mono = self._clock.mono()
        self._ears = self._ears.look(mono, hearing=self._hears())
        if mono < self._look_at:
            return False
        self._look_at = mono + LOOK_EVERY_S
        if self._database.refused:
            self._database.try_write()
        now = self._clock.now()
        self._forget_rivals(now)
        with self._database.reading() as connection:
            known = {one: line for one, line in lines.lines(connection).items() if self._partitions.holds(one)}
            heard = lines.last_heard(connection, now - EXPECTED_FOR)
            together = any(part.overlap(self._partitions) for part in lines.unheard(connection))
        last_heard = {store: at for store, at in heard.items() if self._partitions.holds(store)}
        verdict = self._judge(known, last_heard, together=together)
        changed = self._write(verdict, known, last_heard, now)
        self._meters.silent.set(sum(line.silent_since is not None for line in known.values()))
        self._meters.rivals.set(len(self._rivals))
        return changed

    def _judge(self, known: dict[str, Line], last_heard: dict[str, datetime], *, together: bool) -> Verdict:
        silent = {store for store, line in known.items() if line.silent_since is not None}
        return judge_silence(
            last_heard.keys(), self._heard, ears=self._ears, known=silent, together=together, after=self._after
        )

    def _write(self, verdict: Verdict, known: dict[str, Line], last_heard: dict[str, datetime], now: datetime) -> bool:
        rivals = {store for store, line in known.items() if (line.rivals_since is None) is (store in self._rivals)}
        rivals |= self._rivals.keys() - known.keys()
        if not (verdict.silent or verdict.heard or verdict.together or rivals):
            return False
        with self._database.writing() as connection:
            for store in sorted(rivals):
                known[store] = replace(known.get(store, SOUND), rivals_since=self._rivals.get(store))
                lines.write_line(connection, store, known[store])
            for store in verdict.silent:
                self._say(connection, store, known, last_heard[store], now)
            for store in verdict.heard:
                self._say(connection, store, known, None, now)
            if verdict.together:
                self._say_together(connection, verdict, now)
        self._keep_last_words(verdict)
        return bool(verdict.silent or verdict.heard or verdict.together)

    def _say(
        self, connection: Connection, store: str, known: dict[str, Line], since: datetime | None, now: datetime
    ) -> None:
        """That a store is silent `since`, or is heard again."""
        began = since or known[store].silent_since or now
        known_causes = diagnosis_of(line_faults.OFFLINE_CAUSES, self._book.store_causes)
        change = line_faults.offline("raised" if since else "cleared", now, began)
        change = replace(change, diagnosis=known_causes or change.diagnosis)
        turned_out = None if since else self._why_silent(store)
        self._note(connection, change, line_faults.STORE_OFFLINE, store, now, turned_out)
        known[store] = replace(known.get(store, SOUND), silent_since=since)
        lines.write_line(connection, store, known[store])

    def _why_silent(self, store: str) -> Diagnosis | None:
        """Once it is heard again; None where nobody knows who spoke before, or who speaks now."""
        before, after = self._last_words.get(store, Speakers()), self._speakers.get(store, Speakers())
        if not before.boot or after.said_at == before.said_at:
            return None
        return line_faults.cause_of_silence(before.boot, after.boot, self._book.store_causes)

    def _keep_last_words(self, verdict: Verdict) -> None:
        """What was told is committed."""
        for store in verdict.silent:
            self._last_words[store] = self._speakers.get(store, Speakers())
        for store in verdict.heard:
            self._last_words.pop(store, None)

    def _say_together(self, connection: Connection, verdict: Verdict, now: datetime) -> None:
        """One alarm for all collectors: raised by the first whose stores fall silent, over when none says so."""
        kind = verdict.together or "raised"
        began = min(lines.unheard(connection).values(), default=now - self._after)
        lines.write_unheard(connection, self._partitions, now - self._after if kind == "raised" else None)
        if kind == "raised" or not lines.unheard(connection):
            change = line_faults.unheard(kind, now, began, verdict.quiet, verdict.expected)
            self._note(connection, change, line_faults.STORES_UNHEARD, OFFICE, now)

    def _note(
        self,
        connection: Connection,
        change: Change,
        fault: LineFault,
        store: str,
        now: datetime,
        turned_out: Diagnosis | None = None,
    ) -> None:
        lines.list_own(connection, store, fault.device, line_faults.OFFICE_NAME if store == OFFICE else same(store))
        if store == OFFICE:
            note_change(connection, change, fault, fault.device, store, now)
            return
        at = store_memories.recall(connection, [store])[store].at
        desk = Desk(connection, store, self._book, kin(self._book), now)
        if turned_out is not None:
            desk.put_first((change.device, change.rule), turned_out)
        desk.tell(change, at)

    def _forget_rivals(self, now: datetime) -> None:
        for store in [one for one in self._rivals if not are_rivals(self._speakers[one], now)]:
            log.info("one agent speaks for the store again store=%s", store)
            del self._rivals[store]
