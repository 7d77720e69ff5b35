"""What InfluxDB 2 is sent and how its answers are read, by the documents of its API: no such server runs here.

`http.server` stands in for it: it records requests and gives answers as the documents show them (annotated CSV).
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collector.store.database import TryLater
from collector.telemetry.base import Sample, Span
from collector.telemetry.influx import InfluxServer
from collector.telemetry.remote import Unacceptable
from collector.telemetry.rollup import Bucket
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality
from tests.integration.collector.telemetry.kept import MORNING

SPAN = Span(since=MORNING, until=MORNING + timedelta(hours=24), most=100)
HEAD = """#datatype,string,long,dateTime:RFC3339,string,double,string,string
#group,false,false,false,false,false,true,false
#default,_result,,,,,,
,result,table,_time,_field,_value,point,word
"""
READ = (
    HEAD
    + """,,0,2026-07-15T02:01:00Z,value,-19.5,temp,
,,0,2026-07-15T02:00:30.25Z,quality,4,temp,
,,0,2026-07-15T02:00:00Z,value,-20,temp,
,,1,2026-07-15T02:00:00Z,word,1,mode,cooling
"""
)


def window(result: str, kind: str, value: str, point: str = "temp", word: str = "") -> str:
    head = HEAD.replace("_result", result).replace(",double,", f",{kind},")
    return head + f",,0,2026-07-15T02:00:00Z,,{value},{point},{word}\n\n"


CHART = "".join(
    [
        window("low", "double", "-20"),
        window("high", "double", "-19.5"),
        window("mean", "double", "-19.75"),
        window("numbers", "long", "2"),
        window("worst", "double", "4"),
        window("bad", "long", "1"),
        window("word", "double", "1", "mode", "cooling"),
        window("words", "long", "3", "mode"),
    ]
)


@dataclass
class Influx:
    """`answers` with the same to every request; `asked` are the requests: path, query, headers, body."""

    status: int = 204
    body: str = ""
    asked: list[tuple[str, dict[str, list[str]], dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def question(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.asked[-1][3])
        return found


@pytest.fixture
def influx() -> Iterator[Influx]:
    influx = Influx()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            parts = urlsplit(self.path)
            influx.asked.append((parts.path, parse_qs(parts.query), dict(self.headers), body))
            content = influx.body.replace("\n", "\r\n").encode()
            self.send_response(influx.status)
            self.send_header("Content-Type", "text/csv" if influx.status == 200 else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_said: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        influx.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield influx
        server.shutdown()
        thread.join()


@pytest.fixture
def server(influx: Influx) -> Iterator[InfluxServer]:
    server = InfluxServer(influx.url, "chain", "readings", "secret")
    yield server
    server.close()


def test_it_posts_lines_with_milliseconds_to_the_bucket(influx: Influx, server: InfluxServer) -> None:
    server.write(b"reading,point=a value=1.0 1\nreading,point=b value=2.0 2")
    ((path, query, headers, body),) = influx.asked
    assert path == "/api/v2/write"
    assert query == {"org": ["chain"], "bucket": ["readings"], "precision": ["ms"]}
    assert headers["Authorization"] == "Token secret"
    assert body == b"reading,point=a value=1.0 1\nreading,point=b value=2.0 2"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_wrong_with_the_lines_is_told_apart(influx: Influx, server: InfluxServer, status: int) -> None:
    influx.status, influx.body = status, '{"code": "invalid", "message": "field type conflict"}'
    with pytest.raises(Unacceptable, match=f"{status}.*field type conflict"):
        server.write(b"reading value=1.0 1")
    assert len(influx.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_is_wrong_with_the_server_is_tried_again(influx: Influx, server: InfluxServer, status: int) -> None:
    influx.status, influx.body = status, '{"code": "unavailable", "message": "later"}'
    with pytest.raises(TryLater, match=str(status)):
        server.write(b"reading value=1.0 1")
    assert len(influx.asked) == 1


def test_a_server_that_is_not_there_is_tried_again() -> None:
    nobody = InfluxServer("http://127.0.0.1:9", "o", "b", "t")
    with pytest.raises(TryLater, match="cannot be reached"):
        nobody.write(b"reading value=1.0 1")
    with pytest.raises(TryLater, match="cannot be reached"):
        nobody.read("shop-1", "freezer-1", ["temp"], SPAN)
    nobody.close()


def test_it_reads_numbers_words_and_qualities_in_the_order_of_time(influx: Influx, server: InfluxServer) -> None:
    influx.status, influx.body = 200, READ
    start = to_ms(MORNING)
    assert server.read("shop-1", "freezer-1", ["temp", "mode", "other"], SPAN) == {
        "temp": [
            Sample(at_ms=start, value=-20.0, quality=Quality.GOOD),
            Sample(at_ms=start + 30_250, value=None, quality=Quality.PROBE_FAULT),
            Sample(at_ms=start + 60_000, value=-19.5, quality=Quality.GOOD),
        ],
        "mode": [Sample(at_ms=start, value="cooling", quality=Quality.GOOD)],
        "other": [],
    }


def test_names_are_no_part_of_the_query(influx: Influx, server: InfluxServer) -> None:
    influx.status, influx.body = 200, READ
    evil = '" or true) |> drop() //${x}'
    server.read("shop-1", "freezer-1", ["temp", "mode", evil], SPAN)
    question = influx.question()
    assert evil not in question["query"]
    assert "r.point == point0 or r.point == point1 or r.point == point2" in question["query"]
    told = {one["assignment"]["id"]["name"]: one["assignment"]["init"]["value"] for one in question["extern"]["body"]}
    assert (
        told | {"store": "shop-1", "device": "freezer-1", "point2": evil, "bucket": "readings", "most": "100"} == told
    )
    assert (told["since"], told["until"]) == ("2026-07-15T02:00:00.000000000Z", "2026-07-16T02:00:00.001000000Z")


def test_it_makes_buckets_of_what_the_server_counted(influx: Influx, server: InfluxServer) -> None:
    influx.status, influx.body = 200, CHART
    told = server.chart("shop-1", "freezer-1", ["temp", "mode"], SPAN, timedelta(minutes=5))
    assert told == {
        "temp": [Bucket(to_ms(MORNING), 3, Quality.PROBE_FAULT, -20.0, -19.5, -19.75)],
        "mode": [Bucket(to_ms(MORNING), 3, Quality.GOOD, word="cooling")],
    }
    query = influx.question()["query"]
    assert query.count("aggregateWindow(every: every") == 8
    assert query.count('timeSrc: "_start"') == 8
