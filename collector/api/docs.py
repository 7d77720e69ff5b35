"""The API described for people: one page made of the OpenAPI document, without scripts and without other servers."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} API</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}}
h2{{border-bottom:1px solid #ccd;margin-top:2.5rem}}h3{{margin-bottom:0;font-size:1rem}}
code,pre{{font-family:ui-monospace,monospace;font-size:.9em}}table{{border-collapse:collapse}}
td{{border-top:1px solid #dde;padding:.2rem .8rem .2rem 0;vertical-align:top}}b.m{{color:#0a5}}
</style><h1>{title} <small>{version}</small></h1><p>{description}</p>
<p>OpenAPI: <a href="/openapi.json">/openapi.json</a></p>{body}</html>"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def show_docs(request: Request) -> HTMLResponse:
    return HTMLResponse(describe(request.app.openapi()), headers={"Content-Security-Policy": _POLICY})


def describe(openapi: dict[str, Any]) -> str:
    info = openapi["info"]
    operations = "".join(
        _operation(path, method, told) for path, methods in openapi["paths"].items() for method, told in methods.items()
    )
    schemas = "".join(_schema(name, told) for name, told in openapi["components"]["schemas"].items())
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=escape(info.get("description", "")),
        body=f"<h2>Operations</h2>{operations}<h2>Shapes</h2>{schemas}",
    )


def _operation(path: str, method: str, told: dict[str, Any]) -> str:
    rows = [
        _row(one["name"], one["in"], _type(one["schema"]), one.get("description", ""))
        for one in told.get("parameters", [])
    ]
    if "requestBody" in told:
        rows.append(_row("", "body", _content(told["requestBody"]), ""))
    rows += [_row(status, "answer", _content(one), one["description"]) for status, one in told["responses"].items()]
    head = f'<h3><b class="m">{method.upper()}</b> <code>{escape(path)}</code></h3>'
    return (
        f"{head}<div>{escape(told.get('description') or told.get('summary', ''))}</div><table>{''.join(rows)}</table>"
    )


def _schema(name: str, told: dict[str, Any]) -> str:
    rows = [
        _row(field, "", _type(one), one.get("description", "")) for field, one in told.get("properties", {}).items()
    ]
    about = escape(told.get("description", ""))
    return f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><div>{about}</div><table>{"".join(rows)}</table>'


def _row(name: str, place: str, type_: str, description: str) -> str:
    """`type_` is HTML already."""
    told = f"<td><code>{escape(name)}</code></td><td>{escape(place)}</td><td>{type_}</td><td>{escape(description)}</td>"
    return f"<tr>{told}</tr>"


def _content(told: dict[str, Any]) -> str:
    return ", ".join(_type(one.get("schema", {})) for one in told.get("content", {}).values())


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(escape(str(one)) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return escape(str(schema.get("format") or schema.get("type") or ""))
