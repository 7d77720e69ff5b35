"""Why an alarm is up or is not, from what head office remembers now, or from the stored telemetry of another time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from sqlalchemy import Connection, select

from collector.domain.episodes import Episode
from collector.domain.tickets import Ticket
from collector.store import alarms, cases, episodes, inventory, memories, store_memories, tickets
from collector.store.database import Database
from collector.store.tables import device as device_table
from collector.stored import SAMPLES_AT_MOST, points_of, stored_polls
from collector.telemetry.base import Span, TelemetryStore
from edge_agent.contract.readings import Device, Telemetry
from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.engine import judge
from rules.explain import Explanation, asks_neighbours, explain, reach_of
from rules.memory import DeviceMemory
from rules.model import Rule
from rules.neighbours import Neighbourhood, Neighbours, Setting, note

EPISODES_LOOKED_AT = 1_000


class About(NamedTuple):
    """`store` may be left out where only one has such a device."""

    rule: str
    device: str
    store: str | None = None


class CannotExplain(LookupError):
    """What was asked for is not known; `sentence` says what would be."""

    def __init__(self, sentence: Text) -> None:
        self.sentence = sentence
        super().__init__(sentence.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """`ticket` is the one that the alarm is on. `withheld` says why nobody was told, empty where somebody was or there
    is nothing to tell. `since` is where the telemetry begins that this was found from; None: from what is remembered
    now. `episode` is what was written down at that time; None where nothing was, or where it is about now."""

    explanation: Explanation
    rule: Rule
    store: Setting
    device: Device
    ticket: Ticket | None = None
    withheld: str = ""
    since: datetime | None = None
    episode: Episode | None = None


def explain_now(database: Database, book: RuleBook, about: About) -> Explained:
    """As the device was judged last. Raises CannotExplain, TryLater."""
    with database.reading() as connection:
        rule, setting, device = _find(connection, book, about)
        key = (setting.id, device.id)
        known = memories.recall(connection, [key]).get(key)
        around = store_memories.recall(connection, [setting.id])[setting.id]
        on_ticket = cases.open_tickets(connection, [setting.id])[setting.id].alarms.get((device.id, rule.id))
        ticket = None if on_ticket is None else tickets.with_id(connection, on_ticket.ticket)
        withheld = _withheld(connection, setting.id, device.id, rule.id)
    memory = DeviceMemory() if known is None else known.memory
    found = explain(book, rule, device, memory, Neighbours(setting=setting, known=around.known))
    return Explained(explanation=found, rule=rule, store=setting, device=device, ticket=ticket, withheld=withheld)


def explain_then(
    database: Database, telemetry: TelemetryStore, book: RuleBook, about: About, at: datetime
) -> Explained:
    """As the rules of today judge what was stored until `at`. Raises CannotExplain, TryLater."""
    with database.reading() as connection:
        rule, setting, device = _find(connection, book, about)
        written = episodes.of_device(connection, setting.id, device.id, EPISODES_LOOKED_AT)
        episode = next((each for each in written if each.rule == rule.id and _stands(each, at)), None)
        ticket = None if episode is None or episode.ticket is None else tickets.with_id(connection, episode.ticket)
    span = Span(since=at - reach_of(rule), until=at, most=SAMPLES_AT_MOST)
    polls = sorted(_polls(telemetry, book, rule, setting, device, span), key=lambda poll: poll.at)
    memory, known = DeviceMemory(), Neighbourhood()
    for poll in polls:
        known = note(known, book.asked_of(_class_of(setting, device, poll)), poll)
        if poll.device == device.id:
            memory = judge(book, device, memory, poll, Neighbours(setting=setting, known=known)).memory
    return Explained(
        explanation=explain(book, rule, device, memory, Neighbours(setting=setting, known=known)),
        rule=rule,
        store=setting,
        device=device,
        ticket=ticket,
        since=min((poll.at for poll in polls if poll.device == device.id), default=at),
        episode=episode,
    )


def _polls(
    telemetry: TelemetryStore, book: RuleBook, rule: Rule, setting: Setting, device: Device, span: Span
) -> Iterator[Telemetry]:
    """All points of the device; of its neighbours those that rules ask for, where the rule does."""
    yield from stored_polls(telemetry, setting.id, device, points_of(device), span)
    for other in setting.devices.values() if asks_neighbours(rule) else ():
        points = tuple(sorted(book.asked_of(other.device_class)))
        if points and other.id != device.id:
            yield from stored_polls(telemetry, setting.id, other, points, span)


def _class_of(setting: Setting, device: Device, poll: Telemetry) -> str:
    """Also of a device that the store lists no more."""
    return device.device_class if poll.device == device.id else setting.devices[poll.device].device_class


def _stands(episode: Episode, at: datetime) -> bool:
    return episode.raised_at <= at and (episode.cleared_at is None or at < episode.cleared_at)


def _withheld(connection: Connection, store: str, device: str, rule: str) -> str:
    known = alarms.find(connection, store, device, rule)
    if known is None or not known.active or known.told_at is not None:
        return ""
    entries = alarms.audit(connection, store_id=store, device_id=device, rule=rule, limit=20)
    return next((one.reason for one in entries if one.kind == "raised_withheld" and one.reason), "withheld")


def _find(connection: Connection, book: RuleBook, about: About) -> tuple[Rule, Setting, Device]:
    """Raises CannotExplain."""
    rule = book.by_id.get(about.rule)
    if rule is None:
        raise CannotExplain(_unknown(Text(zh="规则", en="rule"), about.rule, book.by_id))
    store = about.store or _only_store_with(connection, about.device)
    known = inventory.known_devices(connection, [store])
    if about.device not in known[store]:
        kind = Text(zh=f"门店 {store} 的设备", en=f"device of {store}")
        raise CannotExplain(_unknown(kind, about.device, known[store]))
    return rule, inventory.settings(connection, known)[store], known[store][about.device]


def _only_store_with(connection: Connection, device: str) -> str:
    query = select(device_table.c.store).where(device_table.c.id == device).order_by(device_table.c.store)
    stores = [str(row.store) for row in connection.execute(query.limit(3))]
    if len(stores) == 1:
        return stores[0]
    if not stores:
        raise CannotExplain(Text(zh=f"没有设备 {device}", en=f"there is no device {device}"))
    listed = ", ".join(stores)
    raise CannotExplain(
        Text(
            zh=f"多家门店有设备 {device},请用 --store 指明,例如 {listed}",
            en=f"several stores have a {device}: say which with --store, such as {listed}",
        )
    )


def _unknown(kind: Text, name: str, known: Mapping[str, object]) -> Text:
    near = get_close_matches(name, known, n=1, cutoff=0.5) or sorted(known)[:12]
    listed = ", ".join(near)
    return Text(zh=f"没有{kind.zh} {name};有:{listed}", en=f"there is no {kind.en} {name}; there is: {listed}")
