"""A store while a transaction judges it: what is remembered of it as a whole, and the desk that its changes come to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from collector.desk import Desk
from collector.domain.episodes import episode_of
from collector.domain.line_faults import GATEWAY
from collector.domain.store_memory import StoreMemory, overlook
from collector.faults import OWN_FAULTS, fault_of
from collector.foresight import Ruling
from collector.present import untold
from collector.referee import Referee
from collector.store import cases, episodes, lines, store_memories
from collector.store.at_hand import Premises
from edge_agent.contract.readings import Device
from edge_agent.contract.text import same
from rules.book import RuleBook
from rules.kinship import Kinship
from rules.memory import DeviceMemory
from rules.model import Change
from rules.neighbours import Neighbours, Setting


class Floor:
    """`memory` is that of the live segment; `unwritten` where it is not what stands in the database."""

    def __init__(
        self,
        connection: Connection,
        book: RuleBook,
        referee: Referee,
        devices: Mapping[str, Device],
        setting: Setting,
        memory: StoreMemory,
        desk: Desk,
    ) -> None:
        self._connection, self._book, self._referee = connection, book, referee
        self._devices, self.setting = devices, setting
        self.memory = self._stored = memory
        self.desk = desk
        self._review_by = None if memory.at is None else desk.review_by(memory.at)

    @property
    def events(self) -> int:
        return self.desk.events

    @property
    def unwritten(self) -> bool:
        return self.memory is not self._stored

    def written(self) -> None:
        self._stored = self.memory

    def neighbours(self, around: StoreMemory) -> Neighbours:
        """As a segment knows them that remembers `around`."""
        return Neighbours(setting=self.setting, known=around.known)

    def follow(self, ruling: Ruling, at: datetime, *, told: bool) -> None:
        """The time of the store goes on to `at`, and with it what has outlived its cause."""
        self.memory = ruling.passed
        if self._review_by is not None and at >= self._review_by:
            self.review(told=told)
        self.memory = ruling.after
        if ruling.judgement is not None:
            self.note(ruling.judgement.changes, told=told)
        if ruling.begins_minute:
            self._overlook(told=told)

    def review(self, *, told: bool) -> None:
        if told and self.memory.at is not None:
            self.desk.review(self.memory.at)
            self._review_by = self.desk.review_by(self.memory.at)

    def _overlook(self, *, told: bool) -> None:
        """Is a bus dead, or the store without power?"""
        overview = overlook(self.memory, self.setting.devices, self._book.store_causes)
        self.memory = self.memory.share(overview.memory)
        self.note(overview.changes, told=told)

    def note(self, changes: Iterable[Change], *, told: bool) -> None:
        """Into the episodes, and to the technicians where they are `told`."""
        for change in changes:
            if told:
                self.tell(change)
            else:
                self._write_down(change, None)

    def tell(self, change: Change, *, closing: bool = True) -> None:
        """`closing`: an end is written into the episode too."""
        self._list_gateway(change)
        ticket = self.desk.tell(change, self.memory.at)
        if self.memory.at is not None:
            self._review_by = self.desk.review_by(self.memory.at)
        if (change.kind == "raised" or closing) and change.rule not in OWN_FAULTS:
            self._write_down(change, ticket, past=False)

    def tell_what_stands(self) -> None:
        store, devices = self.setting.id, self._devices
        for change in list(untold(self._connection, self._book, self._restate, store, devices, self.memory)):
            self.tell(change)
        self.review(told=True)

    def _restate(self, device: Device, memory: DeviceMemory, rules: Collection[str]) -> tuple[Change, ...]:
        return self._referee.restate(device, memory, rules, self.neighbours(self.memory))

    def _write_down(self, change: Change, ticket: int | None, *, past: bool = True) -> None:
        """What is only held back is known now, and no news of the past."""
        self._list_gateway(change)
        store = self.setting.id
        if change.kind == "raised":
            episode = episode_of(change, fault_of(self._book, change.rule).title, ticket)
            known = episode if past else replace(episode, past=False)
            episodes.open_one(self._connection, store, change.device, known)
        else:
            episodes.close(self._connection, store, change.device, change.rule, change.since, change.at)

    def _list_gateway(self, change: Change) -> None:
        """A store that is without power is told of as its gateway, which no inventory names."""
        if change.device == GATEWAY.id and GATEWAY.id not in self._devices:
            lines.list_own(self._connection, self.setting.id, GATEWAY, same(self.setting.id))
            self._devices = {**self._devices, GATEWAY.id: GATEWAY}


def open_floors(
    connection: Connection,
    premises: Mapping[str, Premises],
    book: RuleBook,
    kinship: Kinship,
    referee: Referee,
    now: datetime,
) -> dict[str, Floor]:
    """Two questions to the database, however many they are."""
    known = store_memories.recall(connection, [store for store, here in premises.items() if here.around is None])
    standing = cases.open_tickets(connection, premises)
    floors: dict[str, Floor] = {}
    for store, here in premises.items():
        desk = Desk(connection, store, book, kinship, now, here.devices, standing[store])
        memory = known[store] if here.around is None else here.around
        floors[store] = Floor(connection, book, referee, here.devices, here.setting, memory, desk)
    return floors
