"""A recording's words, with their times, after the interview."""

from collections.abc import AsyncIterator

import pytest

from agents.providers.transcribing import NotTranscribable, TranscriptionError, transcribe
from tests.agents.providers.rooms import said, service
from tests.emulators.faults import Fault
from tests.emulators.sounds import wav

TEXT = "It took three weeks and halved the errors."


async def test_a_recording_becomes_words_with_times_and_confidences() -> None:
    async with service() as one:
        found = await transcribe(one.hears(), wav(said(TEXT)), "audio/wav", "en")
    assert found.text == TEXT
    assert [word.text for word in found.words] == TEXT.split()
    assert all(word.from_ms < word.to_ms <= found.duration_ms for word in found.words)
    assert all(0.9 < word.confidence <= 1 for word in found.words)


async def test_a_recording_may_come_piece_by_piece() -> None:
    recording = wav(said(TEXT))

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(recording), 10_000):
            yield recording[at : at + 10_000]

    async with service() as one:
        found = await transcribe(one.hears(), pieces(), "audio/wav", "en")
    assert found.text == TEXT


async def test_a_failure_has_its_cause_and_no_key() -> None:
    async with service() as one:
        with pytest.raises(TranscriptionError) as refused:
            await transcribe(one.hears(key="mine"), wav(said(TEXT)), "audio/wav", "en")
        one.faults.plan("deepgram", Fault(kind="malformed", times=None))
        with pytest.raises(TranscriptionError) as garbage:
            await transcribe(one.hears(), wav(said(TEXT)), "audio/wav", "en")
    assert refused.value.cause == "key_refused"
    assert "mine" not in str(refused.value)
    assert garbage.value.cause == "garbage"


async def test_other_providers_transcribe_no_recordings() -> None:
    async with service() as one:
        with pytest.raises(NotTranscribable):
            await transcribe(one.hears_stretches(), b"", "audio/wav", "en")
