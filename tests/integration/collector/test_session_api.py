"""Who may come in, by which door, and for how long."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.routing import iter_route_contexts

from collector.api.build import build_app
from collector.api.office import Office
from collector.domain.accounts import LINK_LASTS, SESSION_LASTS, hash_token
from collector.store import accounts
from collector.store.account_tables import login_link, session
from tests.integration.collector.bench import Bench
from tests.integration.collector.visitor import PASSWORD, Visitor, WallClock, log_in, visiting


def api_routes(office: Office) -> list[tuple[str, str]]:
    """Every method and path below /api, with something in place of the parameters."""
    return [
        (method, re.sub(r"\{\w+\}", "1", route.path))
        for route in iter_route_contexts(build_app(office).routes)
        if route.path and route.path.startswith("/api/")
        for method in sorted(route.methods or ())
    ]


def test_it_lets_nobody_in_without_a_session(office: Office, stranger: Visitor) -> None:
    routes = api_routes(office)
    assert len(routes) >= 9
    for method, path in routes:
        body = {"name": "li", "password": "wrong"} if (method, path) == ("POST", "/api/v1/session") else None
        answer = stranger.request(method, path, json=body)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title_zh"]


def test_it_lets_nobody_in_with_a_cookie_that_it_did_not_give(stranger: Visitor) -> None:
    stranger.cookies.set("sw_session", "made-up")
    assert stranger.get("/api/v1/tickets").status_code == 401


def test_it_gives_a_cookie_that_scripts_and_other_sites_cannot_use(stranger: Visitor) -> None:
    answer = stranger.post("/api/v1/session", json={"name": "li", "password": PASSWORD})
    assert answer.json() == {"name": "li", "role": "technician"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("sw_session=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_it_stores_no_token_that_would_open_the_door(bench: Bench, technician: Visitor) -> None:
    token = technician.cookies["sw_session"]
    with bench.database.reading() as connection:
        stored = connection.execute(session.select()).one()
    assert stored.token_hash == hash_token(token) != token


def test_it_knows_its_visitor_until_he_leaves(technician: Visitor) -> None:
    assert technician.get("/api/v1/session").json()["name"] == "li"
    token = technician.cookies["sw_session"]
    assert technician.delete("/api/v1/session").status_code == 204
    technician.cookies.set("sw_session", token)
    assert technician.get("/api/v1/session").status_code == 401


def test_it_ends_a_session_by_the_machine_s_own_time(technician: Visitor, wall: WallClock) -> None:
    wall.pass_by(SESSION_LASTS - timedelta(seconds=1))
    assert technician.get("/api/v1/session").status_code == 200
    wall.pass_by(timedelta(seconds=1))
    assert technician.get("/api/v1/session").status_code == 401


def test_it_ends_all_sessions_of_somebody_whose_password_is_changed(bench: Bench, technician: Visitor) -> None:
    with bench.database.writing() as connection:
        found = accounts.find_account(connection, "li")
        assert found
        assert not accounts.write_account(connection, found[0], "scrypt$4$8$1$00$00", bench.clock.now())
    assert technician.get("/api/v1/session").status_code == 401


def test_it_answers_a_wrong_name_like_a_wrong_password(stranger: Visitor) -> None:
    wrong_name = stranger.post("/api/v1/session", json={"name": "nobody", "password": PASSWORD})
    wrong_password = stranger.post("/api/v1/session", json={"name": "li", "password": "x"})
    assert wrong_name.status_code == wrong_password.status_code == 401
    assert wrong_name.json() == wrong_password.json()


def test_it_stops_listening_after_five_failures_for_a_minute(stranger: Visitor, wall: WallClock) -> None:
    wrong = {"name": "li", "password": "wrong"}
    assert [stranger.post("/api/v1/session", json=wrong).status_code for _ in range(6)] == [401] * 5 + [429]
    right = stranger.post("/api/v1/session", json={"name": "li", "password": PASSWORD})
    assert right.status_code == 429
    assert right.headers["retry-after"] == "60"
    wall.pass_by(timedelta(seconds=60))
    log_in(stranger)


@pytest.fixture
def token(bench: Bench, wall: WallClock, office: Office) -> str:
    del office  # only so that the account is there
    with bench.database.writing() as connection:
        accounts.make_link(connection, "li", hash_token("one-time"), wall())
    return "one-time"


def test_it_takes_a_login_link_once(stranger: Visitor, token: str) -> None:
    first = stranger.get(f"/login/{token}")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert stranger.get("/api/v1/session").json()["name"] == "li"
    second = stranger.get(f"/login/{token}")
    assert second.status_code == 410
    assert "登录链接" in second.text
    assert "login link" in second.text
    assert "set-cookie" not in second.headers


def test_it_takes_a_login_link_for_fifteen_minutes(stranger: Visitor, token: str, wall: WallClock) -> None:
    wall.pass_by(LINK_LASTS)
    assert stranger.get(f"/login/{token}").status_code == 410


def test_it_takes_no_login_link_that_it_did_not_make(bench: Bench, stranger: Visitor, token: str) -> None:
    with bench.database.reading() as connection:
        stored = connection.execute(login_link.select()).one().token_hash
    assert stranger.get(f"/login/{stored}").status_code == 410
    assert stranger.get("/login/guess").status_code == 410


def test_it_marks_the_cookie_secure_behind_tls(office: Office) -> None:
    with visiting(replace(office, behind_tls=True)) as client:
        answer = client.post("/api/v1/session", json={"name": "li", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


def test_a_stranger_who_tries_links_takes_no_lock_from_the_ingest(bench: Bench, stranger: Visitor) -> None:
    with bench.database.writing():
        assert stranger.get("/login/made-up").status_code == 410
