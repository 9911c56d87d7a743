"""Real processes behind one port, that are killed, replaced and told to stop while they serve."""

import asyncio
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.cli import MISCONFIGURED
from server.live.protocol import Fact, Press, Problem, Say, ServerMessage
from server.terminal.api import Api
from server.terminal.candidates import Act, Candidate, Moment, Push
from server.terminal.client import LiveClient
from server.terminal.errors import ConnectionLost
from server.terminal.playing import Played, play
from tests.conftest import DatabaseUrls
from tests.server.instance import Instance, alive, open_instance

PLAN = "behavioural"
LIMIT_S = 3
PLANS = "/api/v1/plans"


@pytest.fixture(scope="module")
def shared(database_urls: DatabaseUrls, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Two processes that the tests of this module leave as they found them: serving."""
    with open_instance(database_urls, redis_url, tmp_path_factory.mktemp("instance")) as instance:
        yield instance


@pytest.fixture
async def instance(shared: Instance) -> Instance:
    assert shared.is_ready, shared.said
    await shared.until(lambda: len(shared.processes) == 2)
    await shared.until_capacity(100)
    return shared


class Trickle:
    """A request every 20 ms, each over a connection of its own, and what was not answered."""

    def __init__(self, instance: Instance) -> None:
        self.answered = 0
        self.failed: list[str] = []
        self._instance = instance

    async def run(self) -> None:
        while True:
            try:
                answer = await self._instance.get(PLANS)
            except httpx.HTTPError as error:
                self.failed.append(repr(error))
            else:
                self.answered += 1
                if answer.status_code != httpx.codes.OK:
                    self.failed.append(str(answer.status_code))
            await asyncio.sleep(0.02)


@asynccontextmanager
async def trickle(instance: Instance) -> AsyncIterator[Trickle]:
    trickling = Trickle(instance)
    task = asyncio.create_task(trickling.run())
    try:
        yield trickling
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def requests_counted(instance: Instance) -> float:
    """How many requests for the plans were answered, as any process tells it."""
    families = text_string_to_metric_families((await instance.get("/metrics")).text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "viva_http_request_seconds_count" and sample.labels["route"] == PLANS
    )


async def test_fifty_who_come_together_are_spread_over_both(instance: Instance) -> None:
    async def comes() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", instance.port)

    def share() -> list[int]:
        taken = Counter(
            pid
            for pid in instance.processes
            for connection in psutil.Process(pid).net_connections("tcp")
            if connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == instance.port
        )
        return sorted(taken.values())

    lines = await asyncio.gather(*(comes() for _ in range(50)))
    try:
        await instance.until(lambda: sum(share()) >= 50)
        assert share()[0] >= 17, share()
    finally:
        for _reader, writer in lines:
            writer.close()
        await instance.until(lambda: sum(share()) == 0)


async def test_figures_are_the_sum_of_all_and_outlive_who_counted_them(instance: Instance) -> None:
    before = await requests_counted(instance)
    for _ in range(12):
        assert (await instance.get(PLANS)).status_code == httpx.codes.OK
    assert [await requests_counted(instance) for _ in range(6)] == [before + 12] * 6
    killed = min(instance.processes)
    os.kill(killed, signal.SIGKILL)
    await instance.until(lambda: killed not in instance.processes)
    await instance.until_capacity(50)
    assert [await requests_counted(instance) for _ in range(6)] == [before + 12] * 6


async def test_the_load_is_that_of_the_whole_instance(instance: Instance) -> None:
    async with Api(instance.url) as api:
        clients = [LiveClient(api) for _ in range(4)]
        for client in clients:
            await client.create(PLAN, "en")
        tasks = [asyncio.create_task(follow(client)) for client in clients]
        await instance.until(lambda: all(client.connections for client in clients))
        assert [await instance.load() for _ in range(4)] == [
            {"live": 4, "capacity": 100, "load": 0.04, "draining": False}
        ] * 4
        await asyncio.gather(*(client.close() for client in clients))
        await asyncio.gather(*tasks)
    families = {family.name for family in text_string_to_metric_families((await instance.get("/metrics")).text)}
    assert {"viva_live_interviews", "viva_live_interviews_capacity", "process_resident_memory_bytes"} <= families


async def follow(client: LiveClient) -> None:
    async for _message in client.messages():
        pass


async def test_while_a_killed_process_is_restarted_the_other_serves(instance: Instance) -> None:
    killed = min(instance.processes)
    os.kill(killed, signal.SIGKILL)
    async with trickle(instance) as trickling:
        await instance.until(lambda: killed not in instance.processes)
        trickling.failed.clear()  # What the killed one had taken before is gone with it.
        await instance.until(lambda: len(instance.processes) == 2)
        await instance.until_capacity(100)
    assert trickling.failed == []
    assert trickling.answered > 5
    assert killed not in instance.processes


async def test_a_rolling_restart_refuses_nobody_and_loses_no_event(instance: Instance) -> None:
    old = instance.processes
    async with Api(instance.url) as api, trickle(instance) as trickling:
        async with asyncio.TaskGroup() as group:
            held = [group.create_task(hold(api, number, lambda: instance.processes & old)) for number in range(6)]
            await instance.until(lambda: trickling.answered > 5)
            instance.parent.send_signal(signal.SIGHUP)
            await instance.until(lambda: not instance.processes & old)
            await instance.until(lambda: len(instance.processes) == 2)
        assert trickling.failed == []
        for sitting in held:
            await is_whole(instance, *sitting.result())
    await instance.until_capacity(100)
    # Each interview was with one of those that were replaced, some with the second after the first.
    assert all(played.drops for played, _heard in (sitting.result() for sitting in held))


class Heard:
    """What one client saw of its interview: what it sent, and the type of each fact that it was told, by number."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        """What it sent under each id, unless that was refused."""
        self.facts: dict[int, object] = {}

    def opened(self) -> None: ...

    def told(self, message: ServerMessage) -> None:
        if isinstance(message, Fact):
            self.facts[message.seq] = message.event["type"]
        elif isinstance(message, Problem) and message.client_id is not None:
            self.said.pop(message.client_id, None)

    def sends(self, message: Say | Press) -> None:
        if isinstance(message, Say):
            self.said[message.client_id] = message.text

    def closed(self, code: int | None) -> None: ...


class Lingering(Candidate):
    """Wants its question repeated for as long as it is told to stay, and then goes on to the end."""

    def __init__(self, seed: int, stays: Callable[[], object]) -> None:
        super().__init__("good", "en", seed)
        self.stays = stays

    def act(self, moment: Moment) -> Act | None:
        if "repeat" in moment.may and self.stays():
            return Push("repeat")
        return super().act(moment)


async def hold(api: Api, number: int, stays: Callable[[], object]) -> tuple[Played, Heard]:
    """An interview with a turn several times a second for as long as `stays`, and then to its end."""

    async def thinks() -> None:
        await asyncio.sleep(0.2 if stays() else 0)

    heard = Heard()
    client = LiveClient(api, longest_wait_s=0.5, watcher=heard)
    played = await play(api, Lingering(number, stays), PLAN, pace=thinks, live=client, expects_drops=True)
    return played, heard


async def is_whole(instance: Instance, played: Played, heard: Heard) -> None:
    """Nothing that was said or told is missing, and nothing is there twice."""
    # One may ask again for what was granted just before the line dropped; that is told, and changes nothing.
    assert [error for error in played.errors if not error.startswith("wrong_phase")] == []
    assert played.is_completed, played
    log = (await instance.get(f"/api/v1/interviews/{played.interview_id}/events?limit=1000")).json()["events"]
    assert [fact["seq"] for fact in log] == list(range(1, len(log) + 1))
    told = set(heard.facts.values())
    assert heard.facts == {
        fact["seq"]: kind for fact in log if (kind := fact["event"]["type"]) in told and fact["seq"] <= max(heard.facts)
    }
    typed = [fact["event"]["text"] for fact in log if fact["event"]["type"] == "turn.closed"]
    kept, said = Counter(text for text in typed if text), Counter(heard.said.values())
    assert not kept - said
    # What somebody says in the very moment in which the interview ends finds it over, and them gone.
    assert sum((said - kept).values()) <= 1, said - kept
    assert said == kept or (said - kept).keys() == {list(heard.said.values())[-1]}
    asked = [fact["event"]["question_id"] for fact in log if fact["event"]["type"] == "question.asked"]
    assert len(asked) == len(set(asked)) == played.core
    resumed = [fact for fact in log if fact["event"]["type"] == "candidate.joined"]
    assert len(resumed) >= 1 + played.drops


async def test_what_cannot_serve_replaces_nothing(instance: Instance) -> None:
    before = instance.processes
    wrong = instance.home / ".env"
    wrong.write_text("VIVA_TICKET_SECONDS=never\n")
    instance.parent.send_signal(signal.SIGHUP)
    await instance.until(lambda: "the old ones go on" in instance.said)
    wrong.unlink()
    assert instance.processes == before
    assert (await instance.get("/readyz")).status_code == httpx.codes.OK


async def test_told_to_stop_while_it_replaces_all_end_within_the_limit_and_say_so_to_their_candidates(
    database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> None:
    with open_instance(database_urls, redis_url, tmp_path, VIVA_DRAIN_SECONDS=str(LIMIT_S)) as instance:
        async with Api(instance.url) as api:
            clients = [LiveClient(api, attempts=1) for _ in range(4)]
            for client in clients:
                await client.create(PLAN, "en")
            tasks = [asyncio.create_task(follow(client)) for client in clients]
            await instance.until(lambda: all(client.connections for client in clients))
            instance.parent.send_signal(signal.SIGHUP)
            await instance.until(lambda: len(instance.processes) == 3)
            family = instance.processes
            began = time.monotonic()
            assert await instance.ends() == 0
            assert time.monotonic() - began < LIMIT_S + 5
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one).__name__ for one in ended] == ["ConnectionLost"] * 4, ended
        assert not [pid for pid in family if alive(pid)]
        assert not [one for one in Path(tmp_path).iterdir() if one.name.startswith("viva-metrics")]  # noqa: ASYNC240


async def test_one_process_alone_drains_and_writes_what_is_left_to_write(
    database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> None:
    with open_instance(database_urls, redis_url, tmp_path, workers=1) as instance:
        async with Api(instance.url) as api:
            client = LiveClient(api, attempts=1)
            await client.create(PLAN, "en")
            task = asyncio.create_task(follow(client))
            await instance.until(lambda: client.connections > 0)
            instance.parent.send_signal(signal.SIGTERM)
            assert await instance.ends() == 0  # Cut by the second signal, it would have ended by it.
            with pytest.raises(ConnectionLost):
                await task
        assert '"event":"serving.draining"' in instance.said


async def test_nothing_serves_on_when_the_parent_is_killed(
    database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> None:
    with open_instance(database_urls, redis_url, tmp_path) as instance:
        family = instance.processes
        instance.parent.kill()
        await instance.until(lambda: not [pid for pid in family if alive(pid)])
        with pytest.raises(httpx.ConnectError):
            await instance.get("/healthz")


def test_a_port_in_use_is_told_before_anything_starts(
    database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as busy,
        open_instance(database_urls, redis_url, tmp_path, port=busy.getsockname()[1]) as instance,
    ):
        assert instance.parent.wait() == MISCONFIGURED
        assert instance.said.startswith(f"Port {instance.port} on 127.0.0.1 is in use.")


def test_settings_that_serve_nowhere_end_the_parent_with_what_to_change(
    database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> None:
    with open_instance(database_urls, redis_url, tmp_path, DATABASE_URL="") as instance:
        assert instance.parent.wait() == MISCONFIGURED
        assert "Set DATABASE_URL" in instance.said
