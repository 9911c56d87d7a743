"""Who hears and speaks in the room, as the server decides and says it."""

from agents.providers.accounts import Accounts, HearingAccount, VoiceAccount
from server.pages.room import BY_BROWSER, Voices, voices_of

DEEPGRAM = HearingAccount(provider="deepgram", model="nova-3", key="secret")
ELEVENLABS = VoiceAccount(provider="elevenlabs", model="flash", voices={"en": "v"}, key="secret")


def test_without_ears_or_without_a_voice_the_browser_does_both() -> None:
    assert voices_of(Accounts()) == BY_BROWSER
    assert voices_of(Accounts(hearing=(DEEPGRAM,))) == BY_BROWSER
    assert voices_of(Accounts(voices=(ELEVENLABS,))) == BY_BROWSER


def test_whoever_may_hear_and_speak_is_named_once_and_in_order() -> None:
    hearing = (DEEPGRAM, HearingAccount(provider="deepgram", model="flux-general-en", key="secret"))
    assert voices_of(Accounts(hearing=hearing, voices=(ELEVENLABS,))) == Voices(
        "server", ("Deepgram",), ("ElevenLabs",)
    )


def test_a_service_of_ones_own_is_named_by_its_host() -> None:
    own = HearingAccount(provider="openai", model="whisper", key="secret", url="https://speech.example.org/v1")
    assert voices_of(Accounts(hearing=(own, DEEPGRAM), voices=(ELEVENLABS,))).hears == (
        "speech.example.org",
        "Deepgram",
    )
