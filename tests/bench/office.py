"""A head office that only counts: it hears every message on the broker, and acknowledges our batches.

`python -m tests.bench.office --port P --username U`, the password as first line of stdin. The word `begin` on stdin
forgets the counts, `take` tells them as JSON, and end of file ends it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract.codec import encode_ack, split_batch
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import ack_topic, parse_topic
from tests.bench.child import Child, say

_TB_QUESTION, _TB_ANSWER = "v1/devices/me/rpc/request/", "v1/devices/me/rpc/response/"
_TB_NO_LIMITS = json.dumps({"maxPayloadSize": 65536, "maxInflightMessages": 1000, "rateLimits": {}})
"""thingsboard-gateway sends nothing before its server has told it the limits of the session."""


class Counting:
    """`messages` and `bytes` of anybody; `entries` are the rows of our outbox, each counted once."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self._upto: dict[str, int] = {}
        self._beyond: dict[str, set[int]] = {}
        self.begin()
        client.on_connect = self._on_connect
        client.on_message = self._on_message

    def begin(self) -> None:
        self._counts = {"messages": 0, "bytes": 0, "entries": 0}

    def take(self) -> dict[str, int]:
        return dict(self._counts)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe("#", qos=0)
        say("ready")

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/down/ack") or message.topic.startswith(_TB_ANSWER):
            return
        if message.topic.startswith(_TB_QUESTION):
            self._client.publish(_TB_ANSWER + message.topic.removeprefix(_TB_QUESTION), _TB_NO_LIMITS, qos=1)
            return
        self._counts["messages"] += 1
        self._counts["bytes"] += len(message.payload)
        if message.topic.endswith("/up/batch"):
            self._acknowledge(message)

    def _acknowledge(self, message: mqtt.MQTTMessage) -> None:
        stream, entries = split_batch(bytes(message.payload))
        upto, beyond = self._upto.get(stream, 0), self._beyond.setdefault(stream, set())
        fresh = {seq for seq, _ in entries if seq > upto} - beyond
        self._counts["entries"] += len(fresh)
        beyond |= fresh
        while upto + 1 in beyond:
            upto += 1
            beyond.discard(upto)
        self._upto[stream] = upto
        ack = Ack(stream=stream, upto=upto, ranges=tuple((seq, seq) for seq, _ in entries if seq > upto))
        self._client.publish(ack_topic(parse_topic(message.topic).store), encode_ack(ack), qos=1)


class Office(Child):
    """The process, from outside."""

    def __init__(self, port: int, username: str, password: str) -> None:
        super().__init__("tests.bench.office", "--port", str(port), "--username", username)
        self.tell(password)
        self.heard()

    def take(self) -> dict[str, int]:
        self.tell("take")
        counts: dict[str, int] = self.heard()
        return counts


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.office")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--username", required=True)
    arguments = parser.parse_args(argv)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-office")
    client.username_pw_set(arguments.username, sys.stdin.readline().strip())
    counting = Counting(client)
    client.connect("127.0.0.1", arguments.port)
    client.loop_start()
    for line in sys.stdin:
        if line.strip() == "begin":
            counting.begin()
        else:
            say(counting.take())
    client.disconnect()
    client.loop_stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
