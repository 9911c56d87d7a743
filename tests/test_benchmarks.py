import asyncio
import math
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import msgspec
import numpy as np
import pytest
from livekit import rtc
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from agents import events
from agents.events import Event
from agents.rehearsal.scorer import RehearsalScorer
from benchmarks import exposition
from benchmarks.__main__ import main
from benchmarks.exposition import gauge, histogram
from benchmarks.figure import at_most
from benchmarks.http_load import Order, load
from benchmarks.pages import Load
from benchmarks.scoring.timing import written_answers
from benchmarks.voice.candidate import Account, BargeIn, Candidate, Uttered
from benchmarks.voice.clips import Clip, Kind, clips, longest_pause_ms
from benchmarks.voice.ears import Recogniser
from benchmarks.voice.hearing import Loudspeaker
from benchmarks.voice.keeping import kept
from benchmarks.voice.marking import FRAME_SAMPLES, SILENCE, marked, number_in, told
from server.live.protocol import AudioBegin, AudioClear, AudioEnd, AudioPause, Playback, Press, ReplyEnd

ROOT = Path(__file__).parents[1]
KEYS = {"figure", "value", "unit", "bar", "holds"}


def run(*arguments: str, timeout_s: float = 120.0) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


Command: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, where nothing has to be loaded first: its status, stdout and stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
        try:
            status = main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        return (status, *capsys.readouterr())

    return command


def test_every_figure_of_the_product_is_a_line_and_a_missed_bar_is_no_failure() -> None:
    ended = run("turn", "append", "memory", "start", "--seconds", "2")
    assert ended.returncode == 0, ended.stderr
    figures = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert all(figure.keys() == KEYS for figure in figures)
    assert [(figure["unit"], figure["bar"]) for figure in figures] == [
        ("ms", None),
        ("ms", 30.0),
        ("ms", 10.0),
        ("MB", 200.0),
        ("s", 5.0),
    ]
    assert all(figure["value"] > 0 for figure in figures)
    assert all(figure["holds"] is (figure["value"] <= figure["bar"]) for figure in figures if figure["bar"])
    assert "turns in 2 s" in ended.stderr


def test_the_scorer_is_measured_without_a_product(here: Command) -> None:
    status, out, _err = here("scorer")
    assert status == 0
    assert [msgspec.json.decode(line)["holds"] for line in out.splitlines()] == [None, None]


def test_a_benchmark_that_is_not_there_is_answered_with_those_there_are(here: Command) -> None:
    status, _out, err = here("turns")
    assert status == 2
    assert "turn, append, memory, start, scorer, pages" in err


def test_a_server_that_does_not_answer_is_a_sentence(here: Command) -> None:
    status, out, err = here("turn", "--url", "http://127.0.0.1:1")
    assert status == 1
    assert "No Viva server answers" in err
    assert out == ""


def test_a_figure_at_its_bar_holds_and_one_that_could_not_be_measured_does_not() -> None:
    assert at_most("x", 30.0, "ms", 30.0).holds is True
    # The bar is held against the figure itself, not against what is shown of it.
    assert at_most("x", 30.001, "ms", 30.0).holds is False
    assert at_most("x", None, "ms", 30.0).holds is False
    assert at_most("x", 12.3456, "ms", None).line == '{"figure":"x","value":12.35,"unit":"ms","bar":null,"holds":null}'


def test_a_quantile_lies_in_the_bucket_of_the_true_value() -> None:
    registry = CollectorRegistry()
    measured = Histogram("wait_seconds", "x", ("kind",), buckets=(0.01, 0.02, 0.05, 0.1), registry=registry)
    for n in range(100):
        measured.labels(kind=str(n % 2)).observe((n + 0.5) / 1000)
    read = histogram(generate_latest(registry).decode(), "wait_seconds")
    assert read.total == 100
    assert read.quantile(0.05) == 0.005
    assert math.isclose(read.quantile(0.95) or 0, 0.095)
    measured.labels(kind="0").observe(7.0)
    assert histogram(generate_latest(registry).decode(), "wait_seconds").quantile(1.0) == math.inf


def test_only_what_came_after_the_first_reading_is_measured() -> None:
    registry = CollectorRegistry()
    measured = Histogram("wait_seconds", "x", buckets=(0.01, 0.1), registry=registry)
    measured.observe(0.09)
    before = histogram(generate_latest(registry).decode(), "wait_seconds")
    measured.observe(0.001)
    later = histogram(generate_latest(registry).decode(), "wait_seconds").since(before)
    assert later.total == 1
    assert (later.quantile(0.95) or 1.0) <= 0.01
    assert exposition.Histogram({}).quantile(0.95) is None
    assert gauge("# TYPE x gauge\nx 12.5\n", "x") == 12.5
    assert gauge("# TYPE x gauge\nx 12.5\n", "y") is None


def test_a_page_is_weighed_with_all_it_asks_for_and_whoever_else_is_asked_is_told() -> None:
    load = Load(
        received={"http://127.0.0.1:1/": 1_500, "http://127.0.0.1:1/a.js": 600},
        asked=["http://127.0.0.1:1/", "blob:http://127.0.0.1:1/x", "ws://127.0.0.1:1/live", "https://fonts.example/a"],
        policy="default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval'",
    )
    assert load.kilobytes == 2.1
    assert load.elsewhere("http://127.0.0.1:1") == ["https://fonts.example/a"]
    assert load.unsafe == 2
    # A page without any policy is not a safe one.
    assert Load().unsafe is None


async def test_the_answers_that_are_measured_are_told_apart_by_the_scorer() -> None:
    scorer = RehearsalScorer()
    levels: dict[bool, list[int]] = {True: [], False: []}
    for n, answer in enumerate(written_answers()):
        (score,) = await scorer.score(answer)
        levels[n % 2 == 0].append(score.level or 0)
    assert len(levels[True]) == len(levels[False]) > 0
    assert sum(levels[True]) / len(levels[True]) >= 4
    assert sum(levels[False]) / len(levels[False]) <= 2


# --- HTTP ------------------------------------------------------------------------------------------------------------


def test_the_http_api_is_asked_at_a_steady_rate_and_its_queries_are_counted() -> None:
    ended = run("http", "--kept", "40", "--seconds", "1", timeout_s=300.0)
    assert ended.returncode == 0, ended.stderr
    figures = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert all(figure.keys() == KEYS for figure in figures)
    assert [(figure["unit"], figure["bar"]) for figure in figures] == [
        ("ms", 50.0),
        ("ms", 200.0),
        *[("ms", None)] * 3,
        ("", 0),
        ("/s", None),
        ("ms", None),
        *[("", None)] * 3,
    ]
    assert figures[5]["holds"] is True, ended.stderr
    assert "500 answers" in ended.stderr
    # To begin, to ask once and to commit.
    assert [figure["value"] for figure in figures[-3:]] == [3, 3, 3]


@asynccontextmanager
async def answering(answer: bytes, *, after_s: float = 0.0) -> AsyncIterator[str]:
    """A server that answers every request so; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(after_s)
                if not answer:
                    break
                # In two pieces, as a network may.
                writer.write(answer[:20])
                await writer.drain()
                writer.write(answer[20:])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def order_for(url: str, *, rate: float, connections: int) -> Order:
    return Order([url], {"a": ["/1", "/2"], "b": ["/3"]}, rate, warm_up_s=0.1, seconds=0.4, connections=connections)


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_requests_are_sent_at_their_moments_and_each_is_counted() -> None:
    async with answering(GOOD) as url:
        told = await load(order_for(url, rate=100, connections=4))
    assert told.errors == []
    assert [len(times) for times in told.ms.values()] == [20, 20]
    assert told.received == 40 * len(GOOD)


async def test_a_request_that_waits_for_a_free_connection_is_as_late_as_it_waited() -> None:
    async with answering(GOOD, after_s=0.05) as url:
        told = await load(order_for(url, rate=100, connections=1))
    # One is due each 10 ms and one is answered each 50 ms: the last of fifty waits for two seconds.
    assert max(max(times) for times in told.ms.values()) > 1_500
    assert len(told.ms["a"]) + len(told.ms["b"]) == 40


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (b"", "the connection was closed"),
    ],
)
async def test_a_request_that_is_not_answered_well_is_an_error_and_the_next_is_asked(answer: bytes, why: str) -> None:
    async with answering(answer) as url:
        told = await load(order_for(url, rate=50, connections=2))
    assert told.ms == {"a": [], "b": []}
    assert sorted(told.errors) == [f"a: {why}"] * 10 + [f"b: {why}"] * 10


# --- spoken interviews -----------------------------------------------------------------------------------------------


def test_spoken_interviews_are_measured_and_nothing_of_them_is_lost() -> None:
    ended = run("voice", "--setting", "zero-forced", "--interviews", "2", "--seconds", "10", timeout_s=300.0)
    assert ended.returncode == 0, ended.stderr
    figures = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert all(figure.keys() == KEYS for figure in figures)
    assert all("2 spoken interviews in one process" in figure["figure"] for figure in figures)
    turn, *_ = figures
    assert turn["value"] is None or turn["value"] > 0
    assert (turn["bar"], figures[-1]["bar"]) == (420.0, 0.0)
    assert figures[-1]["figure"].startswith("turns, events and reports lost or doubled")
    assert figures[-1]["holds"] is True, ended.stderr
    assert {figure["unit"] for figure in figures} == {"ms", "%", "ms/s", "MB", ""}


def test_a_setting_that_is_not_there_is_answered_with_those_there_are(here: Command) -> None:
    status, _out, err = here("voice", "--setting", "forced")
    assert status == 1
    assert "zero-forced, zero-product, realistic-forced, realistic-product, two-processes" in err


def test_the_candidates_clips_are_silent_only_where_they_are_meant_to_be() -> None:
    said = clips()
    assert all(longest_pause_ms(clip.frames) < 250 for clip in said["plain"])
    paused = [*said["between sentences"], *said["within a sentence"]]
    assert {longest_pause_ms(clip.frames) for clip in paused} == {600, 900, 1_200, 1_500}
    every = [*said["plain"], *paused]
    assert all(3 <= clip.seconds <= 8 for clip in every)
    assert all(clip.frames[0].any() and clip.frames[-1].any() for clip in every)


def speech_frames(*loud: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    """Frames with sound where 1 is given, silent where 0."""
    return np.array(loud, dtype=np.int16)[:, None] * np.full((1, FRAME_SAMPLES), 5_001, dtype=np.int16)


async def recognised(frames: Sequence[bytes]) -> list[str]:
    """The finals that a recogniser makes of frames."""

    async def sent() -> AsyncIterator[rtc.AudioFrame]:
        for pcm in frames:
            yield rtc.AudioFrame(pcm, sample_rate=16_000, num_channels=1, samples_per_channel=FRAME_SAMPLES)

    heard = [event async for event in Recogniser(0.0).listen(sent())]
    return [event.alternatives[0].text for event in heard if event.type == "final_transcript"]


async def test_an_utterance_is_recognised_with_its_number_and_how_much_of_it_came() -> None:
    frames = marked(speech_frames(*[1] * 8, *[0] * 10, *[1] * 4), 40_001)
    assert [number_in(frame) for frame in (frames[0], frames[8], frames[-1])] == [40_001, 0, 40_001]
    finals = await recognised([*frames, *[SILENCE] * 5])
    assert [told(final) for final in finals] == [[(40_001, 8)], [(40_001, 4)]]
    # A frame that was lost on the way is missing from what is told.
    finals = await recognised([*frames[1:], *[SILENCE] * 5])
    assert told(" ".join(finals)) == [(40_001, 7), (40_001, 4)]


def log_of(*texts: str, reports: int = 1) -> list[Event]:
    turns: list[events.AnyPayload] = [
        events.TurnClosed(turn_id=uuid4(), text=text, source="speech", question_id=None) for text in texts
    ]
    payloads = [*turns, *[events.ReportReady(overall_score=None)] * reports]
    return [
        Event(seq=seq, id=uuid4(), at=datetime.now(UTC), at_ms=0, actor="", payload=payload)
        for seq, payload in enumerate(payloads, 1)
    ]


def test_what_was_said_is_looked_for_in_the_log_once_and_whole() -> None:
    said = [Uttered(number=number, kind="plain", loud_frames=50, began_at=0.0) for number in (1, 2)]
    account = Account(interview_id="x", uttered=said)
    whole = kept(account, log_of("Answer 1 with 50 frames. A.", "Answer 2 with 30 frames. B. Answer 2 with 20 frames."))
    assert whole.faults == []
    assert (whole.turns_of(1), whole.turns_of(2)) == (1, 1)
    cut = kept(account, log_of("Answer 1 with 50 frames.", "Answer 2 with 30 frames.", "Answer 2 with 20 frames."))
    assert cut.faults == []
    assert cut.turns_of(2) == 2
    assert len(kept(account, log_of("Answer 1 with 50 frames.")).faults) == 1
    doubled = ("Answer 1 with 50 frames.", "Answer 2 with 50 frames.")
    assert len(kept(account, log_of(*doubled, doubled[1])).faults) == 1
    assert len(kept(account, log_of(*doubled, "Answer 3 with 9 frames.")).faults) == 1
    assert len(kept(account, log_of(*doubled, reports=0)).faults) == 1
    assert len(kept(account, log_of(*doubled)[1:]).faults) == 2


def test_a_loudspeaker_plays_in_real_time_and_says_where_it_fell_silent() -> None:
    ear = Loudspeaker()
    ear.begin(1, 10.0)
    for _ in range(50):
        ear.frame(640, 10.1)
    assert ear.report(10.2) is None
    assert ear.report(10.35) == Playback(segment=1, ms=250)
    ear.pause(10.5)
    assert not ear.is_sounding
    assert ear.report(11.0) is None
    ear.resume(12.0)
    assert ear.clear(12.1) == Playback(segment=1, ms=500, done=True)
    ear.begin(2, 20.0)
    ear.frame(640, 20.0)
    # What has been played out is done only once no more is to come.
    assert ear.report(20.1) is None
    ear.frame(640, 20.1)
    ear.end()
    assert ear.report(20.2) == Playback(segment=2, ms=40, done=True)
    assert ear.quiet_since == 20.2


class Luck(random.Random):
    """Chance that always falls out the same: 0 cuts in."""

    def __init__(self, always: float) -> None:
        super().__init__()
        self._always = always

    def random(self) -> float:
        return self._always


class Talk:
    """A candidate and its clock."""

    def __init__(self, *, cuts_in: bool) -> None:
        clip = Clip("plain", speech_frames(*[1] * 10))
        paused = Clip("between sentences", speech_frames(*[1] * 5, *[0] * 20, *[1] * 5))
        said: dict[Kind, list[Clip]] = {"plain": [clip], "between sentences": [paused], "within a sentence": [paused]}
        self.candidate = Candidate("x", said, Luck(0.0 if cuts_in else 0.99), first=1)
        self.now = 100.0
        self.sent: list[bytes] = []
        self.told: list[Playback | Press] = []

    def hears(self, segment: int, seconds: float) -> None:
        self.candidate.message(AudioBegin(segment=segment, reply_id=None), self.now)
        self.candidate.audio(int(seconds * 32_000), self.now)

    def ends(self, segment: int) -> None:
        self.candidate.message(AudioEnd(segment=segment), self.now)
        self.candidate.message(ReplyEnd(reply_id=uuid4(), interrupted=False), self.now)

    def lives(self, seconds: float) -> int:
        """How many frames with sound were sent meanwhile."""
        before = len(self.sent)
        for _ in range(round(seconds * 50)):
            pcm, told = self.candidate.tick(self.now)
            self.told += told
            self.sent.append(pcm)
            self.candidate.sent(pcm, self.now)
            self.now += 0.02
        return sum(pcm != SILENCE for pcm in self.sent[before:])

    def is_answered(self) -> None:
        """To the first spoken turn, and the reply to it."""
        self.hears(1, 5.0)
        self.lives(1.2)
        assert Press(client_id="consent", request="consent") in self.told
        self.candidate.message(AudioClear(segment=1), self.now)
        self.hears(2, 1.0)
        self.ends(2)
        assert self.lives(1.0) == 0
        assert self.lives(1.2) == 10
        self.now += 0.4
        self.hears(3, 5.0)


def test_a_candidate_answers_when_the_reply_has_ended_and_times_what_comes_back() -> None:
    talk = Talk(cuts_in=False)
    talk.is_answered()
    (uttered,) = talk.candidate.account.uttered
    assert uttered.answered_ms is not None
    assert math.isclose(uttered.answered_ms, (talk.now - uttered.ended_at) * 1000)
    assert talk.lives(4.9) == 0
    talk.ends(3)
    talk.candidate.leave()
    talk.lives(1.0)
    assert Press(client_id="end", request="end") in talk.told


def test_a_candidate_who_cuts_in_times_our_silence_from_the_first_sound() -> None:
    talk = Talk(cuts_in=True)
    talk.is_answered()
    talk.hears(4, 5.0)
    while not talk.lives(0.02):
        assert talk.now < 200
    began = talk.now - 0.02
    talk.lives(0.1)
    talk.candidate.message(AudioPause(segment=4), talk.now)
    talk.candidate.message(AudioClear(segment=4), talk.now)
    assert talk.candidate.account.barge_ins == [BargeIn(at=talk.now, ms=(talk.now - began) * 1000)]
