"""A process that was told to stop: from then on it takes nothing new and sends its clients elsewhere."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import Unavailable, VivaError
from server.metrics import CAPACITY

BEGIN = ("POST", "/api/v1/interviews")
RETRY_S = 1


class Draining:
    """Whether it has begun. What it does not hold any more is no capacity."""

    def __init__(self, capacity: int) -> None:
        """`capacity` is how many live interviews this process is built for."""
        self.has_begun = False
        CAPACITY.set(capacity)

    def begin(self) -> None:
        self.has_begun = True
        CAPACITY.set(0)


class Farewell:
    """While it drains, no interview begins here and each answer asks its client for another connection.

    Only connections that were there before are still answered: the listener is closed.
    """

    def __init__(self, app: ASGIApp, draining: Draining, render: Callable[[Request, VivaError], Response]) -> None:
        self.app = app
        self.draining = draining
        self.render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.draining.has_begun:
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if (scope["method"], scope["path"]) == BEGIN:
            refusal = Unavailable(
                "This server is about to stop and begins no more interviews. Send the request again: another takes it.",
                retry_seconds=RETRY_S,
            )
            await self.render(Request(scope), refusal)(scope, receive, answer)
            return
        await self.app(scope, receive, answer)
