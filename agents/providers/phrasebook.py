"""Phrases made ahead in the interview's voices, so that they sound at once, even while the provider is away."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog
from elevenlabs.client import AsyncElevenLabs

from agents.plans import Language
from agents.providers.accounts import VoiceAccount
from agents.providers.causes import Cause, cause_of
from agents.providers.plugins import root_of, takes_language

log = structlog.get_logger()

_FORMAT = "pcm_16000"
_LONGEST = 20 * 16_000 * 2
"""Bytes of 20 s: no phrase is longer, and what is longer is no phrase."""
_SECONDS = 20


class Shelf(Protocol):
    """Keeps bytes under a name (a hash, with `.pcm`) between starts."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, data: bytes) -> None: ...


class Phrasebook:
    """Every phrase in the first ElevenLabs voice of its language; 16 kHz, 16-bit mono samples."""

    def __init__(
        self, accounts: Sequence[VoiceAccount], phrases: Mapping[Language, Sequence[str]], shelf: Shelf | None
    ) -> None:
        self._accounts = accounts[:1]
        self._phrases = phrases
        self._shelf = shelf
        self._sounds: dict[str, bytes] = {}

    def sound(self, account: VoiceAccount, language: Language, text: str) -> bytes | None:
        """The phrase's samples, or None where it was not made (yet)."""
        return self._sounds.get(_key(account, language, text)) if language in account.voices else None

    async def fill(self) -> None:
        """Take every phrase from the shelf, or have it made. Never raises: a phrase that is missing is spoken live."""
        for account, language, text in self._wanted():
            try:
                await self._make(account, language, text)
            except Exception as error:
                cause: Cause = cause_of(error)
                log.warning("phrase_not_made", provider=account.provider, model=account.model, cause=cause)
                if cause in {"key_refused", "quota_spent"}:
                    return

    def _wanted(self) -> Iterable[tuple[VoiceAccount, Language, str]]:
        for account in self._accounts:
            if account.provider == "elevenlabs":
                for language, texts in self._phrases.items():
                    if language in account.voices:
                        yield from ((account, language, text) for text in texts)

    async def _make(self, account: VoiceAccount, language: Language, text: str) -> None:
        key = _key(account, language, text)
        kept = await self._shelf.get(key) if self._shelf else None
        if kept is None:
            kept = await asyncio.wait_for(_spoken(account, language, text), _SECONDS)
            if self._shelf is not None and kept:
                await self._shelf.put(key, kept)
        if kept and len(kept) % 2 == 0:
            self._sounds[key] = kept


def _key(account: VoiceAccount, language: Language, text: str) -> str:
    parts = (account.provider, account.model, account.voices[language], language, _FORMAT, text)
    return f"{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()}.pcm"


async def _spoken(account: VoiceAccount, language: Language, text: str) -> bytes:
    client = AsyncElevenLabs(api_key=account.key, base_url=root_of(account, "elevenlabs"), timeout=_SECONDS)
    chunks = client.text_to_speech.convert(
        account.voices[language],
        text=text,
        model_id=account.model,
        output_format=_FORMAT,
        language_code=language if takes_language(account.model) else None,
        request_options={"max_retries": 0},
    )
    sound = bytearray()
    async for chunk in chunks:
        sound += chunk
        if len(sound) > _LONGEST:
            return b""
    return bytes(sound)
