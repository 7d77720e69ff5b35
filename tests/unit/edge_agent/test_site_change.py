"""Two sites compared: what is another, and what stays the very same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.text import same
from edge_agent.core.commissioning import Commissioning
from edge_agent.core.profile import Poll
from edge_agent.profiles import load as profiles
from edge_agent.settings import ReportPolicy, SiteDevice, TcpBus
from edge_agent.site.change import asked_alike, compare
from tests.unit.edge_agent.points import CASE_IN_BLOCKS, PERIODS
from tests.unit.edge_agent.sites import BUSES, case, site_of

SITE = site_of(case(1), case(2), case(3, "b"))
MOVED = {"a": BUSES["a"], "b": TcpBus(id="b", host="127.0.0.1", port=1503)}


def test_it_finds_what_came_what_went_and_what_is_another() -> None:
    change = compare(SITE, site_of(case(1), case(2, name=same("Ice cream")), case(4)))
    assert (change.added, change.removed, change.changed) == (("freezer-4",), ("freezer-3",), ("freezer-2",))
    assert change.summary() == "devices=3 added=freezer-4 removed=freezer-3 changed=freezer-2"


def test_the_same_site_changes_nothing() -> None:
    change = compare(SITE, replace(SITE))
    assert change.nothing
    assert not any(change.concerns(bus) for bus in BUSES)


def test_a_device_that_is_as_it_was_is_the_very_same() -> None:
    change = compare(SITE, site_of(case(3, "b"), case(1), case(9)))
    assert change.after.devices[0] is SITE.devices[2]
    assert change.after.devices[1] is SITE.devices[0]


def test_a_line_with_other_settings_is_opened_anew_and_no_other() -> None:
    change = compare(SITE, site_of(*SITE.devices, buses=MOVED))
    assert change.renewed == {"b"}
    assert (change.stays("a"), change.stays("b"), change.stays("c")) == (True, False, False)


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({"devices": (case(1), case(2), case(3, "b", name=same("Ice")))}, {"b"}),
        ({"devices": (case(1), case(2, "b"), case(3, "b"))}, {"a", "b"}),
        ({"poll": PERIODS | {Poll.FAST: timedelta(seconds=5)}}, {"a", "b"}),
        ({"report": ReportPolicy(at_least_every=timedelta(minutes=1))}, {"a", "b"}),
        ({"timezone": "Asia/Urumqi"}, set()),
    ],
)
def test_only_a_bus_with_news_is_concerned(changes: dict[str, Any], concerned: set[str]) -> None:
    change = compare(SITE, replace(SITE, **changes))
    assert {bus for bus in BUSES if change.concerns(bus)} == concerned
    assert not change.nothing


@pytest.mark.parametrize(
    ("changes", "keys"),
    [({"id": "demo-002"}, ("store",)), ({"state": Path("elsewhere")}, ("state",)), ({"name": same("New")}, ())],
)
def test_what_the_outbox_hangs_on_needs_a_restart(changes: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert compare(SITE, replace(SITE, **changes)).restart_for == keys


def test_another_way_to_the_broker_is_noticed() -> None:
    assert compare(SITE, replace(SITE, broker=replace(SITE.broker, port=8883))).broker
    changed = compare(SITE, SITE, password_changed=True)
    assert (changed.broker, changed.nothing) == (True, False)
    assert changed.summary() == "devices=3 broker=renewed"


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (case(1, name=same("Ice cream")), True),
        (case(1, duty="cold_room"), True),
        (case(1, commissioned=Commissioning(by="Li", at=date(2026, 11, 20), profile_version=1, shown=())), True),
        (case(1, unit=9), False),
        (case(1, "b"), False),
        (case(1, profile=CASE_IN_BLOCKS), False),
    ],
)
def test_name_duty_and_commissioning_do_not_matter_to_the_line(other: SiteDevice, alike: bool) -> None:
    assert asked_alike(case(1), other) is alike


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_every_device_is_in_one_place(before: set[int], after: set[int]) -> None:
    change = compare(site_of(*map(case, before)), site_of(*map(case, after)))
    assert {*change.added} == {f"freezer-{number}" for number in after - before}
    assert {*change.removed} == {f"freezer-{number}" for number in before - after}
    assert not change.changed


def test_a_map_that_is_read_again_equals_itself() -> None:
    for profile_id in profiles.shipped_profiles():
        once = profiles.profile.__wrapped__(profile_id)
        assert once == profiles.profile.__wrapped__(profile_id)
