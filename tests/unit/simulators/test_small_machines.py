"""Screens, price tags, contacts, the UPS, the sensors on the wall and the relays."""

from __future__ import annotations

import pytest

from simulators.plants import appliances, dry_contact, env_sensor, price_tags, relay_board, screen, ups
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.price_tags import PriceTags
from simulators.plants.relay_board import RelayBoard
from simulators.plants.screen import Screen
from simulators.plants.ups import Ups
from tests.unit.simulators.surroundings import AFTERNOON, HOUR, NIGHT, around

SHUT = around(open=False, night=True)
AWAY = around(supply_ok=False)


def test_a_screen_takes_what_its_picture_costs() -> None:
    day, night = screen.step(Screen(), 60.0, AFTERNOON), screen.step(Screen(), 60.0, NIGHT)
    assert 110 < day.power < 140
    assert 80 < night.power < 100
    assert screen.step(Screen(), 60.0, SHUT).power < 5


def test_a_black_screen_is_powered_and_takes_little() -> None:
    said = screen.said(screen.step(Screen(), 60.0, AFTERNOON, {"screen_black": 1.0}))
    assert (said["power"], said["on_status"], said["blackout"]) == (True, False, False)
    assert float(said["p.total"]) < 40


def test_a_screen_is_warmer_than_the_room() -> None:
    shown = screen.step(Screen(temperature=26.0), 4 * HOUR, AFTERNOON)
    assert 40 < shown.temperature < 55
    assert screen.step(shown, 60.0, AWAY).power == 0


def test_some_tags_are_always_out_of_reach() -> None:
    assert 1 <= float(price_tags.said(price_tags.step(PriceTags(), HOUR, AFTERNOON))["tags.offline"]) < 12


def test_a_gateway_that_lost_its_server_loses_its_tags_within_an_hour() -> None:
    tags = price_tags.step(PriceTags(), HOUR, AFTERNOON, {"price_tag_gateway_offline": 1.0})
    said = price_tags.said(tags)
    assert said["link_ok"] is False
    assert float(said["tags.offline"]) > 0.8 * float(said["tags.total"])


def test_batteries_of_tags_are_changed_in_the_end() -> None:
    tags = PriceTags(low=9.999)
    assert price_tags.step(tags, HOUR, AFTERNOON).low < 2


def test_contacts_tell_of_water_rain_breakers_and_deliveries() -> None:
    said = dry_contact.said(dry_contact.step(around(raining=True, stocking=1.0), False, {"water_leak": 1.0}))
    assert [said[point] for point in ("in.water", "in.rain", "in.breaker", "in.door", "in.mains")] == [
        *(True, True, False, True, True)
    ]
    assert dry_contact.said(dry_contact.step(AWAY, True))["in.mains"] is False


def test_a_ups_holds_for_about_forty_minutes_and_then_no_longer() -> None:
    held = ups.step(Ups(), 0.5 * HOUR, AWAY)
    assert ups.said(held)["on_battery"] is True
    assert held.holds
    assert not ups.step(held, 0.3 * HOUR, AWAY).holds
    assert ups.power(held) == 0


def test_a_ups_whose_plug_was_pulled_says_so_with_the_mains_of_the_store_there() -> None:
    said = ups.said(ups.step(Ups(), 60.0, AFTERNOON, {"ups_on_battery": 1.0}))
    assert (said["mains_ok"], said["v.in"]) == (False, 0.0)
    assert 30 < float(said["runtime"]) < 42


def test_a_ups_charges_again_within_some_hours() -> None:
    low = ups.step(Ups(), 0.6 * HOUR, AWAY)
    assert ups.said(low)["alarm.battery_low"] is True
    charging = ups.step(low, 1.0 * HOUR, AFTERNOON)
    assert ups.power(charging) > ups.power(Ups())
    assert ups.step(charging, 5 * HOUR, AFTERNOON).charge == 1.0


def test_a_sensor_follows_the_room_slowly() -> None:
    warm = around(room=30.0)
    soon = env_sensor.step(EnvSensor(temperature=25.0), 60.0, warm)
    assert 25.5 < soon.temperature < 26.5
    assert env_sensor.said(env_sensor.step(soon, HOUR, warm))["temp"] == pytest.approx(30.0, abs=0.1)


def test_a_sensor_outdoors_tells_of_the_street() -> None:
    said = env_sensor.said(env_sensor.step(env_sensor.start("outdoor_climate"), HOUR, AFTERNOON))
    assert said["temp"] == pytest.approx(34.0, abs=0.2)
    assert said["hum"] == pytest.approx(70.0, abs=1.0)
    assert said["lux"] == 60_000


def test_a_relay_that_opens_puts_the_sign_out() -> None:
    board = relay_board.accept(RelayBoard(), "out.relay1", False)
    assert relay_board.power(RelayBoard()) > 0
    assert relay_board.power(board) == 0
    assert relay_board.said(relay_board.accept(board, "out.relay7", True))["out.relay7"] is True


def test_a_board_ignores_what_is_no_relay() -> None:
    assert relay_board.accept(RelayBoard(), "out.relay9", True) == RelayBoard()


def test_appliances_draw_more_at_noon_than_at_night_and_little_when_shut() -> None:
    assert appliances.power(AFTERNOON) > appliances.power(NIGHT) > 2000 > 1000 > appliances.power(SHUT)
