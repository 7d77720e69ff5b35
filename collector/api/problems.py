"""Errors as RFC 9457 problem documents, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from collector.store.database import TryLater
from edge_agent.contract.text import Text

MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """What every answer of status 400 and above says."""

    type: str
    title: str
    title_zh: str
    status: int
    detail: str
    detail_zh: str


class Problem(HTTPException):
    """A request ends here with this answer: `title` says which kind of trouble it is, `told` what it is this time."""

    def __init__(self, status: HTTPStatus, title: Text, told: Text, headers: Mapping[str, str] | None = None) -> None:
        self.title = title
        self.told = told
        super().__init__(status, told.en, headers)


def unauthorised() -> Problem:
    title = Text(zh="请先登录", en="Log in first")
    detail = Text(zh="没有有效的登录会话", en="there is no valid session")
    return Problem(HTTPStatus.UNAUTHORIZED, title, detail)


def not_found(what: Text) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, Text(zh="没有找到", en="Not found"), what)


def try_later(told: Text) -> Problem:
    title = Text(zh="暂时无法处理，请稍后再试", en="Try again in a moment")
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, title, told, {"Retry-After": "2"})


def answer(problem: Problem) -> Response:
    document = ProblemDocument(
        type="about:blank",
        title=problem.title.en,
        title_zh=problem.title.zh,
        status=problem.status_code,
        detail=problem.told.en,
        detail_zh=problem.told.zh,
    )
    return JSONResponse(document.model_dump(), problem.status_code, problem.headers, MEDIA_TYPE)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a route."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    return {int(status): {"description": status.phrase, "content": {MEDIA_TYPE: schema}} for status in statuses}


def name_in(app: FastAPI) -> None:
    """Adds the shape of problems to the OpenAPI document, which the answers of `documented` refer to."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        document["components"]["schemas"]["ProblemDocument"] = ProblemDocument.model_json_schema()
        return document

    # FastAPI asks for its own method to be replaced.
    app.openapi = openapi  # type: ignore[method-assign]


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(TryLater, _on_try_later)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 — narrows the type that the framework's signature loses
    return answer(error)


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — narrows the type that the framework's signature loses
    status = HTTPStatus(error.status_code)
    title = {404: "没有找到", 405: "不支持这种请求"}.get(status, "请求无法完成")
    detail = Text(zh=title, en=str(error.detail))
    return answer(Problem(status, Text(zh=title, en=status.phrase), detail, error.headers))


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — narrows the type that the framework's signature loses
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    title = Text(zh="请求内容不对", en="The request is not right")
    return answer(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, title, Text(zh=told, en=told)))


async def _on_try_later(_request: Request, _error: Exception) -> Response:
    return answer(try_later(Text(zh="数据库正忙", en="the database is busy")))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    title = Text(zh="服务器内部错误", en="Something went wrong here")
    detail = Text(zh="错误已记入日志", en="the log has the details")
    return answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, title, detail))
