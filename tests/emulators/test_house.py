"""The house serves on a free port, ends in good time whatever hangs, and takes faults over HTTP."""

import asyncio
import time

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from tests.emulators.faults import Fault, Faults, routes
from tests.emulators.house import serving


async def _hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def test_two_houses_serve_side_by_side() -> None:
    app = Starlette(routes=[Route("/", _hello)])
    async with serving(app) as one, serving(app) as other, httpx.AsyncClient(trust_env=False) as client:
        assert one != other
        assert (await client.get(one)).text == (await client.get(other)).text == "hello"


async def test_a_house_closes_soon_though_a_request_and_a_socket_hang() -> None:
    entered = asyncio.Event()

    async def hang(request: Request) -> Response:
        entered.set()
        await asyncio.sleep(60)
        return PlainTextResponse("late")

    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await asyncio.sleep(60)

    app = Starlette(routes=[Route("/", hang), WebSocketRoute("/socket", listen)])
    async with httpx.AsyncClient(trust_env=False) as client:
        async with serving(app) as url:
            request = asyncio.create_task(client.get(url))
            socket = await connect(url.replace("http", "ws") + "/socket", proxy=None)
            assert await socket.recv() == "hello"
            await entered.wait()
            began = time.monotonic()
        assert time.monotonic() - began < 3
        await asyncio.gather(request, return_exceptions=True)
        assert request.exception() is not None or request.result().status_code >= 500
        await socket.close()


def test_faults_strike_in_the_order_in_which_they_were_planned() -> None:
    faults = Faults()
    faults.plan("deepgram", Fault(kind="stall", times=2))
    faults.plan("deepgram", Fault(kind="disconnect"))
    faults.plan("elevenlabs", Fault(kind="refuse", status=401, times=None))
    struck = [fault.kind if (fault := faults.next("deepgram")) else None for _ in range(4)]
    assert struck == ["stall", "stall", "disconnect", None]
    assert [faults.next("elevenlabs") is not None for _ in range(5)] == [True] * 5
    faults.clear("elevenlabs")
    assert faults.next("elevenlabs") is None
    assert (faults.struck("deepgram"), faults.asked("deepgram")) == (3, 4)


async def test_faults_are_planned_and_cleared_over_http() -> None:
    faults = Faults()
    app = Starlette(routes=routes(faults))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        planned = {"service": "openai", "fault": {"kind": "refuse", "status": 429, "retry_after": 2, "times": None}}
        assert (await client.post("/faults", json=planned)).status_code == 204
        assert faults.next("openai") == Fault(kind="refuse", status=429, retry_after=2.0, times=None)
        assert (await client.delete("/faults")).status_code == 204
        assert faults.next("openai") is None
        refused = await client.post("/faults", json={"service": "openai", "fault": {"kind": "gremlin"}})
        assert refused.status_code == 422
        assert "gremlin" in refused.text
