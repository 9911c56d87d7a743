"""Every account is asked whether it works, and says what to do where it does not."""

from typing import Literal

import msgspec
import pytest

from agents.providers.accounts import Accounts, HearingAccount, ModelAccount, Tier
from agents.providers.checking import ADVICE, check
from tests.agents.providers.rooms import service
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings
from tests.emulators.street import application


async def test_accounts_that_work_list_their_models_and_voices() -> None:
    async with service() as one:
        voice = msgspec.structs.replace(
            one.speaks(), voices={"en": "EmulatedVoiceEnglish1", "es": "EmulatedVoiceSpanish1"}
        )
        hearing, speaking = await check(Accounts(hearing=(one.hears(),), voices=(voice,)))
    assert (hearing.cause, hearing.advice) == ("ok", "")
    assert "nova-3" in hearing.models
    assert (speaking.cause, speaking.advice) == ("ok", "")
    assert {each.id: each.name for each in speaking.voices}["EmulatedVoiceSpanish1"] == "Elena"
    assert "eleven_flash_v2_5" in speaking.models


async def test_a_wrong_key_and_a_spent_quota_are_told_apart() -> None:
    async with service() as one, service() as two:
        two.faults.plan("elevenlabs", Fault(kind="refuse", status=402, times=None))
        accounts = Accounts(hearing=(one.hears(key="wrong"),), voices=(one.speaks(key="wrong"), two.speaks()))
        checks = await check(accounts)
    assert [each.cause for each in checks] == ["key_refused", "key_refused", "quota_spent"]
    assert [each.advice for each in checks] == [ADVICE["key_refused"], ADVICE["key_refused"], ADVICE["quota_spent"]]
    assert "wrong" not in str(checks)


async def test_a_voice_or_model_that_is_not_offered_is_named() -> None:
    async with service() as one:
        hearing, speaking = await check(Accounts(hearing=(one.hears("nova-9"),), voices=(one.speaks("Nobody"),)))
    assert hearing.cause == speaking.cause == "refused"
    assert "no model nova-9" in hearing.advice
    assert "no voice Nobody" in speaking.advice


async def test_an_address_where_nobody_answers_is_named() -> None:
    account = HearingAccount(provider="deepgram", key="k", url="http://127.0.0.1:9", model="nova-3")
    (found,) = await check(Accounts(hearing=(account,)))
    assert found.cause == "unreachable"
    assert found.advice == ADVICE["unreachable"]


async def test_garbage_is_named() -> None:
    async with service() as one:
        one.faults.plan("deepgram", Fault(kind="malformed", times=None))
        (found,) = await check(Accounts(hearing=(one.hears(),)))
    assert found.cause == "garbage"


TIERS: dict[Tier, str] = {"fast": "claude-haiku-5-5", "balanced": "claude-sonnet-5-5", "powerful": "claude-opus-5-5"}


async def test_models_are_checked_by_their_vendors_own_clients() -> None:
    async with serving(application(Faults(), Settings())) as url:
        good = ModelAccount(provider="anthropic", key="emulated", url=f"{url}/anthropic", models=TIERS)
        other: dict[Tier, str] = {"fast": "gpt-5-mini", "balanced": "gpt-5", "powerful": "gpt-5"}
        openai = ModelAccount(provider="openai", key="emulated", url=f"{url}/openai/v1", models=other)
        wrong = msgspec.structs.replace(good, key="wrong")
        wrong_too = msgspec.structs.replace(openai, key="wrong")
        checks = await check(Accounts(models=(good, openai, wrong, wrong_too)))
    assert [each.cause for each in checks] == ["ok", "ok", "key_refused", "key_refused"]
    assert "claude-haiku-5-5" in checks[0].models


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_a_models_address_where_nobody_answers_is_named(provider: Literal["anthropic", "openai"]) -> None:
    account = ModelAccount(provider=provider, key="k", url="http://127.0.0.1:9/v1", models=TIERS)
    (found,) = await check(Accounts(models=(account,)))
    assert found.cause == "unreachable"
