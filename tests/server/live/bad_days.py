"""A live interview with everything real in it, on a day when its providers, its sound or its line are bad."""

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog
from websockets.exceptions import ConnectionClosed

from agents import events
from agents.audio import BYTES_A_MS, FRAME_BYTES, FRAME_MS
from agents.events import Event
from agents.offers import Brief, Writer
from agents.senses import Senses
from server import logging as operator_log
from server import serving
from server.accounts import accounts_of
from server.live.hearing import ProviderEars
from server.live.protocol import (
    AudioBegin,
    AudioClear,
    AudioEnd,
    AudioPause,
    AudioResume,
    Fact,
    Hello,
    Notice,
    Playback,
    Problem,
    ReplyDelta,
    ServerMessage,
    Welcome,
)
from server.metrics import REGISTRY
from server.models import ModelDesk
from server.services import Services
from server.settings import Settings
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.emulators import house as emulators
from tests.emulators import tones
from tests.emulators.candidate_speech import speech
from tests.emulators.faults import Fault, Faults
from tests.emulators.settings import Settings as Emulated
from tests.emulators.street import application
from tests.server.live.candidate import Candidate
from tests.server.live.house import House, open_house
from tests.server.serving import Clock, make_services

KEY = "sk-right-one-7Q2vXw"
WRONG_KEY = "sk-wrong-one-5Jm0Zt"
WITHIN_S = 4.0
"""How long a candidate may be left with nothing true to hear or see."""
ANSWER = "We had two databases and one of them was slow."
MORE = "I talked with the team and we decided to wait."
TYPED = "In the end we finished the work on time."
PHRASES = 4
"""Made ahead at the start, by the voice that comes first."""
_SENSES: list[Senses] = []


def answer(text: str = ANSWER) -> bytes:
    """The words as they are spoken."""
    return speech(text, rate=220)


def _senses() -> Senses:
    """Loaded once a process. Synthetic voices score low: with the product's own threshold each turn would end late."""
    if not _SENSES:
        _SENSES.append(Senses(unlikely_threshold=0.12))
    return _SENSES[0]


class Talker(Candidate):
    """A candidate with a microphone and a loudspeaker: sends while it reads, and notes when each thing came."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate.socket)
        self.sound: dict[UUID, bytes] = {}
        """What was played of each reply."""
        self.came: list[tuple[float, str]] = []
        """When something true came, monotonic, and what."""
        self.late: Callable[[float], float] = lambda _at_s: 0.0
        """How much later than it was recorded a frame is sent, s, by its place in the recording."""
        self.reads_slowly_s = 0.0
        """What each frame costs a slow line."""
        self.is_live = False
        """It plays at the pace of sound, not at once."""
        self._fact_at: dict[int, float] = {}
        self._segment: tuple[int, UUID | None] = (0, None)
        self._coming = b""
        self._began = 0.0
        self._paused_at: float | None = None
        self._news = asyncio.Event()
        self._is_gone = False
        self._to_say: asyncio.Queue[bytes] = asyncio.Queue()
        self._said = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read_all())]

    # --- the microphone ---------------------------------------------------------------------------------------------

    def switch_on(self) -> None:
        """From here on it sends a frame every 20 ms, silence where nothing is said."""
        self._tasks.append(asyncio.create_task(self._record()))

    def switch_off(self) -> None:
        """Nothing is sent any more, as from a tab that was frozen."""
        self._tasks.pop().cancel()

    async def says(self, pcm: bytes) -> float:
        """Returns when the last of it has been spoken; the time, monotonic."""
        self._said.clear()
        self._to_say.put_nowait(pcm)
        await self._said.wait()
        return time.monotonic()

    async def _record(self) -> None:
        began = time.monotonic()
        saying, is_saying, at_s, sent_at = b"", False, 0.0, began
        while True:
            if len(saying) < FRAME_BYTES:
                if self._to_say.empty():
                    if is_saying:
                        self._said.set()
                    saying, is_saying = b"", False
                else:
                    saying, is_saying = self._to_say.get_nowait(), True
            frame = saying[:FRAME_BYTES] if is_saying else bytes(FRAME_BYTES)
            saying = saying[FRAME_BYTES:]
            at_s += FRAME_MS / 1000
            sent_at = max(sent_at, began + at_s + self.late(at_s))
            await asyncio.sleep(max(0.0, sent_at - time.monotonic()))
            try:
                await self.raw(frame)
            except ConnectionClosed:
                return

    # --- the loudspeaker --------------------------------------------------------------------------------------------

    async def _hear(self) -> None:
        if self._is_gone:
            raise ConnectionClosed(None, None)
        self._news.clear()
        await self._news.wait()

    async def _read_all(self) -> None:
        try:
            async for frame in self.socket:
                if isinstance(frame, bytes):
                    self._coming += frame
                    self._note("audio")
                    await asyncio.sleep(self.reads_slowly_s)
                else:
                    self._read_message(_messages.decode(frame))
                self._news.set()
        except ConnectionClosed:
            pass
        self._is_gone = True
        self._news.set()

    def _read_message(self, message: ServerMessage) -> None:
        self.messages.append(message)
        if isinstance(message, Fact):
            self._fact_at[message.seq] = time.monotonic()
        match message:
            case AudioBegin():
                self._segment, self._coming = (message.segment, message.reply_id), b""
                self._began, self._paused_at = time.monotonic(), None
            case AudioEnd():
                self._tasks.append(asyncio.create_task(self._play_out(message.segment)))
            case AudioClear():
                self._tasks.append(asyncio.create_task(self._played(self._position_ms)))
            case AudioPause():
                self._paused_at = time.monotonic()
            case AudioResume() if self._paused_at is not None:
                self._began += time.monotonic() - self._paused_at
                self._paused_at = None
            case ReplyDelta():
                self._note("words")
            case Fact() if message.event["type"] == "provider.changed":
                self._note(f"{message.event['service']} {message.event['reason']}")
            case Notice() | Problem():
                self._note(message.code)
            case _:
                pass

    @property
    def _position_ms(self) -> int:
        all_ms = len(self._coming) // BYTES_A_MS
        until = self._paused_at if self._paused_at is not None else time.monotonic()
        return min(all_ms, int((until - self._began) * 1000)) if self.is_live else all_ms

    async def _play_out(self, segment: int) -> None:
        while self._position_ms < len(self._coming) // BYTES_A_MS:
            await asyncio.sleep(FRAME_MS / 1000)
            if self._segment[0] != segment:
                return
        await self._played(self._position_ms)

    async def _played(self, ms: int) -> None:
        segment, reply_id = self._segment
        if reply_id is not None:
            self.sound[reply_id] = self.sound.get(reply_id, b"") + self._coming[: ms * BYTES_A_MS]
        try:
            await self.send(Playback(segment=segment, ms=ms, done=True))
        except ConnectionClosed:
            return

    def _note(self, what: str) -> None:
        self.came.append((time.monotonic(), what))

    # --- what the tests ask -----------------------------------------------------------------------------------------

    def true_after(self, moment: float) -> tuple[float, str]:
        """The first true thing that came after a moment: how many seconds after, and what."""
        came, what = next((each for each in self.came if each[0] >= moment), (float("inf"), "nothing"))
        return came - moment, what

    def was_told(self, what: str) -> float:
        """When it was first told that, monotonic."""
        return next(came for came, told in self.came if told == what)

    def came_at(self, seq: int) -> float:
        """When a fact came, monotonic."""
        return self._fact_at[seq]

    async def until_told(self, what: str) -> None:
        """Waits until it was told that, if it was not yet."""
        async with asyncio.timeout(15):
            while all(told != what for _, told in self.came):
                await self._hear()

    async def until_sounding(self) -> None:
        """Waits for the next audio."""
        began = time.monotonic()
        async with asyncio.timeout(15):
            while not any(came > began and what == "audio" for came, what in self.came):
                await self._hear()

    async def asked_after(self, seq: int) -> Fact:
        """The next thing that is asked of the candidate, once it has been heard."""
        return await self.next(Fact, lambda fact: fact.seq > seq and fact.event["type"] in _ASKED)

    async def closes(self, text: str) -> int:
        """Waits until all of that was closed over, in one turn or in parts; the number of the last of them."""
        async with asyncio.timeout(25):
            while True:
                spoken = [fact for fact in self.told("turn.closed") if fact.event["source"] == "speech"]
                if " ".join(str(fact.event["text"]) for fact in spoken) == text:
                    return spoken[-1].seq
                await self._hear()

    async def leave(self) -> None:
        """The line is cut, without a goodbye."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.drop()


_ASKED = ("question.asked", "probe.asked")
_messages: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class _Seat:
    """Whoever writes for the one interview of a test, known once that has been opened."""

    name = "model"
    version = "seat"

    def __init__(self) -> None:
        self.writer: Writer | None = None

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        assert self.writer is not None
        async for words in self.writer.write(brief):
            yield words


class BadDay:
    """The house, the emulated street, and what the operator reads."""

    def __init__(
        self, house: House, board: Faults, emulated: Emulated, desk: ModelDesk, seat: _Seat, log: io.StringIO
    ) -> None:
        self.house = house
        self.board = board
        self.emulated = emulated
        self.interview_id = UUID(int=0)
        self.talker: Talker
        self._desk = desk
        self._seat = seat
        self._log = log
        self._failures: dict[tuple[str, str, str], float] = {}

    def plan(self, service: str, **fault: Any) -> None:
        self.board.plan(service, Fault(**fault))

    async def enters(self) -> Talker:
        """A candidate who has been welcomed; nothing was said and the microphone is off."""
        self._failures = _failures()
        self.interview_id = await self.house.opens(channel="voice")
        self._seat.writer = serving.writer(self._desk, self.house.live, self.house.tenant_id, self.interview_id)
        ticket = await self.house.ticket(self.interview_id)
        self.talker = Talker(await self.house.connects())
        await self.talker.send(Hello(ticket=ticket, client="test", capabilities=("text", "audio")))
        await self.talker.next(Welcome)
        return self.talker

    async def reaches_question(self) -> Talker:
        """The first question has been heard to its end; the microphone is still off."""
        talker = await self.enters()
        await talker.reaches(1)
        return talker

    async def ends(self) -> list[Event]:
        """The candidate goes; the whole log, which is checked for what holds of every log."""
        await self.talker.leave()
        log = await self.house.left(self.interview_id)
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
        decided = [event.payload.reply_id for event in log if isinstance(event.payload, events.ReplyDecided)]
        heard = [event.payload.reply_id for event in log if isinstance(event.payload, events.ReplyHeard)]
        assert heard == decided
        assert len(set(decided)) == len(decided)
        assert all(one.at_ms <= other.at_ms for one, other in pairwise(log))
        return log

    def sounded(self, log: list[Event]) -> list[tuple[str, str]]:
        """Of each reply that was heard whole: its text and what its sound said, both folded and without spaces."""
        return [
            (squeezed(event.payload.text), squeezed(tones.decode(self.talker.sound.get(event.payload.reply_id, b""))))
            for event in log
            if isinstance(event.payload, events.ReplyHeard) and not event.payload.interrupted
        ]

    def causes(self, service: str) -> set[tuple[str, str]]:
        """The provider and cause of every failure of a service that the operator can read of."""
        name = "models.failed" if service == "llm" else "provider.failed"
        found = [line for line in self._lines if line["event"] == name and line.get("service", "llm") == service]
        return {(str(line["provider"]), str(line["cause"])) for line in found}

    def counted(self) -> set[tuple[str, str, str]]:
        """Service, provider and cause of the failures that the metrics have counted since the candidate came."""
        return {labels for labels, count in _failures().items() if count > self._failures.get(labels, 0)}

    def assert_nothing_private_in_log(self, log: list[Event]) -> None:
        """Neither party's words, four in a row, nor a key."""
        written = " ".join(_words(self._log.getvalue()))
        said = [event.payload for event in log if isinstance(event.payload, events.TurnClosed | events.ReplyHeard)]
        for text in (ANSWER, MORE, TYPED, *(each.text for each in said)):
            words = _words(text)
            for at in range(max(1, len(words) - 3)):
                run = " ".join(words[at : at + 4])
                assert not run or len(words) < 3 or run not in written, run
        for key in (KEY, WRONG_KEY):
            assert key not in self._log.getvalue()

    @property
    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]


def squeezed(text: str) -> str:
    return tones.fold(text).replace(" ", "")


def turns(log: list[Event], source: str = "speech") -> list[str]:
    """What the candidate has said, turn by turn."""
    closed = [event.payload for event in log if isinstance(event.payload, events.TurnClosed)]
    return [turn.text for turn in closed if turn.source == source]


def _words(text: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in text.lower()).split()


def _failures() -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["service"], sample.labels["provider"], sample.labels["cause"]): sample.value
        for metric in REGISTRY.collect()
        if metric.name == "viva_provider_failures"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


class Street:
    """Every emulated vendor, at an address, with a board of faults; and the product that uses them."""

    def __init__(self, url: str, services: Services, clock: Clock, board: Faults, emulated: Emulated) -> None:
        self.url = url
        self.board = board
        self._services = services
        self._clock = clock
        self._emulated = emulated

    @asynccontextmanager
    async def day(self, *, has_fallback: bool = False, **changes: Any) -> AsyncIterator[BadDay]:
        """The product with one account for each service, or two, ready for one candidate."""
        settings = _settings(self.url, self._services.settings.home, has_fallback=has_fallback, **changes)
        services = replace(self._services, settings=settings)
        desk = ModelDesk(settings, services.database, services.cache, self._clock)
        with _operators_log() as log:
            await desk.open()
            seat = _Seat()
            ears = ProviderEars(accounts_of(settings), services.objects, desk.ledger, _senses)
            try:
                async with open_house(services, self._clock, seat, ears) as house:
                    serving._tell(desk, house.live)
                    await self._until_phrases_are_made(PHRASES if settings.elevenlabs_key == KEY else 1)
                    yield BadDay(house, self.board, self._emulated, desk, seat, log)
            finally:
                await desk.close()

    async def _until_phrases_are_made(self, requests: int) -> None:
        """Nothing that is planned from here on strikes them."""
        for _ in range(1_000):
            if self.board.asked("elevenlabs") >= requests:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the phrases were not made")


@asynccontextmanager
async def open_street(database: Database, person: Person, cache: Cache, home: Path) -> AsyncIterator[Street]:
    """A street on a test's own loop, over its database."""
    board, emulated, clock = Faults(), Emulated(key=KEY), Clock()
    services = await make_services(database, person, home, cache=cache, now=clock)
    async with emulators.serving(application(board, emulated)) as url:
        yield Street(url, services, clock, board, emulated)


def _settings(url: str, home: Path, *, has_fallback: bool, **changes: Any) -> Settings:
    chosen: dict[str, Any] = {
        "home": home,
        "deepgram_key": KEY,
        "deepgram_url": f"{url}/deepgram",
        "elevenlabs_key": KEY,
        "elevenlabs_url": f"{url}/elevenlabs",
        "anthropic_key": KEY,
        "anthropic_url": f"{url}/anthropic",
    }
    if has_fallback:
        for service in ("stt", "tts", "llm"):
            chosen |= {f"{service}_url": f"{url}/openai/v1", f"{service}_key": KEY}
        chosen["llm_model"] = "gpt-5-mini"
    return Settings(**(chosen | changes))


@contextmanager
def _operators_log() -> Iterator[io.StringIO]:
    """What the operator reads while the block lasts, one JSON object a line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    access = logging.getLogger("uvicorn.access").disabled
    written = io.StringIO()
    operator_log.configure(Settings(log_level="debug"), written)
    try:
        yield written
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("uvicorn.access").disabled = access
