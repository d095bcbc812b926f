"""JSON bodies of requests: the large ones are read beside the service, so that no other request waits for them."""

import json
import pickle  # nosec B403
import re
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
from anyio.to_process import current_default_process_limiter
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api import large_json
from api.errors import Overloaded

# Up to this size reading takes less time than starting a process does.
SMALL_BYTES = 1024 * 1024

_READER = (sys.executable, "-S", "-E", "-P", str(Path(large_json.__file__)))


class JsonRoute(APIRoute):
    """A route whose large bodies hold nobody up, and whose path is matched to its very end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as the method that it overrides
        super().__init__(*arguments, **options)
        # Starlette's own pattern passes over a line feed that ends a path, so that "a" would be taken for "a\n".
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z", re.DOTALL)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's own handler, with a request that reads its JSON in another way."""
        handle = super().get_route_handler()

        async def handle_with_json(request: Request) -> Response:
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_with_json


class _JsonRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401 - as the method that it overrides
        body = await self.body()
        if len(body) > SMALL_BYTES:
            return await read_aside(body)
        try:
            return json.loads(body)
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            # It is no UTF-8, or a number has more digits than Python takes.
            raise json.JSONDecodeError(str(error), "", 0) from error


async def read_aside(body: bytes) -> object:
    """Return the JSON of a body, read in a process of its own.

    Raises JSONDecodeError where it is none, RecursionError where it is nested too deeply, HTTPException where it holds
    more values than any request may.
    """
    async with current_default_process_limiter():
        try:
            done = await anyio.run_process(_READER, input=body, stderr=None, check=False)
        except OSError as error:
            raise Overloaded(
                f"A body of this size cannot be read now ({error.strerror}); send it again later."
            ) from error
    if done.returncode:
        raise HTTPException(413, "The body takes more memory than it may; send fewer or smaller documents at a time")
    # It was written by our own reader and holds what JSON can hold.
    found: large_json.Parsed = pickle.loads(done.stdout)  # nosec B301
    value, fault = found
    if fault == large_json.INVALID:
        raise json.JSONDecodeError(str(value), "", 0)
    if fault == large_json.NESTED:
        raise RecursionError(fault)
    if fault == large_json.TOO_MANY:
        raise HTTPException(413, f"The body holds over {large_json.MAX_VALUES:,} values; send fewer at a time")
    return value
