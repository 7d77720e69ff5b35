"""The web page: files that were built with the package; unknown paths lead to its start."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response

from collector.api.office import OfficeHere
from collector.api.problems import not_found
from edge_agent.contract.text import Text

FOR_EVER = "public, max-age=31536000, immutable"
ASK_EVERY_TIME = "no-cache"

_NOT_BUILT = """网页尚未构建:请用 make demo 或安装软件包来构建。接口文档在 /docs。
The page has not been built: make demo, or an installation of the package, builds it. The API is described at /docs.
"""

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
def show_page(path: str, office: OfficeHere) -> Response:
    start = office.page / "index.html"
    if path.startswith("api/"):
        raise not_found(Text(zh=f"没有接口 /{path}", en=f"there is no /{path}"))
    if not start.is_file():
        return PlainTextResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
    file = _file(office.page, path)
    if file is None and "." in path.rsplit("/", 1)[-1]:
        raise not_found(Text(zh=f"没有文件 /{path}", en=f"there is no file /{path}"))
    hashed = file is not None and path.startswith("assets/")
    return FileResponse(file or start, headers={"Cache-Control": FOR_EVER if hashed else ASK_EVERY_TIME})


def _file(folder: Path, path: str) -> Path | None:
    """The file of that path, provided that it lies within the folder."""
    if "\0" in path:
        return None
    file = (folder / path).resolve()
    try:
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except OSError:  # a name longer than any file may have
        return None
