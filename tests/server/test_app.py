import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server import logging as logs
from server.app import create_app
from server.principal import is_loopback, principal
from server.services import Services
from server.settings import Settings
from storage.database import Database
from tests.conftest import Person
from tests.server.serving import HERE, application, client_of, make_services

PLANS = "/api/v1/plans"
INTERVIEWS = "/api/v1/interviews"
WISH = {"plan": "behavioural", "language": "en"}
LIMIT = 4_096


@pytest.fixture
async def served(database: Database, tenant: Person, tmp_path: Path) -> Services:
    return await make_services(database, tenant, tmp_path, settings=Settings(home=tmp_path, max_body_bytes=LIMIT))


@pytest.fixture
async def client(served: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(served)) as client:
        yield client


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What is logged meanwhile, as the server writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = StringIO()
    logs.configure(Settings(), written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def ours(lines: StringIO) -> list[dict[str, Any]]:
    """What was logged but for the lines of the test's own client, which writes the addresses it calls."""
    logged: list[dict[str, Any]] = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [line for line in logged if line["logger"] != "httpx"]


async def boom(_request: Request) -> Response:
    message = "Maria's phone is 555 0100"
    raise RuntimeError(message)


async def half(_request: Request) -> Response:
    async def words() -> AsyncIterator[bytes]:
        yield b"half of it"
        raise RuntimeError

    return StreamingResponse(words())


# --- who is asking ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "localhost:9000", "[::1]:8000", "127.8.9.1", "viva.localhost:8000"]
)
async def test_a_request_to_this_machine_by_any_of_its_own_names_is_heard(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get(PLANS, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "127.0.0.1@evil.example",
        "evil.example#localhost",
        "localhost, evil.example",
        "10.0.0.1:8000",
        "0.0.0.0:8000",
        "localhost:port",
        "[::1",
        "",
    ],
)
async def test_a_request_under_a_foreign_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    for path in (PLANS, INTERVIEWS, "/api/v1/me"):
        answer = await client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_host")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:3000",
        "http://localhost:8000",
        "https://127.0.0.1",
        "null",
        "",
        "file://",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:port",
    ],
)
async def test_what_another_sites_page_sends_is_not_carried_out(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post(INTERVIEWS, json=WISH, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert (await client.get(INTERVIEWS)).json()["interviews"] == []


async def test_our_own_pages_and_programs_without_an_origin_may_act(client: httpx.AsyncClient) -> None:
    assert (await client.post(INTERVIEWS, json=WISH, headers={"Origin": HERE})).status_code == 201
    assert (await client.post(INTERVIEWS, json=WISH)).status_code == 201


async def test_reading_takes_no_origin_into_account(client: httpx.AsyncClient) -> None:
    assert (await client.get(PLANS, headers={"Origin": "https://evil.example"})).status_code == 200


async def test_a_public_address_is_answered_to_and_its_pages_may_act(served: Services) -> None:
    settings = Settings(home=served.settings.home, host="0.0.0.0", public_url="https://viva.example.org")  # noqa: S104
    async with client_of(application(replace(served, settings=settings))) as client:
        host = {"Host": "viva.example.org"}
        for origin, status in (
            ("https://viva.example.org", 201),
            ("https://viva.example.org:443", 201),
            ("http://viva.example.org", 403),
            ("https://viva.example.org:8443", 403),
            ("https://example.org", 403),
        ):
            answer = await client.post(INTERVIEWS, json=WISH, headers={**host, "Origin": origin})
            assert answer.status_code == status, origin
        assert "max-age" in (await client.get(PLANS, headers=host)).headers["strict-transport-security"]
        assert (await client.get(PLANS, headers={"Host": "other.example.org"})).status_code == 403


async def test_a_server_open_to_the_network_without_sign_in_refuses_everyone(served: Services) -> None:
    settings = Settings(home=served.settings.home, host="0.0.0.0")  # noqa: S104
    async with client_of(application(replace(served, settings=settings))) as client:
        answer = await client.get(PLANS)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_open_to_network")
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False), (None, False)],  # noqa: S104
)
def test_loopback_is_told_from_the_network(name: str | None, is_ours: bool) -> None:
    assert is_loopback(name) is is_ours


# --- how a refusal is told -------------------------------------------------------------------------------------


async def test_every_refusal_has_one_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert problem["type"] == "urn:viva:problem:no_such_address"
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_another_method_is_refused_with_those_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.delete(INTERVIEWS)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_an_address_with_a_slash_too_many_is_not_redirected(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{PLANS}/")).status_code == 404


@pytest.mark.parametrize("path", ["/nothing", "/boom"])
async def test_a_person_gets_a_page_and_a_program_a_problem(served: Services, path: str) -> None:
    def page(_request: Request, status: int, title: str, detail: str, reference: str) -> Response:
        return HTMLResponse(f"<h1>{title}</h1>{detail} {reference}", status)

    app = create_app(served.settings, services=served, pages=[Route("/boom", boom)], error_page=page)
    async with client_of(app) as client:
        shown = await client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert shown.headers["content-type"].startswith("text/html")
        assert shown.headers["x-request-id"] in shown.text
        told = await client.get(path)
        assert told.headers["content-type"] == "application/problem+json"
        api = await client.get("/api/v1/nothing", headers={"Accept": "text/html"})
        assert api.headers["content-type"] == "application/problem+json"


async def test_without_pages_a_person_gets_plain_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


async def test_what_nobody_foresaw_is_a_500_with_a_reference_and_nothing_of_it_leaks(
    served: Services, lines: StringIO
) -> None:
    app = create_app(served.settings, services=served, pages=[Route("/boom", boom)])
    async with client_of(app) as client:
        answer = await client.get("/boom?name=Maria")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "Maria" not in answer.text
    failed = [line for line in ours(lines) if line["event"] == "a request failed"]
    assert [line["request_id"] for line in failed] == [answer.json()["request_id"]]
    assert failed[0]["exception"][0]["error"] == "RuntimeError"
    assert "Maria" not in str(ours(lines))


async def test_an_answer_that_breaks_halfway_breaks_the_connection(served: Services) -> None:
    app = create_app(served.settings, services=served, pages=[Route("/half", half)])
    async with client_of(app) as client:
        with pytest.raises(RuntimeError):
            await client.get("/half")


# --- around every request --------------------------------------------------------------------------------------


async def test_each_request_has_its_own_line_without_the_query_or_the_address(
    client: httpx.AsyncClient, lines: StringIO
) -> None:
    answer = await client.get(f"{PLANS}/somebodys-plan?ticket=secret")
    (line,) = ours(lines)
    assert (line["method"], line["route"], line["status"]) == ("GET", f"{PLANS}/{{slug}}", 400)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["ms"] >= 0
    assert "secret" not in str(line)
    assert "somebodys" not in str(line)


async def test_a_sane_request_id_is_kept_and_any_other_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/healthz", headers={"X-Request-ID": "proxy-0123456789"})
    assert kept.headers["x-request-id"] == "proxy-0123456789"
    for other in ("short", "a" * 65, "with space 123", "ünïcode-123456", '{"a":1234567}'):
        answer = await client.get("/healthz", headers=[(b"X-Request-ID", other.encode())])
        assert UUID(answer.headers["x-request-id"]).version == 7


@pytest.mark.parametrize("path", ["/healthz", PLANS, "/nothing", "/boom"])
async def test_every_answer_carries_the_security_headers(served: Services, path: str) -> None:
    app = create_app(served.settings, services=served, pages=[Route("/boom", boom)])
    async with client_of(app) as client:
        headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


async def test_what_is_long_and_is_text_is_sent_compressed_to_whoever_takes_it_so(client: httpx.AsyncClient) -> None:
    packed = await client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.json() == plain.json()


async def test_answers_of_the_api_are_not_kept_by_caches(client: httpx.AsyncClient) -> None:
    assert (await client.get(PLANS)).headers["cache-control"] == "no-store"


async def test_a_body_whose_declared_length_is_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    for path in (INTERVIEWS, "/nothing"):
        answer = await client.post(path, content=b" " * (LIMIT + 1), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert f"{LIMIT:,} bytes" in answer.json()["detail"]


async def test_a_body_without_a_length_is_counted(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 16 + 1):
            yield b" " * 16

    answer = await client.post(INTERVIEWS, content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert f"{LIMIT:,} bytes" in answer.json()["detail"]


async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps(WISH).encode().ljust(LIMIT)
    answer = await client.post(INTERVIEWS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


# --- through a socket ------------------------------------------------------------------------------------------


@dataclass
class Host:
    """A live host that notes what is asked of it and echoes who connects."""

    started: int = 0
    stopped: int = 0
    live_count: int = 3

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/echo", self.echo)]

    async def echo(self, door: WebSocket) -> None:
        who = await principal(door)
        await door.accept()
        await door.send_text(str(who.user_id))
        await door.close()

    async def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@asynccontextmanager
async def listening(services: Services) -> AsyncIterator[int]:
    """The application behind a real socket; the port."""
    config = uvicorn.Config(application(services), port=0, log_config=None, ws="websockets-sansio", lifespan="on")
    server = Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            await server.is_up.wait()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def test_the_product_serves_through_a_socket_and_its_live_host_lives_as_long(served: Services) -> None:
    host = Host()
    async with listening(replace(served, live=host)) as port:
        assert (host.started, host.stopped) == (1, 0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            answer = await client.post(INTERVIEWS, json=WISH, headers={"Origin": f"http://127.0.0.1:{port}"})
            assert answer.status_code == 201
            assert (await client.get("/readyz")).json()["live_interviews"] == 3

            async def endless() -> AsyncIterator[bytes]:
                for _ in range(LIMIT // 16 + 1):
                    yield b" " * 16

            chunked = await client.post(INTERVIEWS, content=endless(), headers={"Content-Type": "application/json"})
            assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")
            assert (await client.get(PLANS)).status_code == 200
    assert (host.started, host.stopped) == (1, 1)


async def test_a_websocket_is_opened_to_our_own_pages_only(served: Services) -> None:
    async with listening(replace(served, live=Host())) as port:
        address = f"ws://127.0.0.1:{port}/echo"
        async with connect(address, origin=f"http://127.0.0.1:{port}", proxy=None) as opened:  # type: ignore[arg-type]
            assert await opened.recv() == str(served.local_owner.user_id)
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
            with pytest.raises(InvalidStatus) as refused:
                await connect(address, additional_headers=headers, proxy=None)
            assert refused.value.response.status_code == 403


async def test_a_request_that_names_no_host_is_refused(served: Services) -> None:
    async with listening(served) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {PLANS} HTTP/1.0\r\n\r\n".encode())
        head = await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert b"403" in head


async def test_a_client_that_goes_away_in_mid_body_is_no_failure_of_ours(served: Services, lines: StringIO) -> None:
    async with listening(served) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {INTERVIEWS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        writer.write(f'{head}Content-Length: 100\r\n\r\n{{"plan"'.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            async with asyncio.timeout(10):
                while not any(line.get("status") == 0 for line in ours(lines)):
                    assert (await client.get(INTERVIEWS)).json()["interviews"] == []
    assert [line["event"] for line in ours(lines) if line["level"] == "error"] == []


async def test_pages_are_served_beside_the_api(served: Services) -> None:
    async def hello(_request: Request) -> Response:
        return PlainTextResponse("hello")

    app = create_app(served.settings, services=served, pages=[Route("/", hello)])
    async with client_of(app) as client:
        assert (await client.get("/")).text == "hello"
