"""livekit's plugins for the accounts, with the settings an interview needs and no retries of their own."""

from collections.abc import Sequence
from typing import Any

import aiohttp
import openai as openai_sdk
from livekit.agents import APIConnectOptions, stt
from livekit.agents.tokenize import SentenceStream, SentenceTokenizer, TokenData
from livekit.agents.types import NOT_GIVEN
from livekit.plugins import deepgram, elevenlabs
from livekit.plugins import openai as openai_plugin

from agents.plans import Language
from agents.providers.accounts import Account, HearingAccount, VoiceAccount
from agents.providers.sockets import CheckedSocket

SAMPLE_RATE = 16_000
"""Hz, both ways."""

_VENDORS = {"deepgram": "https://api.deepgram.com", "elevenlabs": "https://api.elevenlabs.io"}
_VERSIONS = ("/listen", "/v1", "/v2")


def once(connect: float) -> APIConnectOptions:
    """One try, `connect` seconds to open the connection."""
    return APIConnectOptions(max_retry=0, timeout=connect)


def root_of(account: Account, provider: str) -> str:
    """The vendor's address without path; an account may give it with or without its version."""
    url = (account.url or _VENDORS[provider]).rstrip("/")
    for ending in _VERSIONS:
        url = url.removesuffix(ending)
    return url


def hearing_model(account: HearingAccount, language: Language) -> str:
    """The model that hears this language: English Flux knows no other, so Nova hears the rest with the same key."""
    if account.model.startswith("flux") and account.model.endswith("-en") and language != "en":
        return "nova-3"
    return account.model


def takes_language(model: str) -> bool:
    """Whether an ElevenLabs model can be told the language; the others refuse the parameter."""
    return any(sign in model for sign in ("v2_5", "v3", "v4"))


class Plugins:
    """Makes plugins over one shared session and one client for each account; open from `open` to `close`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._clients: dict[tuple[str | None, str], openai_sdk.AsyncOpenAI] = {}

    def open(self) -> None:
        """The shared session, on the running loop; its sockets are checked."""
        self._session = aiohttp.ClientSession(ws_response_class=CheckedSocket)

    async def close(self) -> None:
        """Closes every connection that is left."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.close()
        if self._session is not None:
            await self._session.close()

    def streaming_stt(self, account: HearingAccount, language: Language, keyterms: Sequence[str]) -> stt.STT[Any]:
        """Deepgram by the protocol that its model speaks."""
        model = hearing_model(account, language)
        root = root_of(account, "deepgram")
        if model.startswith("flux"):
            return deepgram.STTv2(
                model=model,
                api_key=account.key,
                base_url=f"{root.replace('http', 'ws', 1)}/v2/listen",
                http_session=self._session,
                eager_eot_threshold=0.4,
                audio_chunk_duration_ms=80,
                keyterm=list(keyterms) or NOT_GIVEN,
                language_hint=[language] if model == "flux-general-multi" else NOT_GIVEN,
            )
        return deepgram.STT(
            model=model,
            language=language,
            api_key=account.key,
            base_url=f"{root}/v1/listen",
            http_session=self._session,
            smart_format=True,
            punctuate=True,
            no_delay=True,
            interim_results=True,
            filler_words=True,
            keyterm=list(keyterms) if keyterms and model.startswith("nova-3") else NOT_GIVEN,
        )

    def batch_stt(self, account: HearingAccount, language: Language) -> openai_plugin.STT:
        """Any server that speaks OpenAI's transcription protocol: one stretch of speech at a time."""
        return openai_plugin.STT(
            model=account.model, language=language, client=self._client(account), use_realtime=False
        )

    def streaming_tts(self, account: VoiceAccount, language: Language) -> elevenlabs.TTS:
        """ElevenLabs over one socket of its own: the vendor bounds how many replies one socket carries at a time."""
        return elevenlabs.TTS(
            voice_id=account.voices[language],
            model=account.model,
            language=language if takes_language(account.model) else NOT_GIVEN,
            api_key=account.key,
            base_url=f"{root_of(account, 'elevenlabs')}/v1",
            encoding="pcm_16000",
            auto_mode=True,
            preferred_alignment="original",
            word_tokenizer=AsGiven(),
            http_session=self._session,
        )

    def batch_tts(self, account: VoiceAccount, language: Language) -> openai_plugin.TTS:
        """Any server that speaks OpenAI's speech protocol: one sentence at a time, 24 kHz."""
        return openai_plugin.TTS(
            model=account.model,
            voice=account.voices[language],
            response_format="pcm",
            client=self._client(account),
        )

    def _client(self, account: Account) -> openai_sdk.AsyncOpenAI:
        key = (account.url, account.key)
        if key not in self._clients:
            self._clients[key] = openai_sdk.AsyncOpenAI(
                api_key=account.key,
                base_url=account.url,
                max_retries=0,
                timeout=openai_sdk.Timeout(connect=3.0, read=8.0, write=5.0, pool=3.0),
            )
        return self._clients[key]


class AsGiven(SentenceTokenizer):
    """Takes each piece of text as one sentence: ours are split already, by `script.py`."""

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:  # noqa: ARG002
        return [text]

    def stream(self, *, language: str | None = None) -> SentenceStream:  # noqa: ARG002
        return _Pieces()


class _Pieces(SentenceStream):
    def push_text(self, text: str) -> None:
        self._event_ch.send_nowait(TokenData(token=text.strip()))

    def flush(self) -> None:
        """Every piece has gone out at once."""

    def end_input(self) -> None:
        self._do_close()

    async def aclose(self) -> None:
        self._do_close()
