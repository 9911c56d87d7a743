"""Days on which the sound or the line is bad: what is no speech is nothing, and what is speech counts once."""

import math
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents import audio, director, events
from agents.audio import FRAME_BYTES
from agents.events import Event
from agents.phrases import phrase
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.emulators.candidate_speech import SECOND_VOICES, speech
from tests.emulators.sounds import cough, music, noise, silence, two_people
from tests.server.live.bad_days import ANSWER, MORE, WITHIN_S, BadDay, Street, Talker, answer, open_street, turns

LEAD_MS = audio.LEAD_MS
QUIET_MS = 800


@pytest.fixture
async def street(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    # A reply is played as soon as it comes, until a test wants it at its own pace.
    monkeypatch.setattr(audio, "LEAD_MS", 1e9)
    async with open_street(database, tenant, redis_cache, tmp_path) as opened:
        yield opened


async def answers(talker: Talker, text: str = ANSWER) -> None:
    """Speaks, is heard and is asked the next thing within the time."""
    spoken = await talker.says(answer(text))
    closed = await talker.fact("turn.closed")
    await talker.asked_after(closed.seq)
    waited_s, what = talker.true_after(spoken)
    assert waited_s < WITHIN_S
    assert what in ("audio", "words")


async def ends(day: BadDay, *said: str) -> list[Event]:
    """The log, in which just that was said, and no service failed."""
    log = await day.ends()
    finals = [event.payload.text for event in log if isinstance(event.payload, events.SpeechFinal)]
    assert " ".join(finals) == " ".join(turns(log)) == " ".join(said)
    for text, sound in day.sounded(log):
        assert text == sound
    assert not day.counted()
    day.assert_nothing_private_in_log(log)
    return log


async def test_silence_is_nudged_then_offered_a_way_on_then_left(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(director.QUIET_MS, "voice", (QUIET_MS, QUIET_MS, QUIET_MS))
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        asked = talker.told("question.asked")[0]
        noticed = await talker.fact("silence.noticed")
        assert QUIET_MS <= noticed.at_ms - asked.at_ms < QUIET_MS + 500
        skipped = await talker.fact("question.skipped")
        assert skipped.event["by"] == "silence"
        await talker.asked_after(skipped.seq)
        log = await ends(day)
    said = [event.payload.kind for event in log if isinstance(event.payload, events.ReplyDecided)]
    assert said[3:6] == ["nudge", "move_on", "next"]


@pytest.mark.parametrize("name", ["noise", "music", "cough"])
async def test_what_is_no_speech_is_no_turn_and_the_answer_after_it_is(street: Street, name: str) -> None:
    sound = {"noise": noise(2.0), "music": music(2.0), "cough": cough()}[name]
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        await talker.says(sound + silence(1.5))
        assert len(talker.told("turn.closed")) == 1
        await answers(talker)
        await ends(day, ANSWER)


async def test_an_answer_over_a_noisy_street_is_heard(street: Street) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        spoken = answer()
        await talker.says(noise(1.5, level=0.01))
        await talker.says(two_people(spoken, noise(len(spoken) / 32_000, level=0.01)))
        closed = await talker.fact("turn.closed")
        await talker.asked_after(closed.seq)
        await ends(day, ANSWER)


async def test_two_people_at_once_are_one_turn_of_what_could_be_understood(street: Street) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        other = speech(MORE, rate=220, voice=SECOND_VOICES["en"])
        spoken = await talker.says(two_people(answer(), silence(0.2) + other))
        closed = await talker.fact("turn.closed")
        await talker.asked_after(closed.seq)
        assert talker.true_after(spoken)[0] < WITHIN_S
        log = await ends(day, str(closed.event["text"]))
    words = set(turns(log)[0].split())
    assert words
    assert words <= {*ANSWER.split(), *MORE.split()}


async def test_a_cough_under_our_words_does_not_cost_one_of_them(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        monkeypatch.setattr(audio, "LEAD_MS", LEAD_MS)
        talker.is_live = True
        await talker.press("wait")
        await talker.until_sounding()
        await talker.says(cough() + silence(0.2))
        heard = await talker.fact("reply.heard")
        assert (heard.event["text"], heard.event["interrupted"]) == (phrase("en", "wait"), False)
        await ends(day)


async def test_a_frozen_tab_ends_the_turn_and_is_heard_again_when_it_is_back(street: Street) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        spoken = answer()
        half = spoken[: len(spoken) // 2 // FRAME_BYTES * FRAME_BYTES]
        frozen = await talker.says(half)
        talker.switch_off()
        closed = await talker.fact("turn.closed")
        await talker.asked_after(closed.seq)
        assert talker.true_after(frozen)[0] < WITHIN_S
        first = str(closed.event["text"])
        assert first
        assert ANSWER.startswith(first)
        talker.switch_on()
        await answers(talker, MORE)
        await ends(day, first, MORE)


async def test_frames_that_come_once_a_second_lose_no_word(street: Street) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.late = lambda at_s: math.ceil(at_s) - at_s
        talker.switch_on()
        spoken = await talker.says(answer())
        # A second without a frame is taken for a pause: the answer may come in parts.
        closed = await talker.closes(ANSWER)
        await talker.asked_after(closed)
        # The last frame may be sent after the turn has closed: it waits for the end of its second.
        assert talker.true_after(min(spoken, talker.came_at(closed)))[0] < WITHIN_S
        await ends(day, ANSWER)


async def test_a_jitter_of_a_fifth_of_a_second_loses_no_word(street: Street) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        chance = random.Random(7)  # noqa: S311 - a line's, not a secret's
        talker.late = lambda _at_s: chance.uniform(0.0, 0.2)
        talker.switch_on()
        await answers(talker)
        await ends(day, ANSWER)


async def test_a_line_slower_than_speech_loses_no_sound(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    async with street.day() as day:
        talker = await day.reaches_question()
        talker.switch_on()
        monkeypatch.setattr(audio, "LEAD_MS", LEAD_MS)
        talker.is_live = True
        talker.reads_slowly_s = 0.025
        await talker.press("wait")
        heard = await talker.fact("reply.heard")
        assert (heard.event["text"], heard.event["interrupted"]) == (phrase("en", "wait"), False)
        talker.reads_slowly_s, talker.is_live = 0.0, False
        monkeypatch.setattr(audio, "LEAD_MS", 1e9)
        await talker.settled()
        await answers(talker)
        await ends(day, ANSWER)
