"""What openapi.json says of keys: it is derived from the rule by which they are checked, so that it cannot differ."""

from typing import Any

from fastapi import FastAPI

from api.access import needed_scope
from api.chat_completions import speaks_openai
from api.keys import Scope

_METHODS = frozenset({"get", "put", "post", "delete"})
_SCHEME = {"type": "http", "scheme": "bearer", "description": "A key of this service, where it has any."}
_REFUSALS = {
    "401": "A key is needed.",
    "403": "The key does not open this, or the web page that asks may not.",
    "429": "Too many requests; Retry-After says when to ask again.",
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_KEY_SENT = {"WWW-Authenticate": {"description": "How to send a key.", "required": True, "schema": {"type": "string"}}}
# What a refusal says beside its body, by its status.
_HEADERS = {"401": _KEY_SENT, "429": _RETRY_AFTER, "503": _RETRY_AFTER}


def describe_access(app: FastAPI, *, with_keys: bool) -> None:
    """Have the description of an app say which operations take a key, and how one that is not let in is refused."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        document["components"].setdefault("securitySchemes", {})["key"] = _SCHEME
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method in _METHODS:
                    _describe(operation, path, needed_scope(method.upper(), path), with_keys=with_keys)
                    for status in operation["responses"].keys() & _HEADERS.keys():
                        operation["responses"][status]["headers"] = _HEADERS[status]
        return document

    app.openapi = described  # type: ignore[method-assign]


def _describe(operation: dict[str, Any], path: str, needed: Scope | None, *, with_keys: bool) -> None:
    if needed is None:
        return
    operation["security"] = [{"key": []}] if with_keys else [{"key": []}, {}]
    kind = "OpenAIErrorResponse" if speaks_openai(path) else "ErrorResponse"
    schema = {"$ref": f"#/components/schemas/{kind}"}
    for status, said in _REFUSALS.items():
        refusal = {"description": said, "content": {"application/json": {"schema": schema}}}
        operation["responses"].setdefault(status, refusal)
