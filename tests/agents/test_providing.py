"""Who serves an interview: what is made known of it, and when that nobody does."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from agents import providing
from agents.events import Event, ProviderChanged
from agents.providers.accounts import Served, Trouble
from agents.providing import Providing

Told = tuple[str, str, str]


class Notes:
    """What was made known, as (service, provider, reason), and each failure that was counted."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.lost = asyncio.Event()
        self.troubles: list[Trouble] = []
        self.providing = Providing(self._changed, self.troubles.append)

    def _changed(self, fact: ProviderChanged) -> None:
        self.told.append((fact.service, fact.provider, fact.reason))
        if fact.reason == "lost":
            self.lost.set()

    def serves(self, provider: str, *, instead_of: str | None = None) -> None:
        self.providing.served(Served("stt", provider, "m", instead_of))

    def fails(self, provider: str) -> None:
        self.providing.troubled(Trouble("stt", provider, "m", "broke_off"))


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    monkeypatch.setattr(providing, "LOST_AFTER_S", 0.05)
    return Notes()


async def test_the_first_to_serve_is_told_once(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.serves("deepgram")
    assert notes.told == [("stt", "deepgram", "start")]
    assert notes.providing.serving == {"stt": "deepgram/m"}


async def test_one_that_serves_in_place_of_another_is_told_as_that(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.fails("deepgram")
    notes.serves("openai", instead_of="deepgram/m")
    notes.serves("deepgram")
    assert notes.told == [
        ("stt", "deepgram", "start"),
        ("stt", "openai", "fallback"),
        ("stt", "deepgram", "recovered"),
    ]


async def test_a_failure_that_is_over_at_once_is_counted_and_told_to_nobody(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.fails("deepgram")
    notes.providing.serves("stt")
    await asyncio.sleep(2 * providing.LOST_AFTER_S)
    assert notes.told == [("stt", "deepgram", "start")]
    assert [trouble.cause for trouble in notes.troubles] == ["broke_off"]


async def test_a_service_that_does_not_come_back_is_lost_and_told_so_once(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.fails("deepgram")
    await asyncio.wait_for(notes.lost.wait(), 5)
    notes.fails("deepgram")
    await asyncio.sleep(2 * providing.LOST_AFTER_S)
    assert notes.told[1:] == [("stt", "", "lost")]
    assert notes.providing.serving == {}


async def test_a_lost_service_that_gives_a_sign_of_life_is_back(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.fails("deepgram")
    await asyncio.wait_for(notes.lost.wait(), 5)
    notes.providing.serves("stt")
    notes.providing.serves("stt")
    assert notes.told[2:] == [("stt", "deepgram", "recovered")]


async def test_one_that_never_served_is_lost_and_then_back(notes: Notes) -> None:
    notes.fails("deepgram")
    await asyncio.wait_for(notes.lost.wait(), 5)
    notes.serves("deepgram")
    assert notes.told == [("stt", "", "lost"), ("stt", "deepgram", "recovered")]


async def test_a_model_that_cannot_be_had_is_told_with_its_reason_until_it_writes_again(notes: Notes) -> None:
    notes.providing.served(Served("llm", "anthropic", "fast"))
    notes.providing.fell_back("rehearsal/1", because_of_budget=True)
    notes.providing.fell_back("rehearsal/1", because_of_budget=True)
    notes.providing.serves("llm")
    assert notes.told == [
        ("llm", "anthropic", "start"),
        ("llm", "rehearsal", "budget"),
        ("llm", "anthropic", "recovered"),
    ]


async def test_a_model_that_fails_is_never_called_lost(notes: Notes) -> None:
    notes.providing.troubled(Trouble("llm", "anthropic", "fast", "busy"))
    await asyncio.sleep(2 * providing.LOST_AFTER_S)
    assert notes.told == []
    assert len(notes.troubles) == 1


async def test_a_holder_that_takes_over_goes_on_from_what_was_noted(notes: Notes) -> None:
    fact = ProviderChanged(service="stt", provider="deepgram", model="m", reason="start")
    event = Event(seq=1, id=UUID(int=1), at=datetime.now(UTC), at_ms=0, actor="director", payload=fact)
    notes.providing.resume([event])
    notes.serves("deepgram")
    assert notes.told == []


async def test_nothing_is_told_after_the_end(notes: Notes) -> None:
    notes.serves("deepgram")
    notes.fails("deepgram")
    notes.providing.close()
    await asyncio.sleep(2 * providing.LOST_AFTER_S)
    assert notes.told == [("stt", "deepgram", "start")]
