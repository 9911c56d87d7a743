"""Whether every account works, and which models and voices it may use: asked of the vendors by their own SDKs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from elevenlabs.client import AsyncElevenLabs

from agents.providers.accounts import Account, Accounts, HearingAccount, ModelAccount, Service, VoiceAccount
from agents.providers.causes import Cause, cause_of
from agents.providers.plugins import root_of
from agents.providers.transcribing import deepgram_client

_SECONDS = 10.0

ADVICE: dict[Cause, str] = {
    "key_refused": "The key was refused. Create a new one at the provider and set it.",
    "quota_spent": "The account has no credit left. Top it up or raise its limit at the provider.",
    "busy": "The provider is overloaded or limits the account's requests. Try again later or ask for a higher limit.",
    "unreachable": "The provider could not be reached. Check the address, the network and the proxy.",
    "timed_out": "The provider did not answer in time. Check the network and the provider's status page.",
    "broke_off": "The connection broke. Check the network and the provider's status page.",
    "garbage": "What answered does not speak the provider's protocol. Check the address.",
    "refused": "The provider refused the request. Check the address, the model and the key's permissions.",
}


class VoiceChoice(msgspec.Struct, frozen=True):
    id: str
    name: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How one account stands; `cause` is `ok` where it works."""

    service: Service
    provider: str
    model: str
    cause: Literal["ok"] | Cause
    advice: str
    """What to do, for the operator; empty where all is well."""
    models: tuple[str, ...] = ()
    voices: tuple[VoiceChoice, ...] = ()


class _Offer(msgspec.Struct, frozen=True):
    """What a key gives access to."""

    models: tuple[str, ...] = ()
    voices: tuple[VoiceChoice, ...] = ()


async def check(accounts: Accounts) -> list[Check]:
    """Every account, in the order in which it is tried; all are asked at once, each for at most ten seconds."""
    asked: list[Awaitable[Check]] = [
        *(_of_model(each) for each in accounts.models),
        *(_of_hearing(each) for each in accounts.hearing),
        *(_of_voice(each) for each in accounts.voices),
        *(_check("embedding", each.provider, (each.model,), each, _openai) for each in accounts.embeddings),
    ]
    return list(await asyncio.gather(*asked))


async def _of_model(account: ModelAccount) -> Check:
    ask = _anthropic if account.provider == "anthropic" else _openai
    return await _check("llm", account.provider, tuple(dict.fromkeys(account.models.values())), account, ask)


async def _of_hearing(account: HearingAccount) -> Check:
    ask = _deepgram if account.provider == "deepgram" else _openai
    return await _check("stt", account.provider, (account.model,), account, ask)


async def _of_voice(account: VoiceAccount) -> Check:
    ask = _elevenlabs if account.provider == "elevenlabs" else _openai
    voices = tuple(account.voices.values()) if account.provider == "elevenlabs" else ()
    return await _check("tts", account.provider, (account.model,), account, ask, voices)


async def _check(
    service: Service,
    provider: str,
    models: tuple[str, ...],
    account: Account,
    ask: Callable[[Account], Awaitable[_Offer]],
    voices: tuple[str, ...] = (),
) -> Check:
    model = ", ".join(models)
    try:
        offer = await asyncio.wait_for(ask(account), _SECONDS)
    except Exception as error:
        cause = cause_of(error)
        return Check(service=service, provider=provider, model=model, cause=cause, advice=ADVICE[cause])
    advice = _missing("model", models, offer.models) or _missing("voice", voices, tuple(v.id for v in offer.voices))
    return Check(
        service=service,
        provider=provider,
        model=model,
        cause="refused" if advice else "ok",
        advice=advice,
        models=offer.models,
        voices=offer.voices,
    )


def _missing(kind: str, wanted: tuple[str, ...], offered: tuple[str, ...]) -> str:
    """What to do about a name the provider does not offer; nothing where it lists none at all."""
    lost = [name for name in wanted if offered and name not in offered]
    return f"The account has no {kind} {', '.join(lost)}. Choose one of those it offers." if lost else ""


async def _deepgram(account: Account) -> _Offer:
    assert isinstance(account, HearingAccount)  # noqa: S101 - only hearing asks here
    client = deepgram_client(account, seconds=_SECONDS)
    await client.manage.v1.projects.list(request_options={"max_retries": 0})
    answer = await client.manage.v1.models.list(request_options={"max_retries": 0})
    listed = [each.canonical_name or each.name or "" for each in answer.stt or ()]
    return _Offer(models=tuple(dict.fromkeys(name for name in listed if name)))


async def _elevenlabs(account: Account) -> _Offer:
    client = AsyncElevenLabs(api_key=account.key, base_url=root_of(account, "elevenlabs"), timeout=_SECONDS)
    await client.user.get(request_options={"max_retries": 0})
    models = await client.models.list(request_options={"max_retries": 0})
    voices = await client.voices.get_all(request_options={"max_retries": 0})
    return _Offer(
        models=tuple(each.model_id for each in models if each.can_do_text_to_speech is not False),
        voices=tuple(VoiceChoice(each.voice_id, each.name or each.voice_id) for each in voices.voices),
    )


async def _openai(account: Account) -> _Offer:
    import openai

    async with openai.AsyncOpenAI(api_key=account.key, base_url=account.url, max_retries=0) as client:
        try:
            return _Offer(models=tuple([each.id async for each in client.models.list()]))
        except openai.NotFoundError:
            return _Offer()  # servers that only speak the protocol need not list what they have


async def _anthropic(account: Account) -> _Offer:
    import anthropic

    async with anthropic.AsyncAnthropic(api_key=account.key, base_url=account.url, max_retries=0) as client:
        return _Offer(models=tuple([each.id async for each in client.models.list()]))
