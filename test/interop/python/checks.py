"""Named checks against a server, with their results as lines of JSON."""

import asyncio
import inspect
import json
import os
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

Check = Callable[["Server"], Awaitable[None] | None]

CHECKS: dict[str, Check] = {}


class Server:
    """Where the server under test listens."""

    def __init__(self, http: str, grpc: str) -> None:
        self.http = http
        self.grpc = grpc

    @property
    def host(self) -> str:
        """Host and port of the REST protocols, without scheme."""
        return self.http.removeprefix("http://")


def check(name: str) -> Callable[[Check], Check]:
    """Makes a function a check. The name is read from the file: write it as one string."""

    def register(function: Check) -> Check:
        assert name not in CHECKS, f"two checks are called {name}"
        CHECKS[name] = function
        return function

    return register


def equal(actual: Any, expected: Any) -> None:
    """Fails with both values."""
    assert actual == expected, f"{actual!r} is not {expected!r}"


def raises(kind: type[BaseException], function: Callable[[], Any]) -> Any:
    """The error that a call raises."""
    try:
        result = function()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised; the result is {result!r}")


async def raises_later(kind: type[BaseException], awaitable: Awaitable[Any]) -> Any:
    """The error that an awaitable raises."""
    try:
        result = await awaitable
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised; the result is {result!r}")


def run(check_: Check, server: Server) -> dict[str, Any]:
    try:
        result = check_(server)
        if inspect.isawaitable(result):
            asyncio.run(asyncio.wait_for(as_coroutine(result), 60))
        return {"passed": True}
    except Exception:
        return {"passed": False, "error": traceback.format_exc(limit=4)}


async def as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


def main() -> None:
    # By the environment: the KServe SDK reads the command line itself.
    server = Server(os.environ["SERVER_HTTP"], os.environ["SERVER_GRPC"])
    for name, check_ in CHECKS.items():
        print(json.dumps({"check": name, **run(check_, server)}), flush=True)
