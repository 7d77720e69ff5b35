"""Hot reload: watches the files that a site was built from, and hands a changed and sound one on to be taken over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from configs.documents import Fault, Faulty, read_document
from configs.watched import Prints, Stamps, print_of, prints_of, stamps_of
from edge_agent.contract.text import Text
from edge_agent.profiles import load as profiles
from edge_agent.settings import Site, load_site
from edge_agent.site.change import SiteChange, compare
from edge_agent.watchdog import Notifier

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
FRESH_S = 10.0
"""A file this young when the agent starts may have changed after it was read."""


class Reload:
    """`take` swaps a change in and raises before it has touched anything live, or not at all.

    `wall` and `steady` are the machine's clocks in seconds.
    """

    def __init__(
        self,
        file: Path,
        site: Site,
        take: Callable[[SiteChange], Awaitable[None]],
        notifier: Notifier,
        *,
        wall: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._file = file
        self._site = site
        self._take = take
        self._notifier = notifier
        self._wall = wall
        self._steady = steady
        self._asked = asyncio.Event()
        self._seen: Stamps = {}
        self._read: Stamps = {}
        self._prints: Prints = {}
        self._password: bytes | None = None
        self._named: frozenset[Path] = frozenset()
        self.refusal = ""

    def ask(self) -> None:
        """Look now, and say how the files are, also when they are as they were."""
        self._asked.set()

    async def run(self) -> None:
        await self._remember()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):  # wait_for may swallow a cancellation that comes with the ask
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self._look(asked=asked)
            except Exception:
                # Whatever it was, the store is watched on, and the next version of the files may do.
                log.exception("settings cannot be taken over, restart the agent to use them")
                self._say_refused("settings could not be taken over, see the journal")

    async def _remember(self) -> None:
        """How the files stood when the site in force was read from them, a moment ago."""
        self._password = await asyncio.to_thread(print_of, self._site.broker.password_file)
        stamps = await asyncio.to_thread(self._stamps)
        if not any(stamp and stamp[0] > (self._wall() - FRESH_S) * 1e9 for stamp in stamps.values()):
            self._read, self._prints = stamps, await asyncio.to_thread(prints_of, stamps)

    async def _look(self, *, asked: bool) -> None:
        """A file that is still being written is left alone: half of it may well be sound."""
        stamps = await asyncio.to_thread(self._stamps)
        settled, self._seen = stamps == self._seen, stamps
        if not asked and (not settled or stamps == self._read):
            return
        prints = await asyncio.to_thread(prints_of, stamps)
        self._read = stamps
        if asked or prints != self._prints:
            self._prints = prints
            self._notifier.reloading(self._steady())
            try:
                await self._take_over(stamps)
            finally:
                self._notifier.ready()

    async def _take_over(self, stamps: Stamps) -> None:
        try:
            change, password = await asyncio.to_thread(self._read_change)
        except Faulty as faulty:
            self._refuse(faulty)
            return
        if await asyncio.to_thread(self._stamps) != stamps:
            self._prints = {}  # somebody writes at this very moment; the next look reads all of it
            return
        self._named, self.refusal = frozenset(), ""
        if change.nothing:
            log.info("settings read again, nothing to change file=%s", self._file)
            return
        await self._take(change)
        self._site, self._password = change.after, password
        log.info("settings taken over file=%s %s", self._file, change.summary())
        self._notifier.status(f"settings taken over: {change.summary()}")

    def _read_change(self) -> tuple[SiteChange, bytes | None]:
        """The change, and the digest of its broker's password. Raises Faulty. Takes a second on a small machine."""
        profiles.profile.cache_clear()
        profiles.shipped_profiles.cache_clear()
        site = load_site(self._file)
        password = print_of(site.broker.password_file)
        change = compare(self._site, site, password_changed=password != self._password)
        faults = [*(_password_faults(site, password) if change.broker else ()), *self._restart_faults(change)]
        if faults:
            raise Faulty(faults)
        return change, password

    def _restart_faults(self, change: SiteChange) -> Iterable[Fault]:
        for key in change.restart_for:
            what = Text(zh=f"运行中不能更改 {key}", en=f"{key} cannot be changed while the agent runs")
            fix = Text(zh="请改回,或重启代理", en="change it back, or restart the agent")
            yield read_document(self._file).fault((key,), what, fix)

    def _refuse(self, faulty: Faulty) -> None:
        self._named = frozenset(Path(fault.file) for fault in faulty.faults)
        for fault in faulty.faults:
            log.error("settings refused, those before go on fault=%s", fault.sentence("en"))
        self._say_refused(f"settings refused, {len(faulty.faults)} faults in the journal, those before go on")

    def _say_refused(self, refusal: str) -> None:
        self.refusal = refusal
        self._notifier.status(refusal)

    def _stamps(self) -> Stamps:
        """Of all profiles, not only of those in use: one that is named by a refused site file may come any time."""
        secret = self._site.broker.password_file
        own = self._site.profiles.rglob("*.yaml") if self._site.profiles else ()
        files = {self._file, *profiles.FOLDER.glob("*/*.yaml"), *own, *self._named, *([secret] if secret else [])}
        return stamps_of(files)


def _password_faults(site: Site, password: bytes | None) -> Iterable[Fault]:
    """Where it could not be read before either, a reload makes nothing worse."""
    if site.broker.password_file is not None and password is None:
        what = Text(zh="密码文件无法读取", en="the broker's password cannot be read")
        fix = Text(zh="请检查路径和权限", en="check the path and its permissions")
        yield Fault(file=str(site.broker.password_file), line=1, what=what, fix=fix)
