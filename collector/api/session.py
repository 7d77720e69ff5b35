"""Coming in and going out: name and password, one-time links, and the cookie that proves a session."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from collector.api.office import Office, OfficeHere
from collector.api.problems import Problem, documented, unauthorised
from collector.domain.accounts import SESSION_LASTS, Account, hash_password, hash_token, password_matches, retry_after
from collector.domain.tickets import Role
from collector.store import accounts
from edge_agent.contract.text import Text

COOKIE = "sw_session"
CHECK_WITHIN_S = 2.0

router = APIRouter(prefix="/api/v1/session", tags=["session"])
links = APIRouter(tags=["session"])

SessionCookie = Annotated[str | None, Cookie(alias=COOKIE)]

_GONE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>storewarden</title><h1>此登录链接已失效</h1><p>链接只能使用一次,15 分钟内有效。请索取新的链接,或用密码登录。</p>
<h1 lang="en">This login link is no longer valid</h1><p lang="en">A link works once, within 15 minutes. Ask for a
new one, or log in with a password.</p><p><a href="/">storewarden</a></p></html>"""


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class Session(BaseModel):
    """Who is logged in."""

    name: str
    role: Role


def signed_in(office: OfficeHere, token: SessionCookie = None) -> Account:
    """The account behind the request's cookie; the request ends with 401 where there is none."""
    account = account_of(office, token)
    if account is None:
        raise unauthorised()
    return account


def account_of(office: Office, token: str | None) -> Account | None:
    """None where the session has ended, or never was. Raises TryLater."""
    if token is None:
        return None
    with office.database.reading() as connection:
        return accounts.whose_session(connection, hash_token(token), office.wall())


Who = Annotated[Account, Depends(signed_in)]


@router.post(
    "",
    operation_id="logIn",
    summary="Log in with name and password",
    responses=documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
)
def log_in(credentials: Credentials, request: Request, response: Response, office: OfficeHere) -> Session:
    address = request.client.host if request.client else ""
    _refuse_while_locked(office, credentials.name, address)
    with _password_check(office):
        account = _check(office, credentials)
    with office.attempts_lock:
        if account is None:
            office.attempts.fail(credentials.name, address, office.wall())
        else:
            office.attempts.succeed(credentials.name, address)
    if account is None:
        title = Text(zh="用户名或密码不对", en="Wrong name or password")
        raise Problem(HTTPStatus.UNAUTHORIZED, title, Text(zh="请检查后重试", en="check both and try again"))
    _give_cookie(office, response, account.name)
    return Session(name=account.name, role=account.role)


@router.get("", operation_id="whoAmI", summary="Who is logged in", responses=documented(HTTPStatus.UNAUTHORIZED))
def who_am_i(who: Who) -> Session:
    return Session(name=who.name, role=who.role)


@router.delete(
    "",
    operation_id="logOut",
    summary="End this session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.UNAUTHORIZED),
)
def log_out(_who: Who, response: Response, office: OfficeHere, token: SessionCookie = None) -> None:
    with office.database.writing() as connection:
        accounts.end_session(connection, hash_token(token or ""))
    response.delete_cookie(COOKIE, path="/", secure=office.behind_tls, httponly=True, samesite="strict")


@links.get(
    "/login/{token}",
    operation_id="useLoginLink",
    summary="Log in by a one-time link",
    response_class=HTMLResponse,
    responses={303: {"description": "Logged in; go to the page"}, 410: {"description": "Used, or too late"}},
)
def use_link(token: str, office: OfficeHere) -> Response:
    account = _use(office, hash_token(token))
    if account is None:
        return HTMLResponse(_GONE, HTTPStatus.GONE, headers={"Cache-Control": "no-store"})
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
    _give_cookie(office, response, account.name)
    return response


def _use(office: Office, token_hash: str) -> Account | None:
    """Looks before it writes: a stranger who tries links must not hold up the ingest."""
    with office.database.reading() as connection:
        if not accounts.is_link_good(connection, token_hash, office.wall()):
            return None
    with office.database.writing() as connection:
        return accounts.use_link(connection, token_hash, office.wall())


def _refuse_while_locked(office: Office, name: str, address: str) -> None:
    with office.attempts_lock:
        wait = office.attempts.locked_for(name, address, office.wall())
    if wait > timedelta():
        raise _too_many(retry_after(wait))


@contextmanager
def _password_check(office: Office) -> Iterator[None]:
    """Lets only a few at a time: each takes 32 MB and a quarter of a second of a processor."""
    if not office.password_checks.acquire(timeout=CHECK_WITHIN_S):
        raise _too_many(1)
    try:
        yield
    finally:
        office.password_checks.release()


def _too_many(seconds: int) -> Problem:
    title = Text(zh="登录尝试过多", en="Too many attempts")
    detail = Text(zh=f"请在 {seconds} 秒后再试", en=f"try again in {seconds} s")
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, title, detail, {"Retry-After": str(seconds)})


def _check(office: Office, credentials: Credentials) -> Account | None:
    with office.database.reading() as connection:
        found = accounts.find_account(connection, credentials.name)
    if found is None:
        hash_password(credentials.password, b"nobody", office.cost)  # so that the answer's time tells no names
        return None
    account, stored = found
    return account if password_matches(credentials.password, stored) else None


def _give_cookie(office: Office, response: Response, name: str) -> None:
    token = secrets.token_urlsafe(32)
    with office.database.writing() as connection:
        accounts.open_session(connection, name, hash_token(token), office.wall())
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=office.behind_tls,
        httponly=True,
        samesite="strict",
    )
