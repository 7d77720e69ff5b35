"""The promises, looked at while the simulated days go by: truth first, nothing stale told, memory bounded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from collector.domain.segments import SEGMENTS_AT_MOST, WAITING_AT_MOST
from edge_agent.contract.clock import from_ms
from edge_agent.core.delivery import FAR_BEHIND, HISTORY, LIVE, RECENT
from edge_agent.outbox.recorder import HOLD_UP_AT, REMEMBER_AT_MOST
from tests.simulation.audit import look_at_office, look_for_left_overs
from tests.simulation.gateway import BEGIN, TURN_EVERY_S
from tests.simulation.ledger import DRIFT, OFF_AT_MOST, Broken
from tests.simulation.oracle import BOOK, Alarm, Oracle
from tests.simulation.plant import FAULTS

if TYPE_CHECKING:
    from tests.simulation.world import World

LOOK_EVERY_S = 20.0
TRUE_WITHIN_S = 60.0
"""Of an alarm that stood before head office could be reached; one that is raised just then may take one poll more, as
clocks that differ by a moment may disagree on whether a hold is over."""
LANE_AT_MOST = FAR_BEHIND + timedelta(minutes=15)
"""The live lane never begins earlier; what was so for so long is known of what is live alone."""
AT_ONCE_S = 1.0
"""Between the moment at which a gateway looks where its present begins and that at which it names it."""
PLAIN_AFTER = RECENT + timedelta(minutes=15)
"""What was so for so long the live lane shows by itself."""
INBOX_AT_MOST = 1_000

_ACTIVE = """SELECT alarm.device, alarm.rule, max(episode.since), episode.since_at_least FROM ticket
JOIN ticket_alarm AS alarm ON alarm.ticket = ticket.id AND alarm.cleared_at IS NULL LEFT JOIN episode
ON (episode.store, episode.device, episode.rule, episode.cleared_at) IS (ticket.store, alarm.device, alarm.rule, NULL)
WHERE ticket.store = ? AND alarm_active AND state NOT IN ('closed', 'cancelled', 'merged') GROUP BY 1, 2"""
_TWICE = """SELECT store, device, family FROM ticket WHERE state NOT IN ('closed', 'cancelled', 'merged')
GROUP BY store, device, family HAVING count(*) > 1 UNION
SELECT store, alarm.device, alarm.rule FROM ticket JOIN ticket_alarm AS alarm ON alarm.ticket = ticket.id
WHERE state NOT IN ('closed', 'cancelled', 'merged') GROUP BY store, alarm.device, alarm.rule HAVING count(*) > 1"""
_PRESENT = "SELECT stream, present_from, withheld_since FROM stream WHERE store = ? AND NOT ended"
_EPISODES = "SELECT device, rule, since, cleared_at FROM episode WHERE store = ? ORDER BY since, device, rule"


@dataclass(frozen=True, slots=True)
class Shown:
    since: datetime
    at_least: bool


@dataclass(slots=True)
class Watchman:
    """`truths` and `episodes` count what was compared, so that it is known to have been."""

    world: World
    truths: int = 0
    episodes: int = 0
    _fit_since: dict[str, float] = field(default_factory=dict)
    _feed_seen: int = 0
    _told_active: dict[int, bool] = field(default_factory=dict)
    _pages: dict[str, tuple[int, dict[Alarm, Shown]]] = field(default_factory=dict)
    _commits: int = 0

    def look(self, now_s: float) -> None:
        """Raises Broken."""
        self._look_at_memory()
        if self.world.office.commits != self._commits:
            self._commits = self.world.office.commits
            self._look_at_feed()
            self._look_at_database()
        for store in self.world.gateways:
            if not self._is_fit(store):
                self._fit_since.pop(store, None)
            elif now_s - self._fit_since.setdefault(store, now_s) >= TRUE_WITHIN_S:
                self._look_at_truth(store)

    def settle(self, store: str, before: datetime) -> None:
        """Everything has arrived: what is shown and what is written down is what the oracle says. Raises Broken."""
        oracle, shown = self.world.oracles[store], self.shown(store)
        if oracle.muddled:
            if oracle.calm and not shown:
                oracle.begin_anew()
            return
        moving = {alarm for alarm, one in oracle.standing.items() if one.heard_at >= before}
        moving |= {past.alarm for past in oracle.past if past.heard_at >= before}
        due = oracle.standing.keys() - moving
        if due != shown.keys() - moving:
            raise Broken(f"{store}: raised {sorted(due)}, head office shows {sorted(shown)}")
        for alarm in due:
            one = shown[alarm]
            if one.at_least or not self._near(one.since, oracle.standing[alarm].since):
                raise Broken(f"{store} {alarm}: since {oracle.standing[alarm].since}, head office shows {one}")
        self._compare_past(store, oracle, moving)
        look_for_left_overs(self.world.office, store, oracle.true_from)
        look_at_office(self.world.office)

    def shown(self, store: str) -> dict[Alarm, Shown]:
        """Alarms that are active on the page."""
        office = self.world.office
        known = self._pages.get(store)
        if known is None or known[0] != office.commits:
            found = office.ask(_ACTIVE, store)
            page = {
                (device, fault): Shown(from_ms(since or 0), bool(least))
                for device, fault, since, least in found
                if fault in BOOK.by_id  # a dead bus is no alarm of a device
            }
            known = self._pages[store] = (office.commits, page)
        return known[1]

    def _is_fit(self, store: str) -> bool:
        """Whether store and head office can hear one another."""
        gateway, network = self.world.gateways[store], self.world.network
        able = gateway.running and not gateway.disk.refusing and self.world.office.hears
        return able and network.sky(store).fair and store in network.links

    def _look_at_truth(self, store: str) -> None:
        oracle, shown = self.world.oracles[store], self.shown(store)
        if oracle.muddled:
            return
        before = self.world.now() - timedelta(seconds=TRUE_WITHIN_S + TURN_EVERY_S)
        for alarm, one in oracle.standing.items():
            if one.heard_at > before or self._needs_history(store, oracle, alarm):
                continue
            here = shown.get(alarm)
            if here is None or not self._is_true(here, one.since):
                raise Broken(f"{store} {alarm}: raised since {one.since}, head office shows {here} a minute later")
            self.truths += 1
        for alarm in shown.keys() - oracle.standing.keys():
            if self._is_well(oracle, alarm[0]):
                raise Broken(
                    f"{store} {alarm}: over for long, head office shows it as raised since {shown[alarm].since}"
                )

    def _is_well(self, oracle: Oracle, device: str) -> bool:
        """Whether nothing was wrong with it since the live lane began, so that what is live alone ends every alarm."""
        ends = [past.heard_at for past in oracle.past if past.alarm[0] == device]
        ill = any(alarm[0] == device for alarm in oracle.standing)
        return not ill and max(ends, default=BEGIN) < self._live_after() and self._is_steady(oracle, device)

    def _is_steady(self, oracle: Oracle, device: str) -> bool:
        """Whether it was heard through all that the live lane begins with, and longer than any rule holds."""
        return oracle.steady_since.get(device, self.world.now()) < self.world.now() - PLAIN_AFTER

    def _needs_history(self, store: str, oracle: Oracle, alarm: Alarm) -> bool:
        """Whether what is live may not show it by itself, and history is kept waiting."""
        gateway, (device, fault) = self.world.gateways[store], alarm
        if not self.world.network.sky(store).clogs:
            return False
        fortune, now_s = gateway.fortune(device), (self.world.now() - BEGIN).total_seconds()
        plain = fortune and FAULTS.get(fortune.state) == fault and now_s - fortune.since >= PLAIN_AFTER.total_seconds()
        return not (plain and self._is_steady(oracle, device))

    def _is_true(self, shown: Shown, since: datetime) -> bool:
        """Its beginning, or a moment after it "at least" since when it is so."""
        return self._near(shown.since, since) or (shown.at_least and shown.since > since)

    def _compare_past(self, store: str, oracle: Oracle, moving: Set[Alarm]) -> None:
        """Episode by episode, in the order of their beginnings."""
        found: dict[Alarm, list[tuple[datetime, datetime | None]]] = {}
        for device, rule, since, cleared_at in self.world.office.ask(_EPISODES, store):
            began = from_ms(since)
            if began >= oracle.true_from and rule in BOOK.by_id:
                known = from_ms(cleared_at) if cleared_at is not None else None
                found.setdefault((device, rule), []).append((began, known))
        told: dict[Alarm, list[tuple[datetime, datetime | None]]] = {}
        for past in oracle.past:
            told.setdefault(past.alarm, []).append((past.since, past.cleared_at))
        for alarm, standing in oracle.standing.items():
            told.setdefault(alarm, []).append((standing.since, None))
        for alarm in sorted((found.keys() | told.keys()) - moving):
            true, here = told.get(alarm, []), found.get(alarm, [])
            true = [one for one in true if one[0] >= oracle.true_from]
            if len(true) != len(here) or not all(map(self._alike, true, here)):
                raise Broken(f"{store} {alarm}: episodes {_told(true)}, head office has {_told(here)}")
            self.episodes += len(true)

    def _alike(self, one: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None]) -> bool:
        if one[1] is None or other[1] is None:
            return one[1] is other[1] and self._near(one[0], other[0])
        return self._near(one[0], other[0]) and self._near(one[1], other[1])

    def _near(self, one: datetime, other: datetime) -> bool:
        return abs(one - other) <= OFF_AT_MOST + DRIFT * timedelta(days=9)

    def _look_at_feed(self) -> None:
        """History never notifies, neither of a beginning nor of an end."""
        office = self.world.office
        for number, data in office.ask("SELECT id, data FROM feed_event WHERE id > ? ORDER BY id", self._feed_seen):
            self._feed_seen = number
            told = json.loads(data)
            ticket, active = told["id"], told["alarm_active"]
            ends = self._told_active.get(ticket, False) and not active
            self._told_active[ticket] = active
            store, alarm = told["store"]["id"], (told["device"]["id"], told["fault"])
            oracle = self.world.oracles[store]
            if oracle.muddled or told["state"] == "merged" or alarm[1] not in BOOK.by_id:
                continue
            if ends:
                self._look_at_end(oracle, alarm, store)
            elif active and alarm not in oracle.standing:
                self._look_at_beginning(oracle, alarm, store, told["since"])

    def _look_at_beginning(self, oracle: Oracle, alarm: Alarm, store: str, since: str) -> None:
        told = f"{store} {alarm}: told as raised since {since}"
        over = max((past.heard_at for past in oracle.past if past.alarm == alarm), default=None)
        if over is None or over < self._present_since(store):
            raise Broken(f"{told}, over since {over}")

    def _look_at_end(self, oracle: Oracle, alarm: Alarm, store: str) -> None:
        standing = oracle.standing.get(alarm)
        if standing and standing.heard_at < self._present_since(store):
            raise Broken(f"{store} {alarm}: told as over, raised since {standing.since}")

    def _present_since(self, store: str) -> datetime:
        """When the gateway named what head office knows as its present. Before it is reached only what a gateway that
        does not come there leaves standing is told, and may be over."""
        ((stream, present_from, withheld_since),) = self.world.office.ask(_PRESENT, store)
        if withheld_since is not None:
            return self._live_after()
        named = self.world.network.presents[store, stream, present_from]
        return BEGIN + timedelta(seconds=named - AT_ONCE_S)

    def _live_after(self) -> datetime:
        """What was sent before head office went down is what it hears first when it is back."""
        return self.world.now() - LANE_AT_MOST - self.world.office.longest_down()

    def _look_at_memory(self) -> None:
        for store, gateway in self.world.gateways.items():
            recorder = gateway.recorder
            if recorder and len(recorder._waiting) > max(HOLD_UP_AT, REMEMBER_AT_MOST) + 100:
                raise Broken(f"{store}: {len(recorder._waiting)} entries wait in memory")
            courier = gateway.publisher._courier if gateway.publisher else None
            if courier and len(courier._delivery.live.in_flight) > LIVE.messages:
                raise Broken(f"{store}: too many live messages on their way")
            if courier and len(courier._delivery.history.in_flight) > HISTORY.messages:
                raise Broken(f"{store}: too much history on its way")
        if len(self.world.office.inbox) > INBOX_AT_MOST:
            raise Broken("the inbox overflows")

    def _look_at_database(self) -> None:
        ask = self.world.office.ask
        if twice := ask(_TWICE):
            raise Broken(f"two open tickets of one fault: {twice}")
        for store, stream, waiting in ask("SELECT store, stream, count(*) FROM ahead GROUP BY store, stream"):
            if waiting > WAITING_AT_MOST * SEGMENTS_AT_MOST:
                raise Broken(f"{store} {stream}: {waiting} entries wait ahead of a hole")


def _told(episodes: list[tuple[datetime, datetime | None]]) -> str:
    return ", ".join(
        f"{since:%d %H:%M}-{until:%d %H:%M}" if until else f"{since:%d %H:%M}-" for since, until in episodes
    )


def dump(file: sqlite3.Connection) -> str:
    """All that the database says, whatever order it stands in."""
    tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return "\n".join(
        f"{table}: {row!r}" for table in tables for row in sorted(map(repr, file.execute(f"SELECT * FROM {table}")))
    )
