"""Which outside services the settings allow, in the order in which they are tried."""

from collections.abc import Mapping

from agents import interviewing, opening
from agents.judges import judging
from agents.providers.accounts import Accounts, EmbeddingAccount, HearingAccount, ModelAccount, VoiceAccount
from server.settings import Settings


def accounts_of(settings: Settings) -> Accounts:
    """The vendors first, then the servers that speak OpenAI's protocol. One without a key may need none."""
    return Accounts(
        models=_models(settings), hearing=_hearing(settings), voices=_voices(settings), embeddings=_embeddings(settings)
    )


def versions_of(settings: Settings) -> Mapping[str, str]:
    """Who holds and scores an interview that is begun now: pinned in its first fact."""
    if not _models(settings):
        return opening.VERSIONS
    return {**opening.VERSIONS, "interviewer": interviewing.VERSION, "scorer": judging.VERSION}


def _models(settings: Settings) -> tuple[ModelAccount, ...]:
    found: list[ModelAccount] = []
    if settings.anthropic_key:
        found.append(
            ModelAccount(
                provider="anthropic",
                key=settings.anthropic_key,
                url=settings.anthropic_url,
                models={
                    "fast": settings.model_fast,
                    "balanced": settings.model_balanced,
                    "powerful": settings.model_powerful,
                },
            )
        )
    if settings.llm_url and settings.llm_model:
        model = settings.llm_model
        found.append(
            ModelAccount(
                provider="openai",
                key=settings.llm_key or "none",
                url=settings.llm_url,
                models={"fast": model, "balanced": model, "powerful": model},
            )
        )
    return tuple(found)


def _hearing(settings: Settings) -> tuple[HearingAccount, ...]:
    found: list[HearingAccount] = []
    if settings.deepgram_key:
        found.append(
            HearingAccount(
                provider="deepgram",
                key=settings.deepgram_key,
                url=settings.deepgram_url,
                model=settings.deepgram_model,
            )
        )
    if settings.stt_url:
        found.append(
            HearingAccount(
                provider="openai", key=settings.stt_key or "none", url=settings.stt_url, model=settings.stt_model
            )
        )
    return tuple(found)


def _voices(settings: Settings) -> tuple[VoiceAccount, ...]:
    found: list[VoiceAccount] = []
    if settings.elevenlabs_key:
        found.append(
            VoiceAccount(
                provider="elevenlabs",
                key=settings.elevenlabs_key,
                url=settings.elevenlabs_url,
                model=settings.elevenlabs_model,
                voices={"en": settings.elevenlabs_voice_en, "es": settings.elevenlabs_voice_es},
            )
        )
    if settings.tts_url:
        found.append(
            VoiceAccount(
                provider="openai",
                key=settings.tts_key or "none",
                url=settings.tts_url,
                model=settings.tts_model,
                voices={"en": settings.tts_voice, "es": settings.tts_voice},
            )
        )
    return tuple(found)


def _embeddings(settings: Settings) -> tuple[EmbeddingAccount, ...]:
    if not settings.openai_key:
        return ()
    return (EmbeddingAccount(key=settings.openai_key, url=settings.openai_url),)
