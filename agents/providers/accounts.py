"""Which outside services may be used, in the order in which they are tried. Holds keys: never printed, never logged."""

from typing import Literal

import msgspec

from agents.plans import Language

Service = Literal["llm", "stt", "tts", "embedding"]
Tier = Literal["fast", "balanced", "powerful"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A key for one service. `url` is given where it is not the vendor's own address."""

    key: str
    url: str | None = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"{type(self).__name__}(…)"


class ModelAccount(Account, frozen=True, kw_only=True):
    """A language model by Anthropic, or by any server that speaks OpenAI's protocol."""

    provider: Literal["anthropic", "openai"]
    models: dict[Tier, str]
    """The model's name for each tier."""


class HearingAccount(Account, frozen=True, kw_only=True):
    """Speech to text. A Deepgram model whose name begins with `flux` is served by its second protocol."""

    provider: Literal["deepgram", "openai"]
    model: str


class VoiceAccount(Account, frozen=True, kw_only=True):
    """Text to speech, with the voice for each language."""

    provider: Literal["elevenlabs", "openai"]
    model: str
    voices: dict[Language, str]


class EmbeddingAccount(Account, frozen=True, kw_only=True):
    provider: Literal["openai"] = "openai"
    model: str = "text-embedding-3-small"


class Accounts(msgspec.Struct, frozen=True):
    """Everything that is configured; each tuple in the order of trying. Empty where nothing is."""

    models: tuple[ModelAccount, ...] = ()
    hearing: tuple[HearingAccount, ...] = ()
    voices: tuple[VoiceAccount, ...] = ()
    embeddings: tuple[EmbeddingAccount, ...] = ()

    @property
    def can_talk(self) -> bool:
        """Whether an interview can be heard and spoken by outside services."""
        return bool(self.hearing and self.voices)


class Trouble(msgspec.Struct, frozen=True):
    """Why a service did not serve: for the operator's log and the notice to the candidate. Holds no words."""

    service: Service
    provider: str
    model: str
    cause: Literal["key_refused", "quota_spent", "busy", "unreachable", "timed_out", "broke_off", "garbage", "refused"]


class Served(msgspec.Struct, frozen=True):
    """Which provider serves from now on, and since when it is not the first of the order why."""

    service: Service
    provider: str
    model: str
    fallback_from: str | None = None
    """The provider that should have served, as `provider/model`."""
