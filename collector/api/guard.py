"""What every request and answer passes: a limit to what is sent to us, and the headers that protect a browser."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.api.problems import Problem, answer
from edge_agent.contract.text import Text

LARGEST_BODY = 1_000_000

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _protect(MutableHeaders(scope=message), scope["path"])
            await send(message)

        try:
            _refuse_large(Headers(scope=scope).get("content-length"))
            await self._app(scope, _counting(receive), send_guarded)
        except Problem as problem:
            if started:
                raise
            await answer(problem)(scope, receive, send_guarded)


def _protect(headers: MutableHeaders, path: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")


def _refuse_large(length: str | None) -> None:
    if length is not None and (not length.isdecimal() or int(length) > LARGEST_BODY):
        raise _too_large()


def _counting(receive: Receive) -> Receive:
    """A body without a length is counted as it comes."""
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise _too_large()
        return message

    return receive_counted


def _too_large() -> Problem:
    title = Text(zh="请求内容过大", en="The request is too large")
    told = Text(zh="最多 1 MB", en="1 MB at most")
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, title, told)
