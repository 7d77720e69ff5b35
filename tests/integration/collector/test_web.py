"""What every visitor meets: the page, the documents, health, limits and headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.api.guard import LARGEST_BODY
from collector.api.office import Office, Readiness
from collector.store.database import Database
from tests.integration.collector.bench import Bench
from tests.integration.collector.visitor import Visitor, WallClock, break_freezer, open_office, visiting


@pytest.fixture
def page(office: Office, tmp_path: Path) -> Iterator[Visitor]:
    """A visitor of an office whose page has been built."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>start")
    (dist / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    with visiting(replace(office, page=dist)) as visitor:
        yield visitor


def test_it_shows_the_page_and_asks_for_it_anew_each_time(page: Visitor) -> None:
    for path in ("/", "/tickets/12"):
        answer = page.get(path)
        assert (answer.status_code, answer.text) == (200, "<!doctype html>start")
        assert answer.headers["cache-control"] == "no-cache"


def test_it_lets_a_browser_keep_hashed_files_for_ever(page: Visitor) -> None:
    answer = page.get("/assets/app-1a2b.js")
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/%00.js", "/api/v2"],
)
def test_it_gives_no_file_that_is_not_of_the_page(page: Visitor, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


@pytest.mark.parametrize("path", ["/" + "a" * 5000, "/" + "a/" * 3000 + "a"])
def test_a_path_longer_than_any_file_name_leads_to_the_start(page: Visitor, path: str) -> None:
    assert page.get(path).status_code == page.get("/").status_code == 200


def test_it_says_in_both_languages_that_the_page_has_not_been_built(stranger: Visitor) -> None:
    answer = stranger.get("/")
    assert answer.status_code == 503
    assert "尚未构建" in answer.text
    assert "has not been built" in answer.text


def test_it_protects_the_browser_on_every_answer(page: Visitor) -> None:
    for path in ("/", "/healthz", "/api/v1/tickets", "/login/x", "/nothing.js"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert page.get("/api/v1/tickets").headers["cache-control"] == "no-store"


def test_it_refuses_a_body_of_more_than_a_megabyte(stranger: Visitor) -> None:
    answer = stranger.post("/api/v1/session", content=b" " * (LARGEST_BODY + 1))
    assert answer.status_code == 413
    assert answer.json()["title_zh"]
    assert "content-security-policy" in answer.headers


def test_it_counts_a_body_whose_length_is_not_told(stranger: Visitor) -> None:
    async def endless() -> object:
        for _ in range(20):
            yield b" " * 100_000

    assert stranger.post("/api/v1/session", content=endless()).status_code == 413


def test_it_refuses_a_body_of_another_kind(stranger: Visitor) -> None:
    """A form on another site can send no JSON."""
    told = b'{"name": "li", "password": "x"}'
    answer = stranger.post("/api/v1/session", content=told, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


def test_it_says_that_it_lives_and_whether_it_works(bench: Bench, wall: WallClock, stranger: Visitor) -> None:
    assert stranger.get("/healthz").status_code == 200
    assert stranger.request("HEAD", "/healthz").status_code == 200
    ready = stranger.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, dict.fromkeys(("database", "broker", "ingest", "rules"), True))
    office = open_office(bench, wall)
    with visiting(replace(office, readiness=lambda: Readiness(database=True, broker=False, ingest=True))) as visitor:
        unready = visitor.get("/readyz")
    assert (unready.status_code, unready.json()["broker"]) == (503, False)


def test_it_tells_prometheus_its_figures(bench: Bench, stranger: Visitor) -> None:
    break_freezer(bench)
    text = stranger.get("/metrics").text
    for line in (
        "collector_messages_total 1.0",
        "collector_entries_total 10.0",
        "collector_readings_total 9.0",
        "collector_duplicates_total 0.0",
        "collector_quarantined_total 0.0",
        'collector_queue_messages{lane="live"} 3.0',
        'collector_open_tickets{severity="critical"} 1.0',
        'collector_open_tickets{severity="low"} 0.0',
        "collector_feed_clients 0.0",
        "collector_ingest_seconds_count 1.0",
    ):
        assert line in text


def test_its_api_is_described(stranger: Visitor) -> None:
    document = stranger.get("/openapi.json").json()
    operations = [told for path in document["paths"].values() for told in path.values()]
    assert all(told["tags"] and told["summary"] and told["operationId"] for told in operations)
    schemas = document["components"]["schemas"]
    assert set(schemas["HistoryLine"]["properties"]) >= {"from", "to"}
    assert "ProblemDocument" in schemas
    page = stranger.get("/docs").text
    assert "/api/v1/tickets/{id}/moves" in page
    assert "<script" not in page


def test_it_asks_to_come_back_when_the_database_is_not_to_be_had(bench: Bench, technician: Visitor) -> None:
    bench.database.close()
    bench.path.unlink()
    Path(f"{bench.path}-wal").unlink(missing_ok=True)
    bench.path.mkdir()
    answer = technician.get("/api/v1/tickets")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_it_hides_a_bug_from_visitors(
    technician: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: Database) -> None:
        raise RuntimeError("internal detail")

    monkeypatch.setattr(Database, "reading", broken)
    answer = technician.get("/api/v1/tickets")
    assert answer.status_code == 500
    assert "internal detail" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
