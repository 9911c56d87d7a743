"""A spoken interview over a real socket: what its frames may be, and what becomes of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from agents.audio import FRAME_BYTES
from server.live import frames, protocol
from server.live.protocol import (
    AudioBegin,
    AudioClear,
    AudioEnd,
    Interim,
    Microphone,
    Playback,
    Problem,
    ReplyDelta,
    TurnMeasured,
)
from server.metrics import REGISTRY
from storage import reports
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.emulators.candidate_speech import speech
from tests.server.live.candidate import Candidate
from tests.server.live.ears import ScriptedEars
from tests.server.live.house import HeldWriter, House, open_house
from tests.server.serving import Clock, make_services

YES = "Yes, I do."


@pytest.fixture
def ears() -> ScriptedEars:
    return ScriptedEars(itertools.chain([YES], itertools.repeat("")))


@pytest.fixture
async def house(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, writer: HeldWriter, ears: ScriptedEars
) -> AsyncIterator[House]:
    clock = Clock()
    services = await make_services(database, tenant, tmp_path, cache=redis_cache, now=clock)
    async with open_house(services, clock, writer, ears) as opened:
        yield opened


async def speak(candidate: Candidate, pcm: bytes) -> None:
    """In real time, with a little silence after it."""
    pcm += bytes(FRAME_BYTES * 40)
    for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        await candidate.raw(pcm[start : start + FRAME_BYTES])
        await asyncio.sleep(0.02)


async def test_a_voice_interview_is_told_what_its_frames_carry(house: House) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    assert candidate.welcome.audio == protocol.AudioTerms(16_000, 20, 6_400)


async def test_a_typed_interview_and_a_client_without_sound_have_none(house: House) -> None:
    typed = await house.speaks(await house.opens())
    assert typed.welcome.audio is None
    await typed.raw(bytes(FRAME_BYTES))
    assert (await typed.closed(), typed.problem.code) == (4415, "wrong_frame")
    mute = await house.enters(await house.opens(channel="voice"))
    assert mute.welcome.audio is None
    assert await mute.floor()


async def test_a_reply_comes_as_words_and_as_the_frames_that_speak_them(house: House, ears: ScriptedEars) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    words = await candidate.floor()
    begin = candidate.all(AudioBegin)[0]
    assert begin.segment == 1
    assert begin.reply_id == candidate.all(ReplyDelta)[0].reply_id
    assert "".join(delta.text for delta in candidate.all(ReplyDelta)).strip() == words
    assert candidate.played_ms == 4 * len(ears.voice.spoken[0])
    assert [end.segment for end in candidate.all(AudioEnd)] == [1]


async def test_what_is_said_is_shown_while_it_is_said_and_measured_once_it_is_answered(house: House) -> None:
    interview_id = await house.opens(channel="voice")
    candidate = await house.speaks(interview_id, figures=True)
    await candidate.floor()
    await speak(candidate, speech(YES))
    turn = await candidate.fact("turn.closed")
    assert (turn.event["text"], turn.event["source"]) == (YES, "speech")
    measured = await candidate.next(TurnMeasured)
    assert measured.turn == 1
    assert measured.endpointing_ms is not None
    assert measured.first_byte_ms is not None
    assert measured.total_ms is not None
    interims = [interim.text for interim in candidate.all(Interim)]
    assert interims[-1] == ""
    assert len(interims) > 2
    await candidate.floor()
    await candidate.drop()
    await house.left(interview_id)
    async with house.services.database.tenant(house.tenant_id) as connection:
        [kept] = await reports.turns_of(connection, interview_id)
    assert kept.turn_number == 1
    assert kept.endpointing_ms == pytest.approx(measured.endpointing_ms, abs=0.1)
    assert REGISTRY.get_sample_value("viva_turn_seconds_count", {"channel": "voice", "part": "total"})


@pytest.mark.parametrize(
    ("length", "code"),
    [(641, "odd_frame"), (0, "odd_frame"), (6_402, "frame_too_long"), (700_001, "frame_too_long")],
)
async def test_a_frame_that_is_no_sound_is_dropped_and_the_interview_goes_on(
    house: House, length: int, code: str
) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    await candidate.floor()
    await candidate.raw(bytes(length))
    problem = await candidate.next(Problem)
    assert (problem.code, problem.fatal) == (code, False)
    await candidate.press("consent")
    assert await candidate.floor()


async def test_a_frame_of_ten_megabytes_closes_the_socket_and_loses_nothing(house: House) -> None:
    interview_id = await house.opens(channel="voice")
    candidate = await house.speaks(interview_id)
    await candidate.floor()
    with suppress(ConnectionClosed):
        await candidate.raw(bytes(10_000_000))
    assert await candidate.closed() == 1009
    log = await house.left(interview_id)
    again = await house.speaks(interview_id, last_seq=log[-1].seq)
    assert "Do you agree to go on?" in await again.floor()


async def test_audio_faster_than_anyone_speaks_closes_the_socket(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_AUDIO_AT_ONCE_S", 2.0)
    candidate = await house.speaks(await house.opens(channel="voice"))
    for _ in range(20):
        await candidate.raw(bytes(protocol.LONGEST_FRAME_BYTES))
    assert (await candidate.closed(), candidate.problem.code) == (4429, "too_many")


async def test_a_burst_after_a_stall_is_taken_whole(house: House) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    await candidate.floor()
    for _ in range(250):
        await candidate.raw(bytes(protocol.LONGEST_FRAME_BYTES))
    await candidate.settled()
    assert not candidate.all(Problem)


async def test_a_client_that_stops_playing_is_heard_to_the_place_it_reports(house: House, ears: ScriptedEars) -> None:
    ears.voice.character_ms = 50
    candidate = await house.speaks(await house.opens(channel="voice"))
    candidate.plays = False
    begin = await candidate.next(AudioBegin)
    await candidate.next(ReplyDelta, lambda delta: "welcome" in delta.text)
    await candidate.send(Playback(segment=begin.segment, ms=900, done=True))
    heard = await candidate.fact("reply.heard")
    assert heard.event["interrupted"]
    assert 0 < len(heard.event["text"]) < 60
    assert not candidate.all(AudioClear)


async def test_a_muted_microphone_leaves_typing(house: House) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    await candidate.floor()
    await candidate.send(Microphone(state="muted"))
    await candidate.press("consent")
    await candidate.floor()
    await candidate.say("I build things that store data.")
    assert (await candidate.fact("question.asked")).event["question_id"] == "q1"


async def test_news_of_segments_that_never_were_change_nothing(house: House) -> None:
    candidate = await house.speaks(await house.opens(channel="voice"))
    for segment, ms in [(99, 10), (-1, 10), (0, -5), (1, -10_000), (1, 10**9)]:
        await candidate.send(Playback(segment=segment, ms=ms))
    assert (await candidate.floor()).endswith("Do you agree to go on?")
