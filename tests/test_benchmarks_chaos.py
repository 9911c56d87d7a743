"""What is measured while parts of the product are killed, and what those who watch it see."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.chaos.balancer import Balancer
from benchmarks.chaos.figures import figures as chaos_figures
from benchmarks.chaos.figures import returns
from benchmarks.chaos.judge import Line, Witness, judge
from benchmarks.chaos.killing import Killed
from benchmarks.chaos.running import Chaos, Held, Ran
from benchmarks.chaos.schedule import kills
from server.live.protocol import Ack
from storage.events import EventRecord
from tests.test_benchmarks import KEYS, run


def test_interviews_under_which_everything_is_killed_lose_nothing() -> None:
    ended = run("chaos", "--typed", "2", "--voice", "1", "--kills", "3", "--seed", "2", timeout_s=300.0)
    assert ended.returncode == 0, ended.stderr
    figures = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert all(figure.keys() == KEYS for figure in figures)
    values = {figure["figure"].removeprefix("chaos, seed 2: "): figure["value"] for figure in figures}
    assert [values[f"kills of {part}"] for part in ("a serving process", "PostgreSQL", "Valkey")] == [1, 1, 1]
    assert values["resumed"] > 0
    assert values["events acknowledged"] > 20
    zeros = [figure for figure in figures if figure["bar"] == 0]
    assert len(zeros) == 10
    assert all(figure["holds"] for figure in zeros)
    assert "by this run" in ended.stderr


def test_the_same_seed_kills_the_same_and_half_of_it_is_serving_processes() -> None:
    twice = [kills(7, 12, 50) for _ in range(2)]
    assert twice[0] == twice[1] != kills(8, 12, 50)
    assert Counter(kill.part for kill in twice[0]) == {"serving": 6, "worker": 2, "postgres": 2, "valkey": 2}
    serving = [kill for kill in twice[0] if kill.part == "serving"]
    assert Counter(kill.moment for kill in serving) == {"question": 2, "answer": 2, "decided": 2}
    assert all(0 <= kill.candidate < 50 for kill in serving)
    assert {kill.part for kill in kills(1, 3, 5)} == {"serving", "postgres", "valkey"}


async def test_a_balancer_passes_over_who_is_gone_and_knows_who_serves_whom() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    servers = [await asyncio.start_server(echo, "127.0.0.1", 0) for _ in range(2)]
    ports: list[int] = [server.sockets[0].getsockname()[1] for server in servers]
    balancer = Balancer(ports)
    await balancer.start()

    async def served_by() -> int | None:
        reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
        writer.write(b"here")
        assert await reader.readexactly(4) == b"here"
        port: int = writer.get_extra_info("sockname")[1]
        upstream = balancer.upstream_of(port)
        writer.close()
        return upstream

    assert [await served_by() for _ in range(4)] == [*ports, *ports]
    servers[0].close()
    assert [await served_by() for _ in range(2)] == [ports[1], ports[1]]
    servers[1].close()
    reader, _ = await asyncio.open_connection("127.0.0.1", balancer.port)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    await balancer.stop()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record(seq: int, kind: str, epoch: int | None = 1, client_id: str | None = None, **payload: Any) -> EventRecord:
    return EventRecord(seq, uuid4(), kind, NOW, 0, "candidate", {"type": kind, **payload}, client_id, epoch)


def one_run(log: list[EventRecord], witness: Witness | None = None, **other: Any) -> Ran:
    """A run of one interview, in which a serving process was killed at 100 s."""
    seen = witness or Witness()
    held = Held(seen, judge(uuid4(), log, [seen]), log, other.pop("unanswered", []), [])
    killed = other.pop("killed", [Killed("serving", 100.0, "answer", 0, 104.0)])
    return Ran(Chaos(1, 1, 0, 1), [held], killed, other.pop("outages", []), [], "", 1.0)


def wrong(ran: Ran) -> set[str]:
    """The figures that must be nothing and are not."""
    by_figure = {figure.figure.removeprefix("chaos, seed 1: "): figure for figure in chaos_figures(ran)}
    return {name for name, figure in by_figure.items() if figure.bar == 0 and not figure.holds}


def whole_log() -> list[EventRecord]:
    return [
        record(1, "interview.created"),
        record(2, "turn.closed", client_id="a", text="yes", source="typed"),
        record(3, "speech.final", text="no"),
        record(4, "turn.closed", text="no", source="speech", finals=[3]),
        record(5, "interview.ended"),
        record(6, "report.ready", None),
    ]


def test_what_is_lost_doubled_or_unfinished_is_told_by_its_name() -> None:
    assert wrong(one_run(whole_log())) == set()
    seen = Witness()
    seen.opened()
    seen.told(Ack(client_id="b", seq=2))
    assert wrong(one_run(whole_log(), seen)) == {"acknowledged events lost"}
    assert wrong(one_run(whole_log(), unanswered=["a"])) == set()
    assert wrong(one_run(whole_log(), unanswered=["b"])) == {"messages neither kept nor refused"}
    assert wrong(one_run(whole_log()[1:])) == {"gaps in the numbers of events"}
    assert wrong(one_run(whole_log()[:-1])) == {"interviews without a report, or with two"}
    twice = [*whole_log(), record(7, "turn.closed", finals=[3])]
    assert wrong(one_run(twice)) == {"speech kept and in no turn, or in two"}
    asked = [*whole_log(), *(record(seq, "question.asked", question_id="q1") for seq in (7, 8))]
    assert wrong(one_run(asked)) == {"questions asked twice"}
    late = [*whole_log(), record(7, "candidate.left", 2), record(8, "candidate.left", 1)]
    assert wrong(one_run(late)) == {"two voices at once"}
    assert wrong(one_run([record(1, "interview.created")])) >= {"interviews not ended"}


def test_a_return_is_timed_from_the_kill_or_from_when_somebody_could_serve_again() -> None:
    seen = Witness()
    seen.lines = [
        Line(10.0, welcome_at=10.1, closed_at=100.02),
        Line(100.3, closed_at=100.31),  # Refused: it counts to the return that follows.
        Line(100.7, welcome_at=100.8, first_words_at=100.95),
    ]
    (back,) = returns(one_run(whole_log(), seen))
    assert (round(back.resume_s, 3), round(back.takeover_ms), round(back.words_ms or 0)) == (0.8, 100, 250)
    assert back.because is not None
    (back,) = returns(one_run(whole_log(), seen, outages=[(99.0, 100.5)]))
    assert round(back.resume_s, 3) == 0.3
    (back,) = returns(one_run(whole_log(), seen, killed=[]))
    assert (round(back.resume_s, 3), back.because) == (0.78, None)


# --- observers -------------------------------------------------------------------------------------------------------


def test_observers_are_told_of_every_event_and_the_time_that_takes_is_measured() -> None:
    ended = run("observing", "--interviews", "3", "--seconds", "4", timeout_s=300.0)
    assert ended.returncode == 0, ended.stderr
    p50, p95, missed = (msgspec.json.decode(line) for line in ended.stdout.splitlines())
    assert "3 typed interviews with 3 observers each on 2 serving processes" in p50["figure"]
    assert 0 < p50["value"] <= p95["value"]
    assert p95["bar"] == 25.0
    assert missed["value"] == 0, ended.stderr
    assert "receipts" in ended.stderr
