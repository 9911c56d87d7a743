"""Words of a whole recording, after the interview: Deepgram's batch service by its own SDK."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import msgspec
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment

from agents.plans import Language
from agents.providers.accounts import HearingAccount
from agents.providers.causes import Cause, cause_of
from agents.providers.plugins import root_of

_SECONDS = 600.0
"""For an hour of audio; the vendor answers within a few minutes or not at all."""


class TranscribedWord(msgspec.Struct, frozen=True):
    """A word as written, with its place in the recording."""

    text: str
    from_ms: int
    to_ms: int
    confidence: float


class Transcript(msgspec.Struct, frozen=True):
    text: str
    words: tuple[TranscribedWord, ...]
    duration_ms: int
    model: str


class TranscriptionError(Exception):
    """A recording that was not transcribed; `cause` says why. The message holds neither words nor keys.

    TranscriptionError
    ├── NotTranscribable    the account's provider has no batch transcription with word times
    └── (itself)            the service failed
    """

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause: Cause = cause


class NotTranscribable(TranscriptionError):
    def __init__(self) -> None:
        super().__init__("Recordings are transcribed by Deepgram only. Add an account of it.", "refused")


def deepgram_client(account: HearingAccount, *, seconds: float) -> AsyncDeepgramClient:
    """The vendor's client at the account's address, with a time limit in seconds for each request."""
    root = root_of(account, "deepgram")
    wire = root.replace("http", "ws", 1)
    environment = DeepgramClientEnvironment(base=root, production=wire, agent=wire, agent_rest=root)
    return AsyncDeepgramClient(api_key=account.key, environment=environment, timeout=seconds)


async def transcribe(
    account: HearingAccount,
    audio: bytes | AsyncIterable[bytes],
    mimetype: str,
    language: Language,
) -> Transcript:
    """The recording's words with milliseconds and confidences (0–1), by `nova-3`. Raises `TranscriptionError`."""
    if account.provider != "deepgram":
        raise NotTranscribable
    client = deepgram_client(account, seconds=_SECONDS)
    try:
        answer: Any = await client.listen.v1.media.transcribe_file(
            request=audio if isinstance(audio, bytes) else _pieces(audio),
            model="nova-3",
            language=language,
            smart_format=True,
            punctuate=True,
            filler_words=True,
            request_options={
                "max_retries": 1,
                "additional_headers": {"Content-Type": mimetype},
                "timeout": _SECONDS,
            },
        )
        return _transcript(answer)
    except Exception as error:
        cause = cause_of(error)
        raise TranscriptionError(f"The recording could not be transcribed ({cause}). Try again later.", cause) from None


async def _pieces(audio: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in audio:
        yield piece


def _transcript(answer: Any) -> Transcript:
    channels = answer.results.channels
    best = channels[0].alternatives[0] if channels and channels[0].alternatives else None
    words = tuple(
        TranscribedWord(
            text=getattr(word, "punctuated_word", None) or word.word or "",
            from_ms=round((word.start or 0.0) * 1000),
            to_ms=round((word.end or 0.0) * 1000),
            confidence=word.confidence or 0.0,
        )
        for word in (best.words if best and best.words else ())
    )
    return Transcript(
        text=(best.transcript if best else "") or "",
        words=words,
        duration_ms=round((answer.metadata.duration or 0.0) * 1000),
        model="nova-3",
    )
