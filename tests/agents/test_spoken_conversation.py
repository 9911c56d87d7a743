"""A spoken interview: real voice activity, real end of turn, real pace; only words and voice are scripted."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest

from agents import events
from agents.audio import BYTES_A_MS, FRAME_BYTES, FRAME_MS
from agents.conversation import Conversation, Watch
from agents.director import Press, Turn
from agents.plans import Language
from agents.senses import Senses
from agents.session import Sound
from storage.database import Database
from storage.ids import uuid7
from tests.agents.room import PLAN, Room, open_room
from tests.agents.scripted import Ear
from tests.agents.sounding import CountingVoice, EnergyRecogniser
from tests.conftest import Person
from tests.emulators.candidate_speech import speech
from tests.emulators.sounds import cough, silence

SENSES = Senses(unlikely_threshold=0.12)
"""Synthetic voices score low: with the product's own threshold each turn would end late."""
YES = "Yes, I do."
ANSWER = "I moved our invoices to a new service, and nobody had to wait for them again."


class Client:
    """The candidate's machine: sends what `say` is given as it is spoken, plays what comes, and reports that."""

    def __init__(self) -> None:
        self.conversation: Conversation | None = None
        self.told: list[tuple[str, int]] = []
        self.ms = 0
        self.is_deaf = False
        """Reports nothing of what it plays."""
        self._segment = 0
        self._sent_ms = 0
        self._began = 0.0
        self._paused_at: float | None = None
        self._to_say: asyncio.Queue[bytes] = asyncio.Queue()
        self._silent = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # The line.
    def audio_began(self, segment: int, reply_id: UUID | None) -> None:
        self._tell("began", segment)
        self._segment, self._sent_ms, self._began = segment, 0, time.monotonic()

    def audio(self, pcm: bytes) -> None:
        self.ms += len(pcm) // BYTES_A_MS
        self._sent_ms += len(pcm) // BYTES_A_MS

    def audio_ended(self, segment: int) -> None:
        self._tell("ended", segment)
        task = asyncio.create_task(self._play_out(segment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def audio_cleared(self, segment: int) -> None:
        self._tell("cleared", segment)
        self._report(segment, done=True)

    def audio_paused(self, segment: int) -> None:
        self._tell("paused", segment)
        self._paused_at = time.monotonic()

    def audio_resumed(self, segment: int) -> None:
        self._tell("resumed", segment)
        if self._paused_at is not None:
            self._began += time.monotonic() - self._paused_at
            self._paused_at = None

    # The candidate.
    async def say(self, pcm: bytes) -> None:
        """Returns when it has been spoken."""
        self._silent.clear()
        self._to_say.put_nowait(pcm)
        await self._silent.wait()

    def presses_to_be_heard(self) -> None:
        """Stops our voice by a key."""
        self._report(self._segment, done=True)

    def did(self, what: str) -> int:
        return sum(told == what for told, _ in self.told)

    async def live(self) -> None:
        """Sends a frame every 20 ms, silence where nothing is said."""
        due = time.monotonic()
        saying = b""
        while True:
            if len(saying) < FRAME_BYTES:
                saying = b"" if self._to_say.empty() else self._to_say.get_nowait()
                if not saying:
                    self._silent.set()
            frame, saying = (saying[:FRAME_BYTES], saying[FRAME_BYTES:]) if saying else (bytes(FRAME_BYTES), b"")
            if self.conversation is not None:
                self.conversation.hear(frame)
            due += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _play_out(self, segment: int) -> None:
        while (left_ms := self._sent_ms - self._position_ms) > 0:
            await asyncio.sleep(max(left_ms, FRAME_MS) / 1000)
            if self._segment != segment:
                return
        self._report(segment, done=True)

    @property
    def _position_ms(self) -> int:
        until = self._paused_at if self._paused_at is not None else time.monotonic()
        return min(self._sent_ms, int((until - self._began) * 1000))

    def _report(self, segment: int, *, done: bool) -> None:
        if self.conversation is not None and not self.is_deaf:
            self.conversation.playback(segment, self._position_ms, done=done)

    def _tell(self, what: str, segment: int) -> None:
        self.told.append((what, segment))


class Booth:
    """A room with sound."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.client = Client()
        self.voice = CountingVoice(character_ms=4)
        self.languages: list[Language] = []

    @asynccontextmanager
    async def attended(self, says: Iterable[str]) -> AsyncIterator[tuple[Conversation, Ear]]:
        script = itertools.chain(says, itertools.repeat(""))

        def sound(language: Language, _watch: Watch) -> Sound:
            self.languages.append(language)
            return Sound(self.client, EnergyRecogniser(script), self.voice, SENSES, 0.3, 1.2)

        async with self.room.attended(sounds=sound, monotonic=time.monotonic) as (conversation, ear):
            self.client.conversation = conversation
            living = asyncio.create_task(self.client.live())
            try:
                yield conversation, ear
            finally:
                living.cancel()
                with suppress(asyncio.CancelledError):
                    await living


@pytest.fixture
async def booth(database: Database, tenant: Person) -> Booth:
    return Booth(await open_room(database, tenant, "voice"))


def heard(ear: Ear) -> list[events.ReplyHeard]:
    return [event.payload for event in ear.events if isinstance(event.payload, events.ReplyHeard)]


def facts(ear: Ear, kind: type) -> int:
    return sum(isinstance(event.payload, kind) for event in ear.events)


async def to_warm_up(conversation: Conversation, ear: Ear) -> None:
    await ear.until(lambda: len(heard(ear)) == 1)
    conversation.put(Press("consent"), "consent")
    await ear.until(lambda: len(heard(ear)) == 2)


async def test_what_is_said_is_kept_with_its_words_and_answered_in_speech(booth: Booth) -> None:
    async with booth.attended([YES, ANSWER]) as (_conversation, ear):
        await ear.until(lambda: len(heard(ear)) == 1)
        await booth.client.say(speech(YES))
        await ear.until(lambda: len(heard(ear)) == 2)
        await booth.client.say(speech(ANSWER))
        await ear.until(lambda: facts(ear, events.QuestionAsked) == 1)
        times = ear.times[-1]
    finals = await booth.room.facts(events.SpeechFinal)
    turns = await booth.room.facts(events.TurnClosed)
    assert [final.text for final in finals] == [YES, ANSWER]
    assert [(turn.text, turn.source) for turn in turns] == [(YES, "speech"), (ANSWER, "speech")]
    words = finals[1].words
    assert [word.text for word in words] == ANSWER.split()
    assert all(one.to_ms <= other.from_ms + 1 for one, other in itertools.pairwise(words))
    log = await booth.room.log.read()
    closed = next(event for event in log if event.payload == turns[1])
    assert 0 < words[0].from_ms < words[-1].to_ms <= closed.at_ms
    assert times.source == "speech"
    assert times.endpointing_ms
    assert times.first_byte_ms is not None
    assert times.total_ms is not None
    assert times.total_ms >= times.endpointing_ms
    assert "".join(ear.replies.values()).count(PLAN.questions[0].text["en"]) == 1


async def test_a_candidate_who_speaks_over_us_is_heard_and_only_what_reached_them_counts(booth: Booth) -> None:
    booth.voice = CountingVoice(character_ms=50)
    async with booth.attended(["Sorry, I have to say something before we begin."]) as (_conversation, ear):
        await ear.until(lambda: len(ear.last) > 40)
        await booth.client.say(speech("Sorry, I have to say something before we begin."))
        await ear.until(lambda: facts(ear, events.TurnClosed) == 1)
    cut = heard(ear)[0]
    assert cut.interrupted
    assert 0 < len(cut.text) < len(booth.voice.spoken[0])
    assert booth.voice.spoken[0].startswith(cut.text)
    assert booth.client.told[:3] == [("began", 1), ("paused", 1), ("cleared", 1)]


async def test_a_cough_makes_us_pause_and_go_on_without_losing_a_frame(booth: Booth) -> None:
    booth.voice = CountingVoice(character_ms=20)
    async with booth.attended([""]) as (_conversation, ear):
        await ear.until(lambda: len(ear.last) > 20)
        # Loud enough to be taken for speech, and without words.
        await booth.client.say(speech("Ah! Ahem.") + silence(0.2))
        await ear.until(lambda: len(heard(ear)) == 1, within_s=30)
    assert not heard(ear)[0].interrupted
    assert heard(ear)[0].text == booth.voice.spoken[0].strip()
    assert booth.client.did("paused") == booth.client.did("resumed") >= 1
    assert booth.client.ms == len(booth.voice.spoken[0]) * 20


async def test_a_cough_in_silence_is_no_turn(booth: Booth) -> None:
    async with booth.attended([""]) as (conversation, ear):
        await to_warm_up(conversation, ear)
        await booth.client.say(cough() + silence(1.5))
        assert facts(ear, events.TurnClosed) == 0
        conversation.put(Turn(uuid7(), "I build tables.", "typed"), "a")
        await ear.until(lambda: facts(ear, events.QuestionAsked) == 1)


async def test_a_murmur_under_our_words_does_not_stop_us(booth: Booth) -> None:
    async with booth.attended([YES, "Mm-hmm."]) as (_conversation, ear):
        await ear.until(lambda: len(heard(ear)) == 1)
        booth.voice.character_ms = 25
        await booth.client.say(speech(YES))
        await ear.until(lambda: len(ear.replies) == 2 and len(ear.last) > 15)
        await booth.client.say(speech("Uh huh, yes.") + silence(0.2))
        await ear.until(lambda: len(heard(ear)) == 2, within_s=30)
    assert not heard(ear)[1].interrupted
    assert [turn.text for turn in await booth.room.facts(events.TurnClosed)] == [YES]


async def test_a_yes_to_the_question_of_consent_is_never_a_murmur(booth: Booth) -> None:
    booth.voice = CountingVoice(character_ms=15)
    async with booth.attended([YES]) as (_conversation, ear):
        await ear.until(lambda: "Do you agree" in ear.last, within_s=30)
        await booth.client.say(speech(YES))
        await ear.until(lambda: facts(ear, events.ConsentGiven) == 1)


async def test_a_reply_to_typed_words_is_shown_at_once_while_somebody_talks_nearby(booth: Booth) -> None:
    async with booth.attended(itertools.repeat("")) as (conversation, ear):
        await to_warm_up(conversation, ear)
        began = booth.client.did("began")
        talking = asyncio.create_task(booth.client.say(speech(ANSWER) * 2))
        for _ in range(250):
            if conversation.listening.is_stirred:
                break
            await asyncio.sleep(FRAME_MS / 1000)
        conversation.put(Turn(uuid7(), "I build tables.", "typed"), "a")
        await ear.until(lambda: PLAN.questions[0].text["en"] in ear.last)
        assert booth.client.did("began") == began
        await talking
        await ear.until(lambda: facts(ear, events.QuestionAsked) == 1, within_s=20)


async def test_a_voice_that_fails_leaves_the_words_to_be_read_and_says_so(booth: Booth) -> None:
    booth.voice = CountingVoice(fails_after=10)
    async with booth.attended([]) as (conversation, ear):
        await to_warm_up(conversation, ear)
    assert heard(ear)[0].text.endswith("Do you agree to go on?")
    first = (await booth.room.facts(events.ProviderChanged))[0]
    assert (first.service, first.reason) == ("tts", "lost")


async def test_a_client_that_falls_silent_in_mid_word_does_not_hold_the_turn_open(booth: Booth) -> None:
    async with booth.attended([ANSWER]) as (conversation, ear):
        await to_warm_up(conversation, ear)
        await booth.client.say(speech(ANSWER)[: 2_000 * BYTES_A_MS])
        booth.client.conversation = None  # Nothing more is sent.
        await ear.until(lambda: facts(ear, events.TurnClosed) == 1)
        booth.client.conversation = conversation
        await ear.until(lambda: facts(ear, events.QuestionAsked) == 1)


async def test_a_client_that_stops_our_voice_has_the_floor(booth: Booth) -> None:
    booth.voice = CountingVoice(character_ms=50)
    async with booth.attended([]) as (_conversation, ear):
        await ear.until(lambda: len(ear.last) > 30)
        booth.client.presses_to_be_heard()
        await ear.until(lambda: len(heard(ear)) == 1)
        assert heard(ear)[0].interrupted
        assert 10 < len(heard(ear)[0].text) < 80
        await ear.until(lambda: len(ear.replies) == 2)
        assert booth.client.did("cleared") == 0


async def test_a_client_that_reports_nothing_is_not_waited_for(booth: Booth) -> None:
    booth.client.is_deaf = True
    async with booth.attended([]) as (conversation, ear):
        await to_warm_up(conversation, ear)
    assert not any(fact.interrupted for fact in heard(ear))


async def test_another_language_is_heard_and_spoken_from_the_next_word_on(booth: Booth) -> None:
    async with booth.attended(["Sí, de acuerdo."]) as (conversation, ear):
        await ear.until(lambda: len(heard(ear)) == 1)
        conversation.put(Press("language", "es"), "es")
        await ear.until(lambda: len(heard(ear)) == 2)
        await booth.client.say(speech("Sí, de acuerdo.", "es"))
        await ear.until(lambda: facts(ear, events.ConsentGiven) == 1)
        await ear.until(lambda: len(heard(ear)) == 3)
    assert booth.languages == ["en", "es"]
    segments = [segment for told, segment in booth.client.told if told == "began"]
    assert segments == sorted(set(segments))


async def test_a_burst_after_a_stall_loses_nothing(booth: Booth) -> None:
    async with booth.attended([ANSWER]) as (conversation, ear):
        await to_warm_up(conversation, ear)
        whole = speech(ANSWER)
        half = len(whole) // 2 // FRAME_BYTES * FRAME_BYTES
        await booth.client.say(whole[:half])
        for start in range(half, len(whole), FRAME_BYTES):
            conversation.hear(whole[start : start + FRAME_BYTES])
        await ear.until(lambda: facts(ear, events.TurnClosed) == 1)
    assert [turn.text for turn in await booth.room.facts(events.TurnClosed)] == [ANSWER]
