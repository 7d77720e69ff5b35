"""A connection that has become useless is reported lost, once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from edge_agent import broker_link
from edge_agent.broker_link import PahoLink, TryLater
from edge_agent.settings import Broker

WITHIN_S = 0.1


class MuteClient:
    """A broker that takes bytes and confirms what it is told to."""

    def publish(self, _topic: str, _payload: bytes, qos: int) -> SimpleNamespace:  # noqa: ARG002 — paho's shape
        return SimpleNamespace(rc=mqtt.MQTT_ERR_SUCCESS)

    def is_connected(self) -> bool:
        return False

    def disconnect(self) -> None: ...


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_link, "TAKEN_WITHIN_S", WITHIN_S)
    monkeypatch.setattr(PahoLink, "_make_client", lambda *_: MuteClient())


def new_link(losses: list[TryLater]) -> PahoLink:
    broker: Any = Broker(host="office", port=1883, tls=False, username=None, password_file=None)
    return PahoLink(broker, "sw-demo", None, heard=lambda _: None, lost=losses.append)


async def test_a_broker_that_takes_nothing_over_is_left_once() -> None:
    losses: list[TryLater] = []
    link = new_link(losses)
    link.publish("t", b"1")
    link.publish("t", b"2")
    await asyncio.sleep(3 * WITHIN_S)
    link._end("gone")
    assert ["taken nothing over" in str(loss) for loss in losses] == [True]
    await link.close()


async def test_a_broker_that_takes_its_time_is_kept() -> None:
    losses: list[TryLater] = []
    link = new_link(losses)
    for _ in range(6):
        link.publish("t", b"1")
        link.publish("t", b"2")
        await asyncio.sleep(WITHIN_S / 2)
        link._count_taken()
    assert (link.unsent, losses) == (6, [])
    await link.close()


async def test_what_is_closed_is_not_lost() -> None:
    losses: list[TryLater] = []
    link = new_link(losses)
    link.publish("t", b"1")
    await link.close()
    await asyncio.sleep(2 * WITHIN_S)
    assert losses == []
