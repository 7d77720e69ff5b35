"""What a changed site file means for what runs: which devices and buses are others, and which stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.settings import Site, SiteDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChange:
    """From `before` to `after`, in ids. `renewed` buses are in both with other settings: their lines are opened anew.

    `broker`: the way to the broker is another. Devices that are in neither tuple are the very same objects in both.
    """

    before: Site
    after: Site
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    renewed: frozenset[str]
    broker: bool

    @property
    def nothing(self) -> bool:
        return self.before == self.after and not self.broker

    @property
    def restart_for(self) -> tuple[str, ...]:
        """The keys of the site file that an agent cannot change while it runs: its outbox hangs on them."""
        was, wanted = self.before, self.after
        keys = {"store": was.id != wanted.id, "state": was.state.absolute() != wanted.state.absolute()}
        return tuple(key for key, is_other in keys.items() if is_other)

    def stays(self, bus: str) -> bool:
        """Whether the line of that bus may remain open."""
        return bus in self.before.buses and bus in self.after.buses and bus not in self.renewed

    def concerns(self, bus: str) -> bool:
        """Whether the poller of a bus that stays has anything to learn."""
        rhythm = (self.before.poll, self.before.report) != (self.after.poll, self.after.report)
        return rhythm or self.before.devices_on(bus) != self.after.devices_on(bus)

    def summary(self) -> str:
        """One line for the journal and for `systemctl status`."""
        lists = {
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "buses_renewed": tuple(sorted(self.renewed)),
        }
        words = [f"{name}={','.join(ids)}" for name, ids in lists.items() if ids]
        return " ".join([f"devices={len(self.after.devices)}", *words, *(["broker=renewed"] if self.broker else [])])


def compare(before: Site, after: Site, *, password_changed: bool = False) -> SiteChange:
    """`password_changed`: the broker's password file has another content, which the sites do not show."""
    old = {device.id: device for device in before.devices}
    new = {device.id: device for device in after.devices}
    return SiteChange(
        before=before,
        after=replace(after, devices=tuple(_the_same(old.get(device.id), device) for device in after.devices)),
        added=tuple(id_ for id_ in new if id_ not in old),
        removed=tuple(id_ for id_ in old if id_ not in new),
        changed=tuple(id_ for id_, device in new.items() if id_ in old and old[id_] != device),
        renewed=frozenset(id_ for id_, bus in after.buses.items() if before.buses.get(id_, bus) != bus),
        broker=password_changed or before.broker != after.broker,
    )


def asked_alike(one: SiteDevice, other: SiteDevice) -> bool:
    """Whether what is known of the one holds for the other: what matters to people and rules does not to the line."""
    about = ("name", "duty", "commissioned", "fed_by", "product_class")
    return replace(one, **{key: getattr(other, key) for key in about}) == other


def _the_same(was: SiteDevice | None, device: SiteDevice) -> SiteDevice:
    """The object that is in use where it says the same, so that no map is kept twice."""
    return was if was is not None and was == device else device
